"""What DuckDB does not say about a CSV file: names that stand twice, and which line is wrong, in words."""

import csv
import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops_ci.errors import NothingToJudge
from mlops_ci.tools.duckdb.differences import refuse_difference, refuse_keys, refuse_repetition
from mlops_ci.tools.duckdb.table import literal

# A cell that holds one of these is missing, as for pandas: its own list.
_MISSING = ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
            "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")  # fmt: skip
OPTIONS = (
    "union_by_name = true, header = true, delim = ',', quote = '\"', escape = '\"', skip = 0, sample_size = -1,"
    " auto_type_candidates = ['BIGINT', 'HUGEINT', 'DOUBLE', 'VARCHAR'],"
    f" nullstr = [{', '.join(map(literal, _MISSING))}]"
)
_LONGEST = 2**27  # characters of one cell
_BLOCK = 2**20  # bytes


def refuse_headers(paths: Sequence[Path], keys: Sequence[str] = ()) -> None:
    """Refuse files whose first lines name a column twice, or name different columns.

    Raises:
        NothingToJudge: they do, or a file is empty.
    """
    first: dict[str, str] = {}
    for path in paths:
        with _rows(path) as rows:
            header = next(rows, None)
        if not header:
            raise NothingToJudge(f"{path.name} is empty: not even a header. Make the file again.")
        refuse_repetition(path.name, header)
        refuse_keys(path.name, header, keys)
        refuse_open_quote(path)
        names = dict.fromkeys(header, "")
        first = first or names
        refuse_difference(paths[0].name, path.name, first, names)


def refuse_open_quote(path: Path) -> None:
    """Refuse a file whose last quote is not closed: DuckDB would take all that follows for one cell.

    Raises:
        NothingToJudge: it is not closed.
    """
    with _opened(path, "rb") as stream:
        try:
            quotes = sum(block.count(b'"') for block in iter(lambda: stream.read(_BLOCK), b""))
        except (OSError, EOFError) as problem:
            raise NothingToJudge(f"{path.name} cannot be read: {problem}. Make the file again.") from problem
    if quotes % 2:  # as a rule they are pairs; only a parser knows about the exceptions
        with _rows(path, strict=True) as rows:
            for _ in rows:
                pass


def mended(path: Path, copy: Path) -> Path:
    """Write a copy of a file with one kind of line end, and return its path.

    Raises:
        NothingToJudge: a line is wrong, and this says which.
    """
    with _rows(path) as rows, copy.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        header = next(rows)
        writer.writerow(header)
        for row in filter(None, rows):
            if len(row) != len(header):
                said = f"line {rows.line_num:,} has {len(row)} cells where the header has {len(header)}"
                raise NothingToJudge(f"{path.name} cannot be read: {said}. Make the file again.")
            writer.writerow(row)
    return copy


@contextmanager
def _rows(path: Path, *, strict: bool = False) -> Iterator[Any]:
    """Read a file as Python does: any line end, a mark at the beginning, UTF-8 and nothing else."""
    csv.field_size_limit(_LONGEST)
    with _opened(path, "rt", encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, strict=strict)
        try:
            yield rows
        except UnicodeDecodeError as problem:
            said = f"byte 0x{problem.object[problem.start]:02x} at or after line {rows.line_num + 1:,} is not UTF-8"
            raise NothingToJudge(f"{path.name} cannot be read: {said}. Save it as UTF-8.") from problem
        except (csv.Error, OSError, EOFError) as problem:
            raise NothingToJudge(f"{path.name} cannot be read: {problem}. Make the file again.") from problem


def _opened(path: Path, mode: str, **how: Any) -> Any:  # noqa: ANN401 - as open() takes and gives it
    try:
        return gzip.open(path, mode, **how) if path.suffix.lower() == ".gz" else path.open(mode, **how)
    except OSError as problem:
        raise NothingToJudge(f"{path.name} cannot be read: {problem.strerror}. Give access to it.") from problem
