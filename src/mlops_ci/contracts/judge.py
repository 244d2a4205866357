"""Judge a table by a suite: one scan for what compiles, Great Expectations for the rest, in the suite's order."""

from dataclasses import replace
from pathlib import Path

from mlops_ci.contracts.files import label
from mlops_ci.contracts.judged import Judged, Unexpected, from_outcome, from_scan
from mlops_ci.contracts.plan import Scan, compile_
from mlops_ci.contracts.suite import Expectation, Suite
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.tools import great_expectations
from mlops_ci.tools.duckdb import Sql, Table

SHOWN = great_expectations.SHOWN


def judge(suite: Suite, table: Table, root: Path) -> tuple[Judged, ...]:
    """Return one judgement for each expectation; files are named relative to `root`.

    Raises:
        NothingToJudge: the table has no rows.
        UsageProblem: the arguments of an expectation make no sense.
    """
    columns = {column.name: column for column in table.columns}
    scans = {at: scan for at, one in enumerate(suite.expectations) if (scan := compile_(one, columns))}
    expressions = [Sql("count(*)"), *(one for scan in scans.values() for one in scan.expressions)]
    rows, *values = table.aggregate(expressions)
    if not rows:
        raise NothingToJudge("The data has columns but not one row. Make the data again, or correct `data.path`.")
    found: dict[int, Judged] = {}
    for at, scan in scans.items():
        mine, values = values[: len(scan.expressions)], values[len(scan.expressions) :]
        judged = from_scan(suite.expectations[at], scan, mine, rows=rows, columns=list(columns))
        found[at] = _with_samples(judged, scan, table, root)
    rest = {at: one for at, one in enumerate(suite.expectations) if at not in scans}
    found |= dict(zip(rest, _by_great_expectations(suite, list(rest.values()), table, rows, root), strict=True))
    return tuple(found[at] for at in range(len(suite.expectations)))


def _with_samples(judged: Judged, scan: Scan, table: Table, root: Path) -> Judged:
    """Return the judgement with the first unexpected values, which only a breach makes worth a second look."""
    column = judged.expectation.column
    if not judged.unexpected_count or scan.unexpected is None or column is None:
        return judged
    found = table.sample(column, scan.unexpected, SHOWN)
    return replace(
        judged, unexpected=tuple(Unexpected(one.value, one.row, label(Path(one.file), root)) for one in found)
    )


def _by_great_expectations(suite: Suite, rest: list[Expectation], table: Table, rows: int, root: Path) -> list[Judged]:
    if not rest:
        return []
    outcomes = great_expectations.judge(table.to_arrow(), [(one.type, one.kwargs) for one in rest])
    found = []
    for expectation, outcome in zip(rest, outcomes, strict=True):
        if outcome.malformed:
            raise UsageProblem(f"{suite.path}:{expectation.line}: {expectation.name}: {outcome.error}.")
        unexpected = _unexpected(outcome, table, root)
        found.append(from_outcome(expectation, outcome, unexpected, rows))
    return found


def _unexpected(outcome: great_expectations.Outcome, table: Table, root: Path) -> tuple[Unexpected, ...]:
    values = outcome.result.get("partial_unexpected_list") or []
    places = outcome.result.get("partial_unexpected_index_list") or []
    if len(places) != len(values) or not all(isinstance(one, int) for one in places):
        return tuple(Unexpected(value) for value in values)
    found = [(value, *table.place(at + 1)) for value, at in zip(values, places, strict=True)]
    return tuple(Unexpected(value, row, label(Path(file), root)) for value, row, file in found)
