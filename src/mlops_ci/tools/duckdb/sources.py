"""Open files of one format, or a database, as one table whose rows know where they came from."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.tools.duckdb.readers import Files, no_glob, read
from mlops_ci.tools.duckdb.running import run
from mlops_ci.tools.duckdb.table import FILE, KINDS, Column, Table, identifier, literal, readable, without_values

# What spills goes to disk: a hundred million rows are judged in the memory of one million.
_MEMORY = "1GB"


@contextmanager
def open_table(
    files: Files | Sequence[Path], *, query: str | None = None, writes: Sequence[Path] = ()
) -> Iterator[Table]:
    """Open files (all of one format, same columns) as one table, or what a SQL query over `data` returns.

    Numbers and text are told apart in CSV and JSON Lines by reading all of it; dates there stay text. Nothing but
    the files is read, and nothing but `writes` written.

    Raises:
        NothingToJudge: a file cannot be read, or lacks a column that another has.
        UsageProblem: the query is not one that can be answered.
        ModuleNotFoundError: DuckDB is not installed.
    """
    found = files if isinstance(files, Files) else Files(files)
    with _connected() as (connection, scratch):
        read(connection, found, scratch)
        _lock(connection, [*found.paths, *writes], scratch)
        yield _table(connection, query, found.paths)


@contextmanager
def open_database(
    path: Path, *, table: str | None = None, query: str | None = None, writes: Sequence[Path] = ()
) -> Iterator[Table]:
    """Open one table of a DuckDB file, or what a SQL query over its tables returns; the file is only read.

    Raises:
        NothingToJudge: the file is none of DuckDB's, or holds no such table.
        UsageProblem: it is not said which of several tables, or the query cannot be answered.
    """
    with _connected() as (connection, scratch):
        with readable(path):
            connection.execute(f"ATTACH {literal(str(path))} AS origin (READ_ONLY)")
            tables = connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'origin'"
                " UNION ALL SELECT schema_name, view_name FROM duckdb_views()"
                " WHERE database_name = 'origin' AND NOT internal ORDER BY 1, 2"
            ).fetchall()
        if query is None:
            names = {f"{schema}.{name}" if schema != "main" else name: (schema, name) for schema, name in tables}
            chosen = ".".join(identifier(part) for part in ("origin", *names[chosen_table(table, list(names), path)]))
            connection.execute(f"CREATE TEMP VIEW files AS SELECT *, {literal(path.name)} AS {FILE} FROM {chosen}")  # noqa: S608 - quoted
            _lock(connection, [path, *writes], scratch)
            yield _table(connection, None, [path])
        else:
            connection.execute("USE origin")
            _lock(connection, [path, *writes], scratch)
            _ask(connection, query)
            yield _described(connection, [path])


def chosen_table(wanted: str | None, names: Sequence[str], path: Path) -> str:
    """Return the table to judge: the wanted one, or the only one there is."""
    listed = ", ".join(names) or "none"
    if wanted is not None and wanted not in names:
        raise NothingToJudge(f"{path.name} has no table {wanted}; it has {listed}. Correct `data.table`.")
    if wanted is None and len(names) != 1:
        raise UsageProblem(f"{path.name} has several tables or none: {listed}. Say which with --table, or --query.")
    return wanted or names[0]


@contextmanager
def _connected() -> Iterator[tuple[Any, Path]]:
    import duckdb

    with tempfile.TemporaryDirectory(prefix="mlops-ci-duckdb-") as scratch, duckdb.connect() as connection:
        for setting in (
            "enable_progress_bar = false",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            f"memory_limit = {literal(_MEMORY)}",
            f"temp_directory = {literal(str(Path(scratch) / 'spilled'))}",
            "TimeZone = 'UTC'",
        ):
            connection.execute(f"SET {setting}")
        yield connection, Path(scratch)


def _lock(connection: Any, paths: Sequence[Path], scratch: Path) -> None:  # noqa: ANN401 - untyped library
    """Let SQL, the settings' own query included, touch these files and no others."""
    allowed = ", ".join(literal(name) for path in paths for name in (str(path), no_glob(path)))
    connection.execute(f"SET allowed_paths = [{allowed}]")
    connection.execute(f"SET allowed_directories = [{literal(str(scratch))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _table(connection: Any, query: str | None, files: Sequence[Path]) -> Table:  # noqa: ANN401 - untyped library
    """Return the table over the relation `files`, or over what a query makes of it."""
    if query is not None:
        connection.execute(f"CREATE TEMP VIEW data AS SELECT * EXCLUDE ({FILE}) FROM files")  # noqa: S608 - our name
        _ask(connection, query)
    return _described(connection, files)


def _ask(connection: Any, query: str) -> None:  # noqa: ANN401 - untyped library
    """Make the query's answer the relation `files`: a table, so that each row keeps its place."""
    import duckdb

    try:
        run(connection, f"CREATE TEMP TABLE asked AS SELECT *, 'query' AS {FILE} FROM ({query.strip().rstrip(';')})")  # noqa: S608 - the settings' own
    except duckdb.Error as problem:
        said = without_values(next(iter(str(problem).splitlines())))
        raise UsageProblem(f"`data.query` cannot be answered: {said}. Correct the query.") from problem
    connection.execute("DROP VIEW IF EXISTS temp.data")
    kinds = connection.execute(
        "SELECT 'TABLE' FROM duckdb_tables() WHERE table_name = 'files' AND temporary"
    ).fetchall()
    connection.execute(f"DROP {kinds[0][0] if kinds else 'VIEW'} IF EXISTS temp.files")
    connection.execute("CREATE TEMP VIEW files AS SELECT * FROM temp.asked")


def _described(connection: Any, files: Sequence[Path]) -> Table:  # noqa: ANN401 - untyped library
    import duckdb

    with readable(*files):
        connection.execute(f"CREATE TEMP VIEW data AS SELECT * EXCLUDE ({FILE}) FROM temp.files")  # noqa: S608 - our name
        described = connection.execute("DESCRIBE temp.data").fetchall()
    columns = tuple(Column(name, KINDS.get(type_, "other"), type_) for name, type_, *_ in described)
    return Table(connection, columns, files, duckdb.__version__)
