"""One expectation with its verdict, in our words and as plain data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops_ci.contracts.plan_tables import ABSENT
from mlops_ci.contracts.scan import Counted
from mlops_ci.contracts.suite import Expectation
from mlops_ci.tools.great_expectations import Outcome

DUCKDB, GREAT_EXPECTATIONS = "duckdb", "great_expectations"

__all__ = ["ABSENT", "DUCKDB", "GREAT_EXPECTATIONS", "Judged", "Unexpected", "from_counts", "from_outcome", "plain"]


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
    positions: tuple[int, ...] = ()  # of every unexpected row in the table, from 1, where they were asked for

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


def from_counts(expectation: Expectation, found: Counted) -> Judged:
    """Return the judgement that follows from what a scan counted."""
    return Judged(
        expectation,
        found.success,
        DUCKDB,
        found.element_count,
        found.missing_count,
        found.unexpected_count,
        found.unexpected_percent,
        found.observed_value,
        found.error,
        tuple(Unexpected(value) for value in found.unexpected),
    )


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
        tuple(at + 1 for at in result.get("unexpected_index_list") or [] if isinstance(at, int)),
    )
