"""`mlops-ci tools`: bring the scanners here, and say which are."""

from collections.abc import Mapping
from pathlib import Path

import click

_FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where they are kept, instead of MLOPS_CI_SCAN__TOOLS or ~/.cache/mlops-ci.",
)


@click.group("tools", help="Install the scanners, each in an environment of its own, and list them.")
def command() -> None:
    """Group the commands."""


@command.command("install", help="Install scanners as they are pinned, checked by their hashes; all without a name.")
@click.argument("names", nargs=-1)
@_FOLDER
@click.pass_obj
def install(environ: Mapping[str, str], names: tuple[str, ...], folder: Path | None) -> None:
    """Install scanners."""
    from mlops_ci.errors import MlopsCiError
    from mlops_ci.security import programs

    place, failures = _place(folder, environ), list[MlopsCiError]()
    for name in names or sorted(programs.installable()):
        click.echo(f"installing {name} …", err=True)
        try:
            made = programs.install(name, place)
            click.echo(f"{name} {made.version}: {made.path}", err=True)
        except MlopsCiError as failure:  # the others are wanted nevertheless
            failures.append(failure)
    if failures:
        raise type(failures[0])("\n".join(str(one) for one in failures))


@command.command("list", help="Say which scanners are here, and which version a scan would use.")
@_FOLDER
@click.pass_obj
def list_(environ: Mapping[str, str], folder: Path | None) -> None:
    """List scanners."""
    from mlops_ci.errors import MlopsCiError
    from mlops_ci.security import programs

    for name in sorted(programs.pins()):
        try:
            found = programs.find(name, _place(folder, environ))
            click.echo(f"{name} {found.version}  {found.path}")
        except MlopsCiError as problem:
            click.echo(f"{name} –  {problem}")


def _place(folder: Path | None, environ: Mapping[str, str]) -> Path:
    from mlops_ci.security.programs import folder_from

    return folder_from(folder or environ.get("MLOPS_CI_SCAN__TOOLS"))
