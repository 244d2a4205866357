"""What must be asked of a table for one expectation, and how the answers become counts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_ci.tools.duckdb import Sql
from mlops_ci.tools.duckdb.table import DATA


def sql(template: str, *parts: Sql | Sequence[Sql]) -> Sql:
    """Return a template with each `{}` replaced by a piece of SQL, or by several joined with commas."""
    flat = [one if isinstance(one, Sql) else joined(", ", one) for one in parts]
    return Sql(template.format(*(one.text for one in flat)), tuple(value for one in flat for value in one.values))


def joined(separator: str, parts: Sequence[Sql]) -> Sql:
    """Return pieces of SQL with a separator between them."""
    return Sql(separator.join(one.text for one in parts), tuple(value for one in parts for value in one.values))


def bound(given: object) -> Sql:
    """Return a value as a parameter, whatever stands in it."""
    return Sql("?", (given,))


@dataclass(frozen=True, slots=True)
class Ask:
    """One aggregate of a relation; all that are asked of the same relation share one query.

    Where the relation would not fit into memory, `parted` gives one of so many parts of it, counted from 0; the
    aggregates of the parts then add up.
    """

    expression: Sql
    relation: Sql = DATA
    parted: Callable[[int, int], Sql] | None = None


@dataclass(frozen=True, slots=True)
class Ranks:
    """Order statistics of a number: the values at 0-based positions in ascending order."""

    value: Sql
    positions: tuple[int, ...]
    present: int  # how many values there are


@dataclass(frozen=True, slots=True)
class Counted:
    """What the answers say, with the meaning that Great Expectations gives each count."""

    success: bool
    element_count: int | None = None
    missing_count: int | None = None
    unexpected_count: int | None = None
    unexpected_percent: float | None = None
    observed_value: Any = None
    error: str | None = None
    unexpected: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """The values of an expectation's asks in their order, the table's rows, and its order statistics."""

    rows: int
    values: Sequence[Any]
    ranked: Mapping[int, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scan:
    """How one expectation is judged in SQL.

    `answer` returns None where the answers show that only Great Expectations can say it exactly; `unexpected` is
    the condition that finds the breaking rows again in the numbered data; `shown` are the columns of a sample.
    """

    asks: tuple[Ask, ...]
    answer: Callable[[Answers], Counted | None]
    unexpected: Sql | None = None
    shown: tuple[str, ...] = ()
    ranks: Callable[[Answers], Ranks | None] | None = None
