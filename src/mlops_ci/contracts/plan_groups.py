"""Expectations that need each different value counted: one grouped query for each column, which spills to disk."""

from collections.abc import Sequence
from typing import Any

from mlops_ci.contracts.case import Case, Compiler, inside, mapped, observed
from mlops_ci.contracts.columns import family, is_number, value
from mlops_ci.contracts.members import members, within
from mlops_ci.contracts.scan import Answers, Ask, Counted, Scan, sql
from mlops_ci.tools.duckdb import Column, Sql, identifier
from mlops_ci.tools.duckdb.table import DATA

SHOWN = 20  # values that are listed before a list is cut


def unique(case: Case) -> Scan | None:
    """Compile `expect_column_values_to_be_unique`: every row of a repeated value is unexpected."""
    if case.family == "other":
        return None
    repeated = sql("SELECT {} FROM data WHERE {} IS NOT NULL GROUP BY 1 HAVING count(*) > 1", case.value, case.value)
    asks = (
        case.elements,
        _of_groups(case, "coalesce(sum(number) FILTER (value IS NOT NULL), 0)"),
        _of_groups(case, "coalesce(sum(number) FILTER (value IS NOT NULL AND number > 1), 0)"),
    )
    condition = sql("({} IS NOT NULL AND {} IN ({}))", case.value, case.value, repeated)
    return Scan(asks, lambda found: mapped(case, *map(int, found.values)), condition, (case.column.name,))


def groups(case: Case, source: Sql = DATA) -> Sql:
    """Return each different value of the rows that count, and how many rows have it; NULL is one of them."""
    return sql("(SELECT {} AS value, count(*) AS number FROM {} GROUP BY 1)", case.value, source)


def _of_groups(case: Case, expression: str) -> Ask:
    parted = None if _part(case, 0, 1) is None else lambda at, of: groups(case, _part(case, at, of) or DATA)
    return Ask(Sql(expression), groups(case), parted)


def _part(case: Case, at: int, of: int) -> Sql | None:
    """Return the rows of one part, equal values in the same; None without text, for all else spills well enough."""
    texts = [identifier(column.name) for column in case.columns if family(column) == "text"]
    if not texts:
        return None
    return Sql(f"(SELECT * FROM data WHERE hash({', '.join(texts)}) % {of} = {at})")  # noqa: S608 - quoted


def unique_count(case: Case) -> Scan | None:
    """Compile `expect_column_unique_value_count_to_be_between`."""
    if case.family == "other" or not case.bounds() or not all(isinstance(one, int) for one in case.bounds()):
        return None
    return Scan((_of_groups(case, "count(value)"),), lambda found: observed(case, found.rows, int(found.values[0])))


def unique_share(case: Case) -> Scan | None:
    """Compile `expect_column_proportion_of_unique_values_to_be_between`; without any value the share is 0."""
    if case.family == "other" or not case.bounds() or not all(map(is_number, case.bounds())):
        return None
    present = _of_groups(case, "coalesce(sum(number) FILTER (value IS NOT NULL), 0)")
    return Scan((_of_groups(case, "count(value)"), present), lambda found: _share(case, found))


def _share(case: Case, found: Answers) -> Counted:
    different, present = map(int, found.values)
    share = different / present if present else 0
    return Counted(inside(share, case.kwargs), found.rows, observed_value=share)


def most_common(case: Case) -> Scan | None:
    """Compile `expect_column_most_common_value_to_be_in_set`."""
    listed = members(case, case.kwargs.get("value_set"))
    if (
        listed is None
        or case.family in {"decimal", "unsigned"}
        or not isinstance(case.kwargs.get("ties_okay", False), bool)
    ):
        return None
    inner = Case((Column("value", case.column.kind, case.column.type),), {})
    ties = sql(
        "(SELECT number, count(*) AS ties, coalesce(count_if({}), 0) AS members, min(value, 20) AS shown"
        " FROM {} WHERE value IS NOT NULL GROUP BY number)",
        within(inner, listed),
        groups(case),
    )
    asks = tuple(Ask(Sql(f"arg_max({name}, number)"), ties) for name in ("ties", "members", "shown"))
    return Scan(asks, lambda found: _modes(case, found))


def _modes(case: Case, found: Answers) -> Counted:
    ties, inside_, shown = found.values[0] or 0, found.values[1] or 0, found.values[2] or []
    success = inside_ > 0 if case.kwargs.get("ties_okay") else ties == 1 and inside_ == 1
    said: list[Any] = list(shown) if ties <= SHOWN else [*shown, f"… ({ties:,} in all)"]
    return Counted(success, found.rows, observed_value=said)


def compound(case: Case) -> Scan:
    """Compile `expect_compound_columns_to_be_unique` for rows that `condition` lets count."""
    names = [value(column) for column in case.columns]
    rows = case.condition or Sql("true")
    repeated = sql("SELECT row({}) FROM data WHERE {} GROUP BY {} HAVING count(*) > 1", names, rows, names)
    condition = sql("({} AND row({}) IN ({}))", rows, names, repeated)
    ask = Ask(
        Sql("coalesce(sum(number) FILTER (number > 1), 0)"),
        _tuples(names, rows),
        None if _part(case, 0, 1) is None else lambda at, of: _tuples(names, rows, _part(case, at, of) or DATA),
    )
    return Scan((ask,), lambda _: None, condition, tuple(column.name for column in case.columns))


def _tuples(names: Sequence[Sql], rows: Sql, source: Sql = DATA) -> Sql:
    """Return how many rows have each different combination of values."""
    return sql("(SELECT count(*) AS number FROM {} WHERE {} GROUP BY {})", source, rows, names)


_BOUNDS = frozenset({"min_value", "max_value", "strict_min", "strict_max"})
COMPILERS: dict[str, tuple[Compiler, frozenset[str]]] = {
    "expect_column_values_to_be_unique": (unique, frozenset({"mostly"})),
    "expect_column_unique_value_count_to_be_between": (unique_count, _BOUNDS),
    "expect_column_proportion_of_unique_values_to_be_between": (unique_share, _BOUNDS),
    "expect_column_most_common_value_to_be_in_set": (most_common, frozenset({"value_set", "ties_okay"})),
}
