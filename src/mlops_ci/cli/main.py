"""The entry point: lazy commands, and the one funnel through which every exit code leaves."""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import NoReturn

import click

from mlops_ci import __version__
from mlops_ci.catalog import STEPS
from mlops_ci.errors import Interrupted, MlopsCiError, UsageProblem

# name → module that builds the command, summary; imported when the command is called
_HELPERS = {
    "adopt": ("mlops_ci.cli.adopt", "Add the pipeline to a repository that has a model already; overwrite nothing."),
    "champion": ("mlops_ci.cli.champion", "Say which model is the champion, as the state branch records it."),
    "contract": ("mlops_ci.cli.contract", "Propose a contract, check it, compare two, derive the request schema."),
    "demo": ("mlops_ci.cli.demo", "Run the whole journey on this machine: train, gate, canary, roll back."),
    "doctor": ("mlops_ci.cli.doctor", "Check a generated repository, and say what to fix."),
    "image": ("mlops_ci.cli.image", "Build the image of this commit with its model, and push it."),
    "keys": ("mlops_ci.cli.keys", "Write the public half of the key that signs evidence."),
    "profile": ("mlops_ci.cli.profile", "Write what a trusted data set looks like: the reference for drift."),
    "record": ("mlops_ci.cli.record", "Count what the gate of another run decided on its golden set."),
    "report": ("mlops_ci.cli.report", "Write all verdicts of a pipeline into one comment on its pull request."),
    "selftest": ("mlops_ci.cli.selftest", "Plant known defects in a copy of this repository; show which are caught."),
    "settings": ("mlops_ci.cli.settings", "Show each setting and where it came from."),
    "signature": ("mlops_ci.cli.signature", "Sign a model's files, and verify that exactly these were signed."),
    "tools": ("mlops_ci.cli.tools", "Install the scanners, each in an environment of its own, and list them."),
    "update": ("mlops_ci.cli.update", "Bring a generated repository to its template's newest version."),
    "verdict": ("mlops_ci.cli.verdict", "Join the reports of a pipeline into one verdict."),
}
_SPECIAL = {
    "canary": "mlops_ci.cli.canary",
    "gate-model": "mlops_ci.cli.gate",
    "rollback": "mlops_ci.cli.rollback",
    "scan": "mlops_ci.cli.scan",
}


class LazyCommands(click.Group):
    """Commands by name; the list is read from the catalog, and only the called one is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the steps in the order of a pipeline, then the helpers."""
        return [*STEPS, *_HELPERS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name in STEPS and cmd_name not in _SPECIAL:
            command: click.Command = import_module("mlops_ci.cli.steps").build(STEPS[cmd_name], cmd_name)
            return command
        module = _SPECIAL.get(cmd_name) or _HELPERS.get(cmd_name, ("", ""))[0]
        if module:
            helper: click.Command = import_module(module).command
            return helper
        near = _nearest(cmd_name, self.list_commands(ctx))
        raise click.UsageError(f"No such command {cmd_name!r}.{near} See 'mlops-ci --help'.", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing any."""
        with formatter.section("Steps of a pipeline"):
            formatter.write_dl([(entry.name, entry.summary) for entry in STEPS.values()])
        with formatter.section("Helpers"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _HELPERS.items()])


def _nearest(name: str, names: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


@click.command(
    cls=LazyCommands,
    help="Merge gates, canaries and automated rollback for machine-learning repositories.",
    epilog="Exit codes: 0 pass, 1 bug, 2 usage, 3 nothing to judge, 4 program missing, 5 program failed, "
    "10 rejected, 11 inconclusive, 130 interrupted.",
)
@click.version_option(__version__, prog_name="mlops-ci")
def root() -> None:
    """Group all commands."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with its code."""
    sys.exit(invoke(argv))


def invoke(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; whatever was raised becomes a sentence on stderr."""
    _listen_for_signals()
    try:
        code = root.main(argv, standalone_mode=False, obj=dict(os.environ), prog_name="mlops-ci")
    except click.exceptions.NoArgsIsHelpError as shown:
        click.echo(shown.format_message(), err=True)
        return UsageProblem.exit_code
    except click.ClickException as wrong:
        return _say(UsageProblem, wrong.format_message())
    except (KeyboardInterrupt, click.Abort, Interrupted) as stopped:
        return _say(Interrupted, str(stopped) or "Nothing was left half-done.")
    except MlopsCiError as failure:
        return _say(type(failure), str(failure))
    except Exception:  # noqa: BLE001 - the funnel's purpose: a bug is exit 1 and says so
        return _say(MlopsCiError, f"Please report this:\n{traceback.format_exc()}")
    return code if isinstance(code, int) else 0


def _say(kind: type[MlopsCiError], message: str) -> int:
    from mlops_ci.shown import printable

    click.echo(f"mlops-ci: {kind.headline}\n{printable(message)}", err=True)
    return kind.exit_code


def _listen_for_signals() -> None:
    """Turn the first SIGINT or SIGTERM into Interrupted; later ones must not disturb the clean-up."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Interrupted(f"{signal.Signals(number).name} arrived.")

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
