"""`mlops-ci canary plan`: what this traffic can show, how long that takes, and with which weight to begin."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_ci.catalog import STEPS
from mlops_ci.cli.options import Common, for_helper
from mlops_ci.cli.output import needs_library
from mlops_ci.cli.steps import prepare
from mlops_ci.render.terminal import Terminal

if TYPE_CHECKING:
    from mlops_ci.rollout.plan import Plan


@click.command("plan", help="Say what this traffic can show, how long that takes, and with which weight to begin.")
@click.option(
    "--requests-per-second",
    type=click.FloatRange(min=0, min_open=True),
    metavar="NUMBER",
    help="Traffic of the service; by default measured for ten seconds on the proxy that runs here.",
)
@click.option(
    "--error-rate",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="PART",
    help="Part of the champion's answers that fail; by default read off the proxy that runs here.",
)
@for_helper
@click.pass_obj
@needs_library("canary", "canary")
def plan(
    environ: Mapping[str, str],
    *,
    requests_per_second: float | None,
    error_rate: float | None,
    settings: Path | None,
    model: str | None,
    format_: str,
) -> None:
    """Print what each step can detect."""
    from mlops_ci.journeys.sight import traffic
    from mlops_ci.rollout.plan import plan as make
    from mlops_ci.rollout.policy import policy_of

    options, context = prepare(STEPS["canary"], Common(settings, model, "terminal", environ), {}, Terminal())
    known = traffic(options, context, requests_per_second, error_rate)
    found = make(known, policy_of(options), tuple(options.steps), options.time_limit)
    click.echo(json.dumps(found.to_json(), indent=2) if format_ == "json" else _said(found))


def _said(found: "Plan") -> str:
    """Return the plan as a table and a proposal."""
    ratios = list(found.steps[0].detects)
    lines = [
        f"{found.traffic.requests_per_second:g} requests a second, {found.traffic.error_rate:.3%} of answers fail.",
        "Median time until a challenger with so many times the errors is rolled back, and until a good one goes on:",
        f"{'weight':>7}" + "".join(f"{ratio:>10}" for ratio in ratios) + f"{'good':>10}",
    ]
    for one in found.steps:
        times = "".join(f"{_time(seconds):>10}" for seconds in (*one.detects.values(), one.good))
        lines.append(f"{one.weight:>5} %{times}")
    if found.fits:
        lines.append(f"Begin with {found.proposed_start} %: a good challenger then passes in half of the time limit.")
    else:
        lines.append(
            f"Begin with {found.proposed_start} %. Even so a good challenger needs more than half of the time limit "
            f"({_time(found.time_limit)}): raise canary.time_limit, or send more traffic."
        )
    return "\n".join(lines)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"
