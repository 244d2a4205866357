"""Write every row that breaks a contract to a file of its own, with the reasons, whole or not at all."""

import os
from pathlib import Path

from mlops_ci.contracts.broken_rows import BrokenRows, Reason
from mlops_ci.contracts.files import label
from mlops_ci.contracts.masked import MASK
from mlops_ci.errors import ProgramFailed, UsageProblem
from mlops_ci.tools.duckdb import AT, FILE, Sql, Table, identifier

FORMATS = {".parquet": "parquet", ".csv": "csv", ".jsonl": "json", ".ndjson": "json"}


def partial(path: Path) -> Path:
    """Return the file that is written first and takes the name once it is whole.

    Raises:
        UsageProblem: the name says no format, or the folder does not exist.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageProblem(f"{path.name}: quarantined rows are written as {', '.join(FORMATS)}. Rename the file.")
    if path.is_dir():
        raise UsageProblem(f"{path.name} is a folder. Name a file for the quarantined rows.")
    if not path.parent.is_dir():
        raise UsageProblem(f"{path.parent} is no folder, so no rows can be written there. Make it first.")
    return path.with_name(f"{path.name}.{os.getpid()}.partial")


def write(table: Table, broken: BrokenRows, path: Path, root: Path, sensitive: frozenset[str]) -> int:
    """Write the broken rows, none being a file without rows, and return how many.

    Each row has `mlops_ci_file`, `mlops_ci_row` (from 1 within the file) and `mlops_ci_reasons` before its own
    columns; a value of a sensitive column is written as "(sensitive)".

    Raises:
        ProgramFailed: the file cannot be written; nothing of it is left, and an older one stays.
    """
    columns = [
        Sql(f"CASE WHEN {name} IS NULL THEN NULL ELSE '{MASK}' END AS {name}" if column.name in sensitive else name)
        for column in table.columns
        for name in [identifier(column.name)]
    ]
    temporary = partial(path)
    places = _places(table, root)
    count = table.copy([*places, _joined(broken.reasons), *columns], _where(broken), temporary, _format(path))
    try:
        temporary.replace(path)
    except OSError as problem:
        temporary.unlink(missing_ok=True)
        raise ProgramFailed(f"{path.name} cannot be written: {problem.strerror}. Name another file.") from problem
    return count


def _format(path: Path) -> str:
    return FORMATS[path.suffix.lower()]


def _places(table: Table, root: Path) -> list[Sql]:
    """Return each row's file, and its number there."""
    files, numbers, names, starts, before = "", "", [], [], 0
    for file, count in table.files():
        files += " WHEN ? THEN ?"
        numbers += " WHEN ? THEN ?"
        names += [file, label(Path(file), root)]
        starts += [file, before]
        before += count
    return [
        Sql(f"CASE {FILE}{files} END AS mlops_ci_file", tuple(names)),
        Sql(f"{AT} - CASE {FILE}{numbers} END AS mlops_ci_row", tuple(starts)),
    ]


def _where(broken: BrokenRows) -> Sql:
    at = _at(broken.positions)
    return Sql(f"{broken.condition.text} OR {at.text}", (*broken.condition.values, *at.values))


def _joined(reasons: tuple[Reason, ...]) -> Sql:
    """Return the names of what a row breaks, as one text."""
    cases, values = [], []
    for one in reasons:
        condition = one.condition or _at(one.positions)
        cases.append(f"CASE WHEN {condition.text} THEN ? END")
        values += [*condition.values, one.name]
    return Sql(f"concat_ws('; ', {', '.join(cases) or 'NULL'}) AS mlops_ci_reasons", tuple(values))


def _at(positions: tuple[int, ...]) -> Sql:
    return Sql(f"{AT} IN (SELECT unnest(?::BIGINT[]))", (list(positions),))
