"""`mlops-ci canary replay`: what a judge would have decided on logged ticks, and when."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_ci.cli.options import Common, for_helper
from mlops_ci.cli.output import needs_library
from mlops_ci.render.words import number

if TYPE_CHECKING:
    from mlops_ci.rollout.judge import Policy
    from mlops_ci.rollout.replay import Decision, Timing

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
@for_helper
@click.pass_obj
@needs_library("canary", "canary")
def replay(
    environ: Mapping[str, str], file: Path, rule: str, settings: Path | None, model: str | None, format_: str
) -> None:
    """Print one decision for each release: as JSON Lines, or as a table with their counts."""
    from mlops_ci.rollout.replay import replay as judge
    from mlops_ci.rollout.tick_log import read

    logs = read(file)
    if rule == "mlops-ci":
        found = judge(logs, *_rules(Common(settings, model, format_, environ)))
    else:
        from mlops_ci.rollout.peer_rules import RULES

        found = [RULES[rule](log) for log in logs]
    if format_ == "json":
        click.echo("\n".join(json.dumps(one.to_json()) for one in found))
    else:
        click.echo("\n".join(_table(found)))


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
