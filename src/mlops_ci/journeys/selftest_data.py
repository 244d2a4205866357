"""Data made bad, file by file, in the same format: a unit mixed up, a column lost, a population that has moved."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mlops_ci.errors import NothingToJudge
from mlops_ci.tools.duckdb import Column, Sql, Table, format_of, identifier, open_table

_FORMATS = {"parquet": "parquet", "csv": "csv", "jsonl": "json"}
MILES_IN_METRES = 1609.34

Rewrite = Callable[[Table], tuple[Sequence[Sql], Sql]]


def rewrite(paths: Sequence[Path], how: Rewrite) -> None:
    """Replace files by what a selection of columns and rows leaves of each.

    Raises:
        NothingToJudge: files of this format cannot be written here.
    """
    for path in paths:
        form = _FORMATS.get(str(format_of(path)))
        if form is None or path.name.endswith(".gz"):
            raise NothingToJudge(f"{path.name}: data of this format cannot be written here")
        fresh = path.with_name(f"{path.name}.selftest")
        with open_table([path], writes=[fresh]) as table:
            columns, rows = how(table)
            table.copy(columns, rows, fresh, form)
        fresh.replace(path)


def every(table: Table) -> list[Sql]:
    """Return all columns as they are."""
    return [Sql(identifier(column.name)) for column in table.columns]


def in_metres(column: str) -> Rewrite:
    """Return what mistakes one column's unit, as if miles had come as metres."""

    def how(table: Table) -> tuple[Sequence[Sql], Sql]:
        name = identifier(column)
        wrong = Sql(f"{name} * {MILES_IN_METRES} AS {name}")
        return [wrong if one.name == column else Sql(identifier(one.name)) for one in table.columns], Sql("true")

    return how


def without(column: str) -> Rewrite:
    """Return what loses one column."""
    return lambda table: ([Sql(identifier(one.name)) for one in table.columns if one.name != column], Sql("true"))


def upper_half(column: str, limit: float) -> Rewrite:
    """Return what keeps only rows above a limit: values that are all fine, of another population."""
    return lambda table: (every(table), Sql(f"{identifier(column)} > ?", (limit,)))


def only_rows(column: str, values: Sequence[str], *, kept: bool) -> Rewrite:
    """Return what keeps, or drops, rows by the text of one column."""
    listed = ", ".join("?" * len(values)) or "NULL"
    word = "" if kept else "NOT "
    return lambda table: (every(table), Sql(f"{identifier(column)}::VARCHAR {word}IN ({listed})", tuple(values)))


def numbers(path: Path) -> list[Column]:
    """Return the columns of a file that hold numbers, those with fractions first."""
    with open_table([path]) as table:
        found = [column for column in table.columns if column.kind in {"integer", "float"}]
    return sorted(found, key=lambda column: column.kind != "float")


def median(paths: Sequence[Path], column: str) -> float:
    """Return the middle value of a column over all files."""
    with open_table(paths) as table:
        return float(table.aggregate([Sql(f"median({identifier(column)})")])[0])


def texts(path: Path, column: str) -> list[str]:
    """Return a column's values as text, in the file's order."""
    with open_table([path]) as table:
        (found,) = table.aggregate([Sql(f"list({identifier(column)}::VARCHAR)")])
    return [str(one) for one in found]
