"""From counts to judgements, with the meaning that Great Expectations on pandas gives each number."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_ci.contracts.plan import Scan
from mlops_ci.contracts.suite import Expectation
from mlops_ci.tools.great_expectations import Outcome

DUCKDB, GREAT_EXPECTATIONS = "duckdb", "great_expectations"
ABSENT = "the column is missing"


@dataclass(frozen=True, slots=True)
class Unexpected:
    """A value that breaks an expectation; `row` counts from 1 within its file, None where it is not known."""

    value: Any
    row: int | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One expectation with what was counted; counts are rows, percent is of the rows that count."""

    expectation: Expectation
    success: bool
    engine: str
    element_count: int | None = None
    missing_count: int | None = None
    unexpected_count: int | None = None
    unexpected_percent: float | None = None
    observed_value: Any = None
    error: str | None = None  # why it could not be evaluated; then it counts as broken
    unexpected: tuple[Unexpected, ...] = ()

    def evidence(self) -> dict[str, Any]:
        """Return all of it as plain data, fit for JSON."""
        shown = [{"value": one.value, "row": one.row, "file": one.file} for one in self.unexpected]
        found = {
            "success": self.success,
            "element_count": self.element_count,
            "missing_count": self.missing_count,
            "unexpected_count": self.unexpected_count,
            "unexpected_percent": self.unexpected_percent,
            "observed_value": self.observed_value,
            "engine": self.engine,
            "error": self.error,
            "unexpected": shown,
        }
        return {key: plain(value) for key, value in found.items()}


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    """Return a value fit for JSON; infinities, dates and the like as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else str(value)


def from_scan(
    expectation: Expectation, scan: Scan, values: Sequence[Any], *, rows: int, columns: Sequence[str]
) -> Judged:
    """Return the judgement that follows from a scan's values, in the order of its expressions."""
    match scan.shape:
        case "absent":
            return Judged(expectation, success=False, engine=DUCKDB, element_count=rows, error=ABSENT)
        case "columns":
            return _columns(expectation, rows, columns)
        case "rows":
            return Judged(expectation, _inside(rows, expectation.kwargs), DUCKDB, rows, observed_value=rows)
        case "aggregate":
            (observed,) = values
            success = observed is not None and _inside(observed, expectation.kwargs)
            return Judged(expectation, success, DUCKDB, rows, observed_value=observed)
        case "nulls":
            return _map(expectation, rows, None, int(values[0]))
        case "values":
            return _map(expectation, rows, int(values[0]), int(values[1]))


def from_outcome(expectation: Expectation, outcome: Outcome, unexpected: tuple[Unexpected, ...], rows: int) -> Judged:
    """Return the judgement of Great Expectations in our words."""
    result = outcome.result
    return Judged(
        expectation,
        outcome.success and outcome.error is None,
        GREAT_EXPECTATIONS,
        result.get("element_count", rows),
        result.get("missing_count"),
        result.get("unexpected_count"),
        result.get("unexpected_percent"),
        result.get("observed_value"),
        outcome.error,
        unexpected,
    )


def _map(expectation: Expectation, rows: int, missing: int | None, unexpected: int) -> Judged:
    """Judge row by row: the share is of rows that are not missing, and none at all is no breach."""
    counted = rows - (missing or 0)
    success = counted == 0 or (counted - unexpected) / counted >= _mostly(expectation)
    percent = unexpected / counted * 100 if counted else None
    return Judged(expectation, success, DUCKDB, rows, missing, unexpected, percent)


def _mostly(expectation: Expectation) -> float:
    mostly = expectation.kwargs.get("mostly")
    return 1.0 if mostly is None else float(mostly)


def _columns(expectation: Expectation, rows: int, columns: Sequence[str]) -> Judged:
    observed = sorted(columns)
    if "column_set" not in expectation.kwargs and expectation.column:
        there = expectation.column in columns
        return Judged(expectation, there, DUCKDB, rows, error=None if there else ABSENT)
    wanted = set(expectation.kwargs.get("column_set") or ())
    exact = expectation.kwargs.get("exact_match")
    success = wanted <= set(columns) if exact is False else wanted == set(columns)
    return Judged(expectation, success, DUCKDB, rows, observed_value=observed)


def _inside(value: float, kwargs: Mapping[str, Any]) -> bool:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    above = low is None or (value > low if kwargs.get("strict_min") else value >= low)
    below = high is None or (value < high if kwargs.get("strict_max") else value <= high)
    return bool(above and below)
