"""`mlops-ci canary run|plan|status|stop|replay`: one canary, and what is known before and after it."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import click

from mlops_ci.catalog import STEPS
from mlops_ci.cli.canary_plan import plan
from mlops_ci.cli.options import Common, for_helper
from mlops_ci.cli.replay import replay
from mlops_ci.cli.steps import command as step_command
from mlops_ci.cli.steps import prepare
from mlops_ci.render.terminal import Terminal
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.step import Context

_ENTRY = STEPS["canary"]
_ROLLBACK_ONLY = ("to", "dry_run", "if_lease_expired")


@click.group("canary", help=_ENTRY.summary)
def command() -> None:
    """Group the canary's commands."""


command.add_command(
    step_command(
        _ENTRY,
        "run",
        "Release a registered version: the whole canary, to its promotion or its rollback.",
        lambda: import_module(_ENTRY.module).run,
        tuple(name for name in CanarySettings.model_fields if name not in _ROLLBACK_ONLY),
    )
)


command.add_command(plan)
command.add_command(replay)


@command.command("status", help="Show what is recorded and what is in force on this machine.")
@for_helper
@click.option("--environment", metavar="NAME", help="Environment to look at.")
@click.pass_obj
def status(
    environ: Mapping[str, str], settings: Path | None, model: str | None, environment: str | None, format_: str
) -> None:
    """Print the release file and the split in force."""
    from mlops_ci.steps.canary import look

    found = look(*_prepared(environ, settings, model, environment))
    if format_ == "json":
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(found["recorded"])
    click.echo(f"in force here: {found['in_force'] or 'nothing'}")


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
@click.pass_obj
def supervise(environ: Mapping[str, str], /, settings: Path | None, model: str | None, **place: str | None) -> None:
    """Put the champion back when the controller is gone."""
    from mlops_ci.rollout.supervisor import supervise as stand_by
    from mlops_ci.steps.canary import assemble
    from mlops_ci.steps.rollback import run

    given = {name: value for name, value in place.items() if value} | {"drain": "0s", "reason": "its controller died"}
    options, context = prepare(_ENTRY, Common(settings, model, "terminal", environ), given, Terminal())
    parts = assemble(options, context)
    stand_by(parts.lease(), parts.remote_lease(), lambda: run(options, context), context.clock, context.progress)


def _prepared(
    environ: Mapping[str, str], settings: Path | None, model: str | None, environment: str | None
) -> tuple[CanarySettings, Context]:
    given = {"environment": environment} if environment else {}
    options, context = prepare(_ENTRY, Common(settings, model, "terminal", environ), given, Terminal())
    return options, context
