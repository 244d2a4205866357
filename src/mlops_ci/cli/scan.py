"""`mlops-ci scan`, and `mlops-ci scan GROUP…`: what is scanned can stand as words instead of `--only`."""

from importlib import import_module
from typing import Any

import click

from mlops_ci.catalog import STEPS
from mlops_ci.cli.steps import command as step_command
from mlops_ci.settings.scan import GROUPS

_ENTRY = STEPS["scan"]


def _command() -> click.Command:
    """Return the step's own command, which takes groups as words, too."""
    step = step_command(_ENTRY, _ENTRY.name, _ENTRY.summary, lambda: import_module(_ENTRY.module).run)
    judge = step.callback

    @click.pass_context
    def callback(context: click.Context, /, groups: tuple[str, ...], **values: Any) -> object:  # noqa: ANN401 - flags
        if groups and values["only"]:
            raise click.UsageError("Name the groups either as words or with --only.")
        values["only"] = ",".join(groups) or values["only"]
        return context.invoke(judge, **values) if judge else None

    words = click.Argument(["groups"], nargs=-1, type=click.Choice(GROUPS), metavar="[GROUP]...")
    return click.Command(_ENTRY.name, callback=callback, params=[words, *step.params], help=_ENTRY.summary)


command = _command()
