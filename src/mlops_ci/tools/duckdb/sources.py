"""Files as one table: CSV is parsed once, Parquet is read in place."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops_ci.errors import NothingToJudge
from mlops_ci.tools.duckdb.table import FILE, KINDS, Column, Table, literal, readable

# A CSV cell that holds one of these is missing, as for pandas: its own list.
_MISSING = ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
            "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")  # fmt: skip
# Nothing is fetched and nothing outside the named files is written.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


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
        with readable(*files):
            kind = "TABLE" if _is_csv(files) else "VIEW"  # CSV is parsed once, Parquet read in place
            connection.execute(f"CREATE TEMP {kind} files AS {_select(files, f'filename = {literal(FILE)}')}")
            connection.execute(f"CREATE TEMP VIEW data AS SELECT * EXCLUDE ({FILE}) FROM files")  # noqa: S608
            described = connection.execute("DESCRIBE data").fetchall()
        columns = tuple(Column(name, KINDS.get(type_, "other"), type_) for name, type_, *_ in described)
        yield Table(connection, columns, files, duckdb.__version__)


def _refuse_different_columns(connection: Any, files: Sequence[Path]) -> None:  # noqa: ANN401 - untyped library
    """Refuse files of which one lacks what another has: that is worth saying, not filling up with nulls."""
    if len(files) == 1:
        return
    known: set[str] | None = None
    for path in files:
        with readable(path):
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
