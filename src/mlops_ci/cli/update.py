"""`mlops-ci update`: the template's newest version, with everything that was edited here kept."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_ci.cli.options import Common, for_helper

if TYPE_CHECKING:
    from mlops_ci.journeys.update import Update


@click.command("update", help="Bring a generated repository to its template's newest version; edits are kept.")
@click.option("--to", metavar="REF", help="Branch, tag or commit of the template, instead of its newest.")
@click.option("--check", is_flag=True, help="Change nothing; exit 10 where the template has another version.")
@click.option("--install", is_flag=True, help="Install cruft first, as it is pinned, in an environment of its own.")
@for_helper
@click.pass_obj
def command(
    environ: Mapping[str, str],
    /,
    to: str | None,
    settings: Path | None,
    model: str | None,
    format_: str,
    *,
    check: bool,
    install: bool,
) -> int:
    """Update, or only look."""
    from mlops_ci.journeys import update as journey
    from mlops_ci.security import programs

    root = Common(settings, model, format_, environ).root()
    folder = programs.folder_from(environ.get("MLOPS_CI_SCAN__TOOLS"))
    program = (programs.install if install else programs.find)("cruft", folder).path
    if check:
        behind = journey.is_behind(root, program, to)
        said = "The template has another version. Run: mlops-ci update" if behind else "Up to date."
        _say(said, {"behind": behind}, format_)
        return 10 if behind else 0
    done = journey.update(root, program, to)
    _say("\n".join(_lines(done)), {**asdict(done), "exit_code": done.exit_code}, format_)
    return done.exit_code


def _say(text: str, raw: Mapping[str, object], format_: str) -> None:
    click.echo(text, err=True)
    if format_ == "json":
        click.echo(json.dumps(raw, indent=2))


def _lines(done: "Update") -> list[str]:
    if done.before == done.after:
        return ["Up to date; nothing was changed."]
    lines = [f"{len(done.changed)} files changed, from the template's {done.before[:12]} to {done.after[:12]}."]
    lines += [f"conflict: {path}" for path in done.conflicts]
    if done.conflicts:
        return [*lines, "Resolve each, delete the .rej files, and commit; or undo all: git reset --hard"]
    return [*lines, "Nothing is committed yet. Read it with: git diff HEAD"]
