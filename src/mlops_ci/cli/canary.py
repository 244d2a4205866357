"""`mlops-ci canary …`: one canary, whole or step by step, and what is known before and after it."""

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from mlops_ci.catalog import STEPS
from mlops_ci.cli.canary_plan import plan
from mlops_ci.cli.options import Common, for_helper
from mlops_ci.cli.replay import replay
from mlops_ci.cli.steps import Action, prepare
from mlops_ci.cli.steps import command as step_command
from mlops_ci.render.terminal import Terminal
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.step import Context

_ENTRY = STEPS["canary"]
_WATCHED_EVERY = 2.0  # seconds
_ROLLBACK_ONLY = ("to", "dry_run", "if_lease_expired", "unless_promoted")
_BEGINS = tuple(name for name in CanarySettings.model_fields if name not in _ROLLBACK_ONLY)
_GOES_ON = tuple(name for name in _BEGINS if name not in {"version", "again", "reason", "after", "demands", "rehearse"})
# command → what it does, and its flags; `run` is all the others in a row
_COMMANDS = {
    "run": ("Release a registered version: the whole canary, to its promotion or its rollback.", _BEGINS),
    "start": ("Begin a canary and leave it at its first step.", _BEGINS),
    "judge": ("Watch the present step until its evidence decides; roll back if it says so.", _GOES_ON),
    "step": ("Take the next step, when the present one is decided.", _GOES_ON),
    "promote": ("Make the challenger the champion, when the last step is decided.", _GOES_ON),
}


@click.group("canary", help=_ENTRY.summary)
def command() -> None:
    """Group the canary's commands."""


def _loader(name: str) -> Callable[[], Action]:
    def load() -> Action:
        module = "mlops_ci.journeys.release" if name in {"run", "start"} else _ENTRY.module
        found: Action = getattr(import_module(module), name)
        return found

    return load


for _name, (_summary, _flags) in _COMMANDS.items():
    command.add_command(step_command(_ENTRY, _name, _summary, _loader(_name), _flags))
command.add_command(plan)
command.add_command(replay)


@command.command("status", help="Show what is recorded and what is in force on this machine.")
@for_helper
@click.option("--environment", metavar="NAME", help="Environment to look at.")
@click.option("--watch", is_flag=True, help="Show it anew every two seconds, until no canary runs.")
@click.pass_obj
def status(
    environ: Mapping[str, str],
    settings: Path | None,
    model: str | None,
    environment: str | None,
    format_: str,
    *,
    watch: bool,
) -> None:
    """Print the release file and the split in force; without origin, what this machine knows."""
    from mlops_ci.journeys.sight import look
    from mlops_ci.tools.git import OriginAway

    options, context = _prepared(environ, settings, model, environment)
    while True:
        found = look(options, context)
        click.echo(json.dumps(found) if format_ == "json" else _as_text(found))
        if found["unread"]:
            raise OriginAway(found["unread"])
        if not (watch and found["challenger"]):
            return
        context.clock.sleep(_WATCHED_EVERY)


def _as_text(found: Mapping[str, Any]) -> str:
    lines = [*filter(None, [found["recorded"].rstrip()]), f"in force here: {found['in_force'] or 'nothing'}"]
    if found["steered"]:
        lines.append(f"steered {found['steered']}")
    return "\n".join([*lines, *([f"last here: {found['last']}"] if found["last"] else [])])


@command.command("stop", help="Stop the proxy and every version that runs here; the record stays as it is.")
@click.option("--settings", type=click.Path(path_type=Path), metavar="FILE", help="Settings file.")
@click.option("--model", metavar="NAME", help="Which of the settings' models.")
@click.option("--environment", metavar="NAME", help="Environment to stop.")
@click.pass_obj
def stop(environ: Mapping[str, str], settings: Path | None, model: str | None, environment: str | None) -> None:
    """Stop what runs here."""
    from mlops_ci.steps.canary import assemble

    assemble(*_prepared(environ, settings, model, environment)).engine().stop()


@command.command("supervise", hidden=True, help="Stand by while a canary runs; started by `canary run` itself.")
@click.option("--settings", type=click.Path(path_type=Path))
@click.option("--model")
@click.option("--environment")
@click.option("--host")
@click.option("--port")
@click.option("--runtime")
@click.option("--rehearse", is_flag=True)
@click.pass_obj
def supervise(
    environ: Mapping[str, str], /, settings: Path | None, model: str | None, *, rehearse: bool, **place: str | None
) -> None:
    """Put the champion back when the controller is gone; what only a rehearsal used is stopped."""
    from mlops_ci.rollout.supervisor import supervise as stand_by
    from mlops_ci.steps.canary import assemble
    from mlops_ci.steps.rollback import run

    given = {name: value for name, value in place.items() if value} | {"drain": "0s", "reason": "its controller died"}
    options, context = prepare(_ENTRY, Common(settings, model, "terminal", environ), given, Terminal())
    parts = assemble(options, context)
    engine, lease, remote = parts.engine(), parts.lease(), parts.remote_lease()

    def put_back() -> None:
        run(options, context)
        if rehearse:
            engine.stop()

    stand_by(lease, remote, put_back, context.clock, context.progress, engine.all_run)


def _prepared(
    environ: Mapping[str, str], settings: Path | None, model: str | None, environment: str | None
) -> tuple[CanarySettings, Context]:
    given = {"environment": environment} if environment else {}
    options, context = prepare(_ENTRY, Common(settings, model, "terminal", environ), given, Terminal())
    return options, context
