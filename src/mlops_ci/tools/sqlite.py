"""SQLite files: their tables, and any query's rows as a Parquet file of plain types."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mlops_ci.errors import NothingToJudge, UsageProblem

_BATCH = 50_000
_MAGIC = b"SQLite format 3\x00"


def is_database(path: Path) -> bool:
    """Say whether a file is one of SQLite's, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def tables(path: Path) -> list[str]:
    """Return the names of the tables and views, sorted."""
    listed = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    with _opened(path) as connection:
        return sorted(name for (name,) in connection.execute(listed))


def table_query(name: str) -> str:
    """Return the query for a whole table, whatever its name."""
    return 'SELECT * FROM "' + name.replace('"', '""') + '"'  # noqa: S608 - quoted


def export(path: Path, query: str, target: Path) -> None:
    """Write a query's rows to a Parquet file.

    A column of integers is int64, of integers and reals double, of blobs binary, of anything else text: SQLite
    itself types values, not columns.

    Raises:
        NothingToJudge: the file is damaged.
        UsageProblem: the query cannot be answered, or names a column twice.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with _opened(path) as connection:
        names = [column[0] for column in _execute(connection, f"SELECT * FROM ({query}) LIMIT 0").description]  # noqa: S608 - the settings' own
        columns = [f"c{at}" for at in range(len(names))]  # a name may stand twice, or be no name at all
        asked = f"WITH asked ({', '.join(columns)}) AS ({query}) SELECT "
        types = ", ".join(f"group_concat(DISTINCT typeof({one}))" for one in columns)
        kinds = [_kind(found) for found in next(_execute(connection, f"{asked}{types} FROM asked"))]
        cast = ", ".join(f"CAST({one} AS {kind})" for one, kind in zip(columns, kinds, strict=True))
        held = {"INTEGER": pa.int64(), "REAL": pa.float64(), "BLOB": pa.binary(), "TEXT": pa.string()}
        schema = pa.schema([pa.field(name, held[kind]) for name, kind in zip(names, kinds, strict=True)])
        rows = _execute(connection, f"{asked}{cast} FROM asked")
        with parquet.ParquetWriter(target, schema) as writer:
            while batch := rows.fetchmany(_BATCH):
                columns_ = zip(zip(*batch, strict=True), schema, strict=True)
                arrays = [pa.array(values, field.type) for values, field in columns_]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _kind(found: str | None) -> str:
    """Return the type that holds every storage class found in a column."""
    classes = set((found or "null").split(",")) - {"null"}
    if classes == {"integer"}:
        return "INTEGER"
    if classes and classes <= {"integer", "real"}:
        return "REAL"
    return "BLOB" if classes == {"blob"} else "TEXT"


def _execute(connection: sqlite3.Connection, query: str) -> sqlite3.Cursor:
    try:
        return connection.execute(query)
    except (sqlite3.OperationalError, sqlite3.Warning) as problem:
        raise UsageProblem(f"The query cannot be answered: {problem}. Correct `data.query`.") from problem


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            yield connection
    except sqlite3.DatabaseError as problem:
        raise NothingToJudge(f"{path.name} cannot be read: {problem}. Make the file again.") from problem
