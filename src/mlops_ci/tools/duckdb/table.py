"""A table that DuckDB reads, and the questions it answers: aggregates, samples, places, the whole of it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mlops_ci.errors import NothingToJudge, ProgramFailed
from mlops_ci.tools.duckdb.running import run

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
# Columns that we add, so named that no data has them.
FILE, AT, WHICH = "__mlops_ci_file__", "__mlops_ci_position__", "__mlops_ci_sample__"


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
    """Values of one row by column; `row` counts from 1 within its file, header not counted."""

    values: dict[str, Any]
    row: int
    file: str


DATA = Sql("data")
_BATCH = 100_000  # rows


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

    def aggregate(self, expressions: Sequence[Sql], relation: Sql = DATA) -> tuple[Any, ...]:
        """Return the value of each aggregate expression, all from one scan of the data or of a relation over them."""
        values = [value for one in (*expressions, relation) for value in one.values]
        query = f"SELECT {', '.join(one.text for one in expressions)} FROM {relation.text}"  # noqa: S608 - quoted or bound
        (row,) = self._fetch(query, values)
        return tuple(row)

    def sample(self, columns: Sequence[str], condition: Sql, limit: int) -> tuple[Sample, ...]:
        """Return the values of the first rows that meet the condition over the numbered data, in the files' order."""
        return self.samples([(columns, condition)], limit)[0]

    def samples(self, wanted: Sequence[tuple[Sequence[str], Sql]], limit: int) -> list[tuple[Sample, ...]]:
        """Return a sample for each pair of columns and condition, all by one query."""
        parts = [
            f"SELECT * FROM (SELECT {at} AS {WHICH}, {AT}, {', '.join(map(identifier, dict.fromkeys(columns)))}"  # noqa: S608 - quoted or bound
            f" FROM (SELECT *, row_number() OVER () AS {AT} FROM data) WHERE {condition.text} LIMIT {limit:d})"
            for at, (columns, condition) in enumerate(wanted)
        ]
        names = list(dict.fromkeys(name for columns, _ in wanted for name in columns))
        listed = ", ".join([WHICH, AT, *map(identifier, names)])
        query = f"SELECT {listed} FROM ({' UNION ALL BY NAME '.join(parts)}) ORDER BY 1, 2"  # noqa: S608 - quoted or bound
        values = [value for _, condition in wanted for value in condition.values]
        found: list[list[Sample]] = [[] for _ in wanted]
        for which, at, *row in self._fetch(query, values) if wanted else []:
            there = dict(zip(names, row, strict=True))
            found[which].append(Sample({name: there[name] for name in wanted[which][0]}, *self.place(at)))
        return [tuple(one) for one in found]

    def place(self, position: int) -> tuple[int, str]:
        """Return (row within its file, file) of the n-th row of the table, counted from 1."""
        before = 0
        for file, count in self.files():
            if position <= before + count:
                return position - before, file
            before += count
        raise IndexError(position)

    def files(self) -> list[tuple[str, int]]:
        """Return each file with its number of rows, in the order of the rows."""
        if self._counts is None:
            numbered = f"SELECT {FILE}, row_number() OVER () AS {AT} FROM files"  # noqa: S608 - no foreign text
            query = f"SELECT {FILE}, count(*) FROM ({numbered}) GROUP BY 1 ORDER BY min({AT})"  # noqa: S608
            self._counts = [(file, count) for file, count in self._fetch(query, [])]
        return self._counts

    def copy(self, columns: Sequence[Sql], condition: Sql, path: Path, format_: str) -> int:
        """Write columns of the rows that meet a condition over the numbered data to a file; return how many.

        Raises:
            ProgramFailed: the file cannot be written; nothing of it is left.
        """
        import duckdb

        texts = ", ".join(one.text for one in columns)
        selected = f"SELECT {texts} FROM (SELECT *, row_number() OVER () AS {AT} FROM files) WHERE {condition.text}"  # noqa: S608 - quoted or bound
        values = [value for one in (*columns, condition) for value in one.values]
        try:
            ((count,),) = run(self._connection, f"COPY ({selected}) TO {literal(str(path))} (FORMAT {format_})", values)
            return int(count)
        except BaseException as problem:
            path.unlink(missing_ok=True)
            if not isinstance(problem, duckdb.IOException):
                raise
            said = f"{path.name} cannot be written: {problem}"
            raise ProgramFailed(f"{said}. Make room, or name another file.") from problem

    def to_arrow(self) -> Any:  # noqa: ANN401 - untyped library
        """Return the whole table as a pyarrow.Table."""
        with readable(*self._files):
            return self._connection.sql("SELECT * FROM data").to_arrow_table()

    def batches(self, expressions: Sequence[Sql], rows: int) -> Iterator[Any]:
        """Yield pyarrow batches of at most so many rows with the value of each expression, in the order of the rows."""
        query = f"SELECT {', '.join(one.text for one in expressions)} FROM data"  # noqa: S608 - quoted or bound
        with readable(*self._files):
            values = [value for one in expressions for value in one.values]
            yield from self._connection.sql(query, params=values).to_arrow_reader(rows)

    def write(self, columns: Sequence[str], path: Path) -> None:
        """Write some columns of all rows to an Arrow file, a part at a time."""
        import pyarrow as pa

        parts = self.batches([Sql(identifier(name)) for name in columns], _BATCH)
        first = next(parts)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, first.schema) as writer:
            writer.write_batch(first)
            for part in parts:
                writer.write_batch(part)

    def _fetch(self, query: str, values: list[Any]) -> list[tuple[Any, ...]]:
        with readable(*self._files):
            return run(self._connection, query, values)


def without_values(said: str) -> str:
    """Return what DuckDB says without the values that it could not convert: they may be anybody's secret."""
    return re.sub(r"'[^']*'", "'…'", said) if "onver" in said else said


@contextmanager
def readable(*files: Path) -> Iterator[None]:
    """Turn what DuckDB says about broken files into NothingToJudge; what it says about our SQL stays a bug."""
    import duckdb

    try:
        yield
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException):
        raise
    except duckdb.OutOfMemoryException as problem:
        raise ProgramFailed("DuckDB needs more memory or disk than there is. Nothing was judged.") from problem
    except duckdb.Error as problem:
        said = next((line for line in str(problem).splitlines() if line.strip()), "no reason given")
        with suppress(ValueError):
            said = said.split(": ", 1)[1]
        said = without_values(said)
        name = files[0].name if len(files) == 1 else "The data"
        raise NothingToJudge(
            f"{name} cannot be read: {said}. Make it again as its ending says (.parquet, .csv, .jsonl)."
        ) from problem
