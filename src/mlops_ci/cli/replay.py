"""`mlops-ci canary replay`: what a judge would have decided on logged ticks, and when."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_ci.cli.options import Common, for_helper
from mlops_ci.cli.output import needs_library
from mlops_ci.errors import UsageProblem
from mlops_ci.shown import number

if TYPE_CHECKING:
    from mlops_ci.rollout.judge import Policy
    from mlops_ci.rollout.replay import Decision, Timing
    from mlops_ci.rollout.tick_log import ReleaseLog

_SHOWN = 20


@click.command("replay", help="Say what would have been decided on logged ticks, and when; nothing is steered.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--rule",
    type=click.Choice(["mlops-ci", "argo", "flagger", "kayenta"]),
    default="mlops-ci",
    show_default=True,
    help="Whose rule; the others' are their documented defaults.",
)
@click.option(
    "--from",
    "kind",
    type=click.Choice(["ticks", "envoy-log", "json-log"]),
    default="ticks",
    show_default=True,
    help="What the file is: ticks, or requests of an access log.",
)
@click.option("--champion", multiple=True, metavar="NAME", help="Who answers for the champion in an access log.")
@click.option("--challenger", multiple=True, metavar="NAME", help="Who answers for the challenger in it.")
@click.option("--weights", metavar="S:PERCENT,…", help="When its share changed, in seconds since the first request.")
@click.option("--tick", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Seconds of a tick.")
@for_helper
@click.pass_obj
@needs_library("canary", "canary")
def replay(
    environ: Mapping[str, str],
    /,
    file: Path,
    rule: str,
    settings: Path | None,
    model: str | None,
    format_: str,
    **log: Any,  # noqa: ANN401 - the options of an access log
) -> None:
    """Print one decision for each release: as JSON Lines, or as a table with their counts."""
    from mlops_ci.rollout.replay import replay as judge

    logs = _logs(file, **log)
    if rule == "mlops-ci":
        found = judge(logs, *_rules(Common(settings, model, format_, environ)))
    else:
        from mlops_ci.rollout.peer_rules import RULES

        found = [RULES[rule](log) for log in logs]
    if format_ == "json":
        click.echo("\n".join(json.dumps(one.to_json()) for one in found))
    else:
        click.echo("\n".join(_table(found)))


def _logs(
    file: Path, kind: str, champion: Sequence[str], challenger: Sequence[str], weights: str | None, tick: float
) -> "list[ReleaseLog]":
    """Return the releases in a file of ticks, or the one in an access log."""
    from mlops_ci.rollout.access_log import Split, read_access_log
    from mlops_ci.rollout.tick_log import read

    if kind == "ticks":
        return read(file)
    if not (champion and challenger):
        raise UsageProblem("An access log tells who answered, not who is who: name --champion and --challenger.")
    split = Split(frozenset(champion), frozenset(challenger), _changes(weights), tick)
    return read_access_log(file, kind, split)


def _changes(weights: str | None) -> tuple[tuple[float, float], ...]:
    """Return (seconds, percent) of each change of weight; raise UsageProblem when they are none, or do not rise."""
    try:
        found = [tuple(map(float, one.split(":"))) for one in (weights or "").split(",") if one.strip()]
        changes = tuple((at, percent) for at, percent in found)
    except ValueError as problem:
        raise UsageProblem(f"--weights {weights}: write it as 600:5,1200:25 (seconds:percent).") from problem
    times = [at for at, _ in changes]
    if times != sorted(set(times)) or not all(at >= 0 and 0 <= percent <= 100 for at, percent in changes):  # noqa: PLR2004
        raise UsageProblem(f"--weights {weights}: times rise, and weights are percentages.")
    return changes


def _rules(common: Common) -> "tuple[Policy, Timing]":
    """Return what to judge by: the named settings, otherwise the defaults."""
    from mlops_ci.rollout.judge import Policy
    from mlops_ci.rollout.policy import policy_of, timing_of
    from mlops_ci.rollout.replay import Timing
    from mlops_ci.settings.canary import CanarySettings

    if common.settings is None and common.model is None:
        return Policy(), Timing()  # a log needs no repository around it
    options = common.cascade().section("canary", CanarySettings, {})
    return policy_of(options), timing_of(options)


def _table(found: "Sequence[Decision]") -> list[str]:
    """Return the counts of decisions, and the first releases a line each."""
    counts = Counter(one.decision for one in found)
    lines = [", ".join(f"{name}: {count:,}" for name, count in counts.most_common())]
    for one in found[:_SHOWN]:
        why = f"  {one.guardrail}" if one.guardrail else ""
        evidence = "" if one.evidence is None else f"  evidence {number(one.evidence)}"
        lines.append(f"{one.release:<24} {one.decision:<9} at {one.t:g} s, step {one.step}{why}{evidence}")
    if len(found) > _SHOWN:
        lines.append(f"… and {len(found) - _SHOWN:,} more; --format json has all")
    return lines
