"""DuckDB reads Parquet and CSV files as one table and answers questions about it; the only module that imports it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mlops_ci.errors import NothingToJudge

Kind = Literal["integer", "float", "text", "boolean", "time", "other"]

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(_INTEGERS, "integer"),
    "FLOAT": "float",
    "DOUBLE": "float",
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "time",
    "TIMESTAMP": "time",
    "TIMESTAMP_NS": "time",
    "TIMESTAMP WITH TIME ZONE": "time",
}
# A CSV cell that holds one of these is missing, as for pandas: its own list.
_MISSING = ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
            "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")  # fmt: skip
_FILE, _AT = "mlops_ci_file", "mlops_ci_position"  # columns that we add, so named that no data has them
# Nothing is fetched and nothing outside the named files is written.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and what kind of values DuckDB reads in it."""

    name: str
    kind: Kind
    type: str


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with the values of its question marks, in order."""

    text: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a column; `row` counts from 1 within its file, header not counted."""

    value: Any
    row: int
    file: str


def identifier(name: str) -> str:
    """Return a name as SQL reads it, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL reads it, whatever stands in it."""
    return "'" + text.replace("'", "''") + "'"


class Table:
    """Files read as one table of fixed columns."""

    def __init__(self, connection: Any, columns: tuple[Column, ...], files: Sequence[Path], version: str) -> None:  # noqa: ANN401 - untyped library
        """Serve questions over an open connection that has the relations `files` and `data`."""
        self._connection = connection
        self._files = files
        self._counts: list[tuple[str, int]] | None = None
        self.columns = columns
        self.version = version

    def aggregate(self, expressions: Sequence[Sql]) -> tuple[Any, ...]:
        """Return the value of each aggregate expression, all from one scan."""
        values = [value for one in expressions for value in one.values]
        query = f"SELECT {', '.join(one.text for one in expressions)} FROM data"  # noqa: S608 - quoted or bound
        (row,) = self._fetch(query, values)
        return tuple(row)

    def sample(self, column: str, condition: Sql, limit: int) -> tuple[Sample, ...]:
        """Return the first values of a column whose rows meet the condition, in the order of the files."""
        query = (
            f"SELECT {_AT}, {identifier(column)} FROM (SELECT *, row_number() OVER () AS {_AT} FROM data)"  # noqa: S608
            f" WHERE {condition.text} ORDER BY 1 LIMIT {limit:d}"
        )
        found = self._fetch(query, list(condition.values))
        return tuple(Sample(value, *self.place(position)) for position, value in found)

    def place(self, position: int) -> tuple[int, str]:
        """Return (row within its file, file) of the n-th row of the table, counted from 1."""
        if self._counts is None:
            numbered = f"SELECT {_FILE}, row_number() OVER () AS {_AT} FROM files"  # noqa: S608 - no foreign text
            query = f"SELECT {_FILE}, count(*) FROM ({numbered}) GROUP BY 1 ORDER BY min({_AT})"  # noqa: S608
            self._counts = [(file, count) for file, count in self._fetch(query, [])]
        before = 0
        for file, count in self._counts:
            if position <= before + count:
                return position - before, file
            before += count
        raise IndexError(position)

    def to_arrow(self) -> Any:  # noqa: ANN401 - untyped library
        """Return the whole table as a pyarrow.Table."""
        with _readable(*self._files):
            return self._connection.sql("SELECT * FROM data").to_arrow_table()

    def _fetch(self, query: str, values: list[Any]) -> list[tuple[Any, ...]]:
        with _readable(*self._files):
            found: list[tuple[Any, ...]] = self._connection.execute(query, values).fetchall()
            return found


@contextmanager
def open_table(files: Sequence[Path]) -> Iterator[Table]:
    """Open Parquet or CSV files (all of one format, same columns) as one table.

    Numbers and text are told apart in CSV by reading all of it; dates and booleans there stay text.

    Raises:
        NothingToJudge: a file cannot be read, or lacks a column that another has.
        ModuleNotFoundError: DuckDB is not installed.
    """
    import duckdb

    with duckdb.connect(config=_CONFIG) as connection:
        connection.execute("SET enable_progress_bar = false")
        _refuse_different_columns(connection, files)
        with _readable(*files):
            kind = "TABLE" if _is_csv(files) else "VIEW"  # CSV is parsed once, Parquet read in place
            connection.execute(f"CREATE TEMP {kind} files AS {_select(files, f'filename = {literal(_FILE)}')}")
            connection.execute(f"CREATE TEMP VIEW data AS SELECT * EXCLUDE ({_FILE}) FROM files")  # noqa: S608
            described = connection.execute("DESCRIBE data").fetchall()
        columns = tuple(Column(name, _KINDS.get(type_, "other"), type_) for name, type_, *_ in described)
        yield Table(connection, columns, files, duckdb.__version__)


def _refuse_different_columns(connection: Any, files: Sequence[Path]) -> None:  # noqa: ANN401 - untyped library
    """Refuse files of which one lacks what another has: that is worth saying, not filling up with nulls."""
    if len(files) == 1:
        return
    known: set[str] | None = None
    for path in files:
        with _readable(path):
            names = {row[0] for row in connection.execute(f"DESCRIBE {_select([path])}").fetchall()}
        if known is not None and names != known:
            odd = ", ".join(sorted(names ^ known))
            said = f"{files[0].name} and {path.name} differ in their columns: only one of them has {odd}"
            raise NothingToJudge(f"{said}. Make the files again, so that they can be judged as one table.")
        known = names


def _select(files: Sequence[Path], *more: str) -> str:
    names = ", ".join(literal(_no_glob(path)) for path in files)
    if _is_csv(files):
        missing = ", ".join(map(literal, _MISSING))
        more = (
            "header = true, delim = ',', quote = '\"', escape = '\"', skip = 0, sample_size = -1",
            f"auto_type_candidates = ['BIGINT', 'DOUBLE', 'VARCHAR'], nullstr = [{missing}]",
            *more,
        )
    reader = "read_csv" if _is_csv(files) else "read_parquet"
    return f"SELECT * FROM {reader}({', '.join([f'[{names}]', 'union_by_name = true', *more])})"  # noqa: S608


def _is_csv(files: Sequence[Path]) -> bool:
    return files[0].suffix.lower() == ".csv"


def _no_glob(path: Path) -> str:
    """Return a path in which DuckDB sees no pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


@contextmanager
def _readable(*files: Path) -> Iterator[None]:
    """Turn what DuckDB says about broken files into NothingToJudge; what it says about our SQL stays a bug."""
    import duckdb

    try:
        yield
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException):
        raise
    except duckdb.Error as problem:
        said = next((line for line in str(problem).splitlines() if line.strip()), "no reason given")
        with suppress(ValueError):
            said = said.split(": ", 1)[1]
        name = files[0].name if len(files) == 1 else "The data"
        raise NothingToJudge(
            f"{name} cannot be read: {said}. Make the file again, or correct `data.path`."
        ) from problem
