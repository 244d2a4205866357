"""`mlops-ci profile`: write what a trusted data set looks like, or join the profiles of its parts."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_ci.cli.output import needs_library, write_whole
from mlops_ci.errors import UsageProblem
from mlops_ci.render.terminal import Terminal

if TYPE_CHECKING:
    from mlops_ci.contracts.profile import Profile
    from mlops_ci.contracts.sources import Source


@click.command("profile", help="Write the profile of a trusted data set, or join the profiles of its parts.")
@click.option("--data", metavar="PATH", help="Data to describe, as for validate-data.")
@click.option("--table", metavar="TABLE", help="Table of a database; needed where there are several.")
@click.option("--query", metavar="QUERY", help="SQL query whose rows are described; files are the table `data`.")
@click.option("--rev", metavar="REV", help="Git revision: the data as DVC or git had it then.")
@click.option(
    "--sensitive",
    default="",
    metavar="COLUMNS",
    help="Columns, separated by commas, of which only the share of missing values is kept.",
)
@click.option("--merge", is_flag=True, help="Join the profiles that follow, instead of reading data.")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where to write it.")
@click.argument("parts", nargs=-1, type=click.Path(path_type=Path), metavar="[PROFILE]...")
@click.pass_obj
@needs_library("profile", "data")
def command(  # noqa: PLR0913, PLR0917 - one for each flag
    environ: Mapping[str, str],
    data: str | None,
    table: str | None,
    query: str | None,
    rev: str | None,
    sensitive: str,
    out: Path,
    parts: tuple[Path, ...],
    *,
    merge: bool,
) -> None:
    """Write a profile."""
    terminal = Terminal(is_log="GITHUB_ACTIONS" in environ)
    if merge == bool(data) or merge != bool(parts):
        raise UsageProblem("Say either --data PATH, or --merge and the profiles to join.")
    from mlops_ci.contracts.profile import write
    from mlops_ci.contracts.sources import Source

    made = _of_data(Source(data, table, query, rev), _names(sensitive), terminal) if data else _of_parts(parts)

    write_whole(out, write(made))
    terminal.status("")
    terminal.note(f"{out}: {made.rows:,} rows, {len(made.columns)} columns")


def _of_data(source: "Source", sensitive: frozenset[str], terminal: Terminal) -> "Profile":
    from mlops_ci.contracts.profiling import profile
    from mlops_ci.contracts.sources import open_source

    with open_source(source, Path.cwd()) as opened:
        return profile(opened.table, sensitive, terminal)


def _of_parts(paths: tuple[Path, ...]) -> "Profile":
    from mlops_ci.contracts.profile import read
    from mlops_ci.contracts.profile_merge import merge

    return merge([read(path, str(path)) for path in paths])


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())
