"""`mlops-ci gate-model`, and `gate-model plan`: what the golden set can decide, told before any training."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from mlops_ci.catalog import STEPS
from mlops_ci.cli.options import Common, for_helper
from mlops_ci.cli.output import needs_library
from mlops_ci.cli.steps import command as step_command
from mlops_ci.cli.steps import prepare
from mlops_ci.render.terminal import Terminal
from mlops_ci.shown import number

_ENTRY = STEPS["gate-model"]


def _command() -> click.Group:
    """Return the step's own command, with `plan` below it."""
    step = step_command(_ENTRY, _ENTRY.name, _ENTRY.summary, lambda: import_module(_ENTRY.module).run)
    judge = step.callback

    @click.pass_context
    def callback(context: click.Context, /, **values: Any) -> object:  # noqa: ANN401 - flags of the section
        return context.invoke(judge, **values) if judge and context.invoked_subcommand is None else None

    return click.Group(
        _ENTRY.name,
        callback=callback,
        params=step.params,
        help=_ENTRY.summary,
        short_help=_ENTRY.summary,
        invoke_without_command=True,
    )


command = _command()


@command.command("plan", help="Say how small an effect each rule shows, before any training.")
@click.option(
    "--disagreement",
    type=float,
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="Share of golden rows that one model has right and the other wrong.",
)
@click.option("--rows", type=click.IntRange(min=2), metavar="ROWS", help="As if the golden set had so many rows.")
@for_helper
@click.pass_obj
@needs_library("gate-model", "gate")
def plan(
    environ: Mapping[str, str],
    disagreement: float,
    rows: int | None,
    settings: Path | None,
    model: str | None,
    format_: str,
) -> None:  # fmt: skip
    """Print the effects."""
    if not 0 < disagreement <= 1:
        raise click.UsageError("--disagreement is a share above 0 and at most 1.")
    from mlops_ci.models.plan import earlier_report, effects
    from mlops_ci.models.rulebook import read

    options, context = prepare(_ENTRY, Common(settings, model, "terminal", environ), {}, Terminal())
    book = read(options, context.root, context.root / options.golden, None)
    earlier = earlier_report(context.workspace / "reports" / f"{_ENTRY.name}.json")
    found = effects(book, disagreement, rows, earlier)
    if format_ == "json":
        click.echo(json.dumps([one.to_json() for one in found], indent=2))
        return
    for one in found:
        margin = f"; its margin is {number(one.margin)}" if one.margin else ""
        needed = f", for which about {one.needed:,} are needed" if one.needed else ""
        click.echo(f"{one.rule}: {one.n:,} units show {number(one.smallest)} ({one.how}){margin}{needed}")
