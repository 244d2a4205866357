"""One expectation about columns while it is compiled: its arguments, and which rows count."""

from collections.abc import Callable, Mapping
from ctypes import c_float
from dataclasses import dataclass
from typing import Any

from mlops_ci.contracts.columns import Family, family, is_number, value
from mlops_ci.contracts.scan import Answers, Ask, Counted, Scan, sql
from mlops_ci.tools.duckdb import Column, Sql

COUNT = Ask(Sql("count(*)"))


@dataclass(frozen=True, slots=True)
class Case:
    """An expectation's columns in the order of its arguments, its arguments, and the rows it is about."""

    columns: tuple[Column, ...]
    kwargs: Mapping[str, Any]
    condition: Sql | None = None  # never NULL

    @property
    def column(self) -> Column:
        """Return the first, mostly the only column."""
        return self.columns[0]

    @property
    def family(self) -> Family:
        """Return the family of the first column."""
        return family(self.column)

    @property
    def value(self) -> Sql:
        """Return the first column's value, NULL in rows that do not count."""
        return self.of(self.column)

    def of(self, column: Column) -> Sql:
        """Return a column's value, NULL in rows that do not count."""
        said = value(column)
        return said if self.condition is None else sql("CASE WHEN {} THEN {} END", self.condition, said)

    @property
    def elements(self) -> Ask:
        """Return how many rows count."""
        return COUNT if self.condition is None else Ask(sql("coalesce(count_if({}), 0)", self.condition))

    @property
    def mostly(self) -> float:
        """Return the share that must be as expected."""
        return float(self.kwargs.get("mostly", 1.0))

    def bounds(self) -> list[Any]:
        """Return the bounds that are given."""
        return [self.kwargs[key] for key in ("min_value", "max_value") if key in self.kwargs]


Compiler = Callable[[Case], Scan | None]


def by_value(case: Case, wrong: Sql) -> Scan:
    """Return the scan of an expectation about each value that is not missing; `wrong` may be NULL for missing ones."""
    condition = sql("({} IS NOT NULL AND {})", case.value, wrong)
    asks = (case.elements, Ask(sql("count({})", case.value)), Ask(count_if(case.value, wrong)))
    return Scan(asks, lambda found: mapped(case, *map(int, found.values)), condition, (case.column.name,))


def count_if(said: Sql, wrong: Sql) -> Sql:
    """Return how many values that are not missing meet a condition."""
    return sql("coalesce(count_if({} AND {} IS NOT NULL), 0)", wrong, said)


def mapped(case: Case, elements: int, present: int, unexpected: int) -> Counted:
    """Judge row by row: the share is of values that are not missing, and none at all is no breach."""
    success = present == 0 or (present - unexpected) / present >= case.mostly
    percent = unexpected / present * 100 if present else None
    return Counted(success, elements, elements - present, unexpected, percent)


def observed(case: Case, rows: int, found: Any) -> Counted:  # noqa: ANN401 - whatever a statistic is
    """Judge one number of the column; nothing observed is no success."""
    if found is None:
        return Counted(success=False, element_count=rows)
    within, kwargs = found, case.kwargs
    if case.columns and case.column.type == "FLOAT":  # numpy compares these in their own 32 bits
        within = c_float(found).value
        kwargs = {key: c_float(one).value if is_number(one) else one for key, one in kwargs.items()}
    return Counted(inside(within, kwargs), rows, observed_value=found)


def inside(found: Any, kwargs: Mapping[str, Any]) -> bool:  # noqa: ANN401 - numbers, dates or times
    """Say whether something lies within the bounds."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    above = low is None or (found > low if kwargs.get("strict_min") else found >= low)
    below = high is None or (found < high if kwargs.get("strict_max") else found <= high)
    return bool(above and below)


def numbers(case: Case) -> bool:
    """Say whether there are bounds, and all are numbers."""
    return bool(case.bounds()) and all(map(is_number, case.bounds()))


def constant(counted: Callable[[Answers], Counted]) -> Scan:
    """Return a scan that asks nothing of the data."""
    return Scan((), counted)
