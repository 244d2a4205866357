"""`mlops-ci profile`: write what a trusted data set looks like, or join the profiles of its parts."""

from collections.abc import Mapping
from pathlib import Path

import click

from mlops_ci.cli.data import sensitive as hidden
from mlops_ci.cli.output import needs_library, write_whole
from mlops_ci.errors import UsageProblem
from mlops_ci.render.terminal import Terminal


@click.command("profile", help="Write the profile of a trusted data set, or join the profiles of its parts.")
@click.option("--data", metavar="PATH", help="Data to describe, as for validate-data.")
@click.option("--table", metavar="TABLE", help="Table of a database; needed where there are several.")
@click.option("--query", metavar="QUERY", help="SQL query whose rows are described; files are the table `data`.")
@click.option("--rev", metavar="REV", help="Git revision: the data as DVC or git had it then.")
@click.option(
    "--sensitive",
    metavar="COLUMNS",
    help="Columns, with commas, of which only the share of missing values is kept; beside `data.sensitive`.",
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
    sensitive: str | None,
    out: Path,
    parts: tuple[Path, ...],
    *,
    merge: bool,
) -> None:
    """Write a profile."""
    terminal = Terminal(is_log="GITHUB_ACTIONS" in environ)
    if merge == bool(data) or merge != bool(parts):
        raise UsageProblem("Say either --data PATH, or --merge and the profiles to join.")
    if merge and sensitive:
        raise UsageProblem("--sensitive is for --data: a profile that is written already keeps what it has.")
    from mlops_ci.contracts.profile import read, write
    from mlops_ci.contracts.profile_merge import merge as merge_
    from mlops_ci.contracts.profiling import profile
    from mlops_ci.contracts.sources import Source, open_source

    if data:
        with open_source(Source(data, table, query, rev), Path.cwd()) as opened:
            columns = [column.name for column in opened.table.columns]
            made = profile(opened.table, hidden(environ, sensitive, columns), terminal)
    else:
        made = merge_([read(path, str(path)) for path in parts])
    write_whole(out, write(made))
    terminal.status("")
    terminal.note(f"{out}: {made.rows:,} rows, {len(made.columns)} columns")
