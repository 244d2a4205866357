"""Judge a table by a suite: few scans for what compiles, Great Expectations for the rest, in the suite's order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_ci.contracts.answers import answered
from mlops_ci.contracts.files import label
from mlops_ci.contracts.judged import Judged, Unexpected, from_counts, from_outcome
from mlops_ci.contracts.masked import masked, sensitive_columns
from mlops_ci.contracts.plan import compile_, named
from mlops_ci.contracts.scan import Scan
from mlops_ci.contracts.suite import Expectation, Suite
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.tools import great_expectations
from mlops_ci.tools.duckdb import Sql, Table
from mlops_ci.tools.great_expectations import PANDAS, Engine, Outcome

SHOWN = great_expectations.SHOWN
TIME_LIMIT = 600.0  # seconds that Great Expectations may take


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every expectation judged, in the suite's order; and the values of the other expressions that were asked.

    `conditions` say for each expectation which rows of the numbered data break it, None where no scan knows.
    """

    expectations: tuple[Judged, ...]
    also: tuple[Any, ...] = ()
    conditions: tuple[Sql | None, ...] = ()


def judge(  # noqa: PLR0913 - each is a choice of the settings
    suite: Suite,
    table: Table,
    root: Path,
    *,
    also: Sequence[Sql] = (),
    sensitive: frozenset[str] = frozenset(),
    engine: Engine = PANDAS,
    time_limit: float = TIME_LIMIT,
    every_row: bool = False,
) -> Judgement:
    """Return one judgement for each expectation; files are named relative to `root`.

    The aggregates `also` are answered by the same first scan. What does not compile is judged by Great Expectations
    on `engine`, within `time_limit` seconds; with `every_row` it names all unexpected rows. No value of a column
    that is `sensitive`, here or by the suite's own notes, is in the result.

    Raises:
        NothingToJudge: the table has no rows.
        UsageProblem: the arguments of an expectation make no sense.
        ProgramMissing: the engine's library is not installed.
        ProgramFailed: Great Expectations did not finish in time; the message names the expectation.
    """
    columns = {column.name: column for column in table.columns}
    scans = {at: scan for at, one in enumerate(suite.expectations) if (scan := compile_(one, columns))}
    rows, others, counts = answered(table, scans, also)
    if not rows:
        raise NothingToJudge("The data has columns but not one row. Make the data again, or correct `data.path`.")
    found = {at: from_counts(suite.expectations[at], count) for at, count in counts.items()}
    found |= _with_samples(found, scans, table, root)
    left = {at: one for at, one in enumerate(suite.expectations) if at not in found}
    task = _Task(suite, table, root, rows, engine, time_limit, every_row)
    found |= dict(zip(left, task.by_great_expectations(list(left.values())), strict=True))
    hidden = sensitive | sensitive_columns(suite)
    return Judgement(
        tuple(masked(found[at], hidden) for at in range(len(suite.expectations))),
        others,
        tuple(scans[at].unexpected if at in counts else None for at in range(len(suite.expectations))),
    )


def _with_samples(
    judged: Mapping[int, Judged], scans: Mapping[int, Scan], table: Table, root: Path
) -> dict[int, Judged]:
    """Return those that have unexpected values with the first of them."""
    wanted = {at: scans[at] for at, one in judged.items() if one.unexpected_count and scans[at].unexpected is not None}
    samples = table.samples([(scan.shown, scan.unexpected or Sql("false")) for scan in wanted.values()], SHOWN)
    return {
        at: replace(
            judged[at],
            unexpected=tuple(
                Unexpected(_shown(judged[at], one.values), one.row, label(Path(one.file), root)) for one in sample
            ),
        )
        for at, sample in zip(wanted, samples, strict=True)
    }


def _shown(judged: Judged, values: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the columns hold
    """Return the value of one column, a pair, or several by name, as Great Expectations shows them."""
    kwargs = judged.expectation.kwargs
    if "column_list" in kwargs:
        return values
    pair = [values[kwargs[key]] for key in ("column", "column_A", "column_B") if kwargs.get(key) is not None]
    return pair[0] if len(pair) == 1 else pair


@dataclass(frozen=True, slots=True)
class _Task:
    """What Great Expectations is given."""

    suite: Suite
    table: Table
    root: Path
    rows: int
    engine: Engine
    time_limit: float
    every_row: bool

    def by_great_expectations(self, left: list[Expectation]) -> list[Judged]:
        if not left:
            return []
        outcomes = great_expectations.judge(
            lambda path: self.table.write(self._columns(left), path),
            [(one.type, one.kwargs) for one in left],
            [f"{self.suite.path}:{one.line}: {one.name}" for one in left],
            engine=self.engine,
            timeout=self.time_limit,
            every_row=self.every_row,
        )
        return [self._judged(one, outcome) for one, outcome in zip(left, outcomes, strict=True)]

    def _columns(self, left: Iterable[Expectation]) -> list[str]:
        """Return the columns that these expectations need, in the table's order: all, for one about the table."""
        needed: set[str] = set()
        every = [column.name for column in self.table.columns]
        for one in left:
            names = named({key: value for key, value in one.kwargs.items() if value is not None})
            if not names or one.type.startswith("expect_table_"):
                return every
            about = str(one.kwargs.get("row_condition") or "")
            needed |= {name for name in every if name in names or name in about}
        return [name for name in every if name in needed] or every[:1]

    def _judged(self, expectation: Expectation, outcome: Outcome) -> Judged:
        if outcome.malformed:
            raise UsageProblem(f"{self.suite.path}:{expectation.line}: {expectation.name}: {outcome.error}.")
        return from_outcome(expectation, outcome, self._unexpected(outcome), self.rows)

    def _unexpected(self, outcome: Outcome) -> tuple[Unexpected, ...]:
        values = outcome.result.get("partial_unexpected_list") or []
        places = outcome.result.get("partial_unexpected_index_list") or []
        if len(places) != len(values) or not all(isinstance(one, int) for one in places):
            return tuple(Unexpected(value) for value in values)
        found = [(value, *self.table.place(at + 1)) for value, at in zip(values, places, strict=True)]
        return tuple(Unexpected(value, row, label(Path(file), self.root)) for value, row, file in found)
