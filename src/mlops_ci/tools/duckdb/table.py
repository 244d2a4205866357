"""A table that DuckDB reads, and the questions it answers: aggregates, samples, places, the whole of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mlops_ci.errors import NothingToJudge

Kind = Literal["integer", "float", "text", "boolean", "time", "other"]

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
KINDS: dict[str, Kind] = {
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
FILE, AT = "mlops_ci_file", "mlops_ci_position"  # columns that we add, so named that no data has them


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
            f"SELECT {AT}, {identifier(column)} FROM (SELECT *, row_number() OVER () AS {AT} FROM data)"  # noqa: S608
            f" WHERE {condition.text} ORDER BY 1 LIMIT {limit:d}"
        )
        found = self._fetch(query, list(condition.values))
        return tuple(Sample(value, *self.place(position)) for position, value in found)

    def place(self, position: int) -> tuple[int, str]:
        """Return (row within its file, file) of the n-th row of the table, counted from 1."""
        if self._counts is None:
            numbered = f"SELECT {FILE}, row_number() OVER () AS {AT} FROM files"  # noqa: S608 - no foreign text
            query = f"SELECT {FILE}, count(*) FROM ({numbered}) GROUP BY 1 ORDER BY min({AT})"  # noqa: S608
            self._counts = [(file, count) for file, count in self._fetch(query, [])]
        before = 0
        for file, count in self._counts:
            if position <= before + count:
                return position - before, file
            before += count
        raise IndexError(position)

    def to_arrow(self) -> Any:  # noqa: ANN401 - untyped library
        """Return the whole table as a pyarrow.Table."""
        with readable(*self._files):
            return self._connection.sql("SELECT * FROM data").to_arrow_table()

    def _fetch(self, query: str, values: list[Any]) -> list[tuple[Any, ...]]:
        with readable(*self._files):
            found: list[tuple[Any, ...]] = self._connection.execute(query, values).fetchall()
            return found


@contextmanager
def readable(*files: Path) -> Iterator[None]:
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
