"""Expectations that compare columns within one row: pairs, sums, and equal or different values."""

from itertools import combinations

from mlops_ci.contracts.case import Case, Compiler, mapped
from mlops_ci.contracts.columns import NUMBERS, family, is_number, value
from mlops_ci.contracts.plan_groups import compound as compound_
from mlops_ci.contracts.scan import Answers, Ask, Counted, Scan, bound, joined, sql
from mlops_ci.tools.duckdb import Column, Sql

_ALL = frozenset({"both_values_are_missing", "all_values_are_missing"})
_ANY = frozenset({"either_value_is_missing", "any_value_is_missing"})
_NEVER = frozenset({"neither", "never"})
_ORDERED = frozenset({"text", "date", "datetime", "zoned"})
_LARGEST = 500  # pairs of a set
_LEFT_TO_RIGHT = 7  # numbers that numpy adds one after the other


def counting(case: Case, default: str) -> Sql | None:
    """Return which rows are judged: those of the condition without those to be ignored; None for an unknown word."""
    ignored = case.kwargs.get("ignore_row_if", default)
    missing = [sql("{} IS NULL", value(column)) for column in case.columns]
    parts = [] if case.condition is None else [case.condition]
    if ignored in _ALL:
        parts.append(sql("NOT ({})", joined(" AND ", missing)))
    elif ignored in _ANY:
        parts.append(sql("NOT ({})", joined(" OR ", missing)))
    elif ignored not in _NEVER:
        return None
    return joined(" AND ", parts) if parts else Sql("true")


def by_row(case: Case, wrong: Sql, default: str = "all_values_are_missing") -> Scan | None:
    """Return the scan of an expectation about each row; `wrong` is never NULL."""
    rows = counting(case, default)
    if rows is None:
        return None
    condition = sql("({} AND {})", rows, wrong)
    asks = (case.elements, Ask(sql("coalesce(count_if({}), 0)", rows)),
            Ask(sql("coalesce(count_if({}), 0)", condition)))  # fmt: skip
    shown = tuple(dict.fromkeys(column.name for column in case.columns))
    return Scan(asks, lambda found: mapped(case, *map(int, found.values)), condition, shown)


def comparable(columns: tuple[Column, ...]) -> tuple[Sql, ...] | None:
    """Return the columns as values that SQL compares as numpy does; None where that is not certain."""
    families = {family(column) for column in columns}
    if families <= NUMBERS:
        as_float = "float" in families
        return tuple(sql("{}::DOUBLE", value(one)) if as_float else value(one) for one in columns)
    same = len(families) == 1 and (families & _ORDERED or len({column.type for column in columns}) == 1)
    return tuple(map(value, columns)) if same and not families & {"other", "boolean"} else None


def greater(case: Case) -> Scan | None:
    """Compile `expect_column_pair_values_a_to_be_greater_than_b`; a missing value is never greater."""
    pair, equal = comparable(case.columns), case.kwargs.get("or_equal", False)
    if pair is None or not isinstance(equal, bool):
        return None
    wrong = sql(f"NOT coalesce({{}} {'>=' if equal else '>'} {{}}, false)", *pair)
    return by_row(case, wrong, "both_values_are_missing")


def equal(case: Case) -> Scan | None:
    """Compile `expect_column_pair_values_to_be_equal`; two missing values are not equal."""
    pair = comparable(case.columns)
    if pair is None:
        return None
    return by_row(case, sql("NOT coalesce({} = {}, false)", *pair), "both_values_are_missing")


def pair_in_set(case: Case) -> Scan | None:
    """Compile `expect_column_pair_values_to_be_in_set`; null in a pair stands for a missing value.

    With a row condition Great Expectations counts in ways of its own here.
    """
    pairs = case.kwargs.get("value_pairs_set")
    if case.condition is not None or not isinstance(pairs, list) or len(pairs) > _LARGEST:
        return None
    if not all(_is_pair(case, one) for one in pairs):
        return None
    names = [value(column) for column in case.columns]
    parts = [joined(" AND ", [_same(name, one) for name, one in zip(names, pair, strict=True)]) for pair in pairs]
    inside = sql("({})", joined(" OR ", [sql("({})", part) for part in parts])) if parts else Sql("false")
    return by_row(case, sql("NOT {}", inside), "both_values_are_missing")


def _is_pair(case: Case, pair: object) -> bool:
    if not isinstance(pair, list) or len(pair) != len(case.columns):
        return False
    return all(one is None or _fits(column, one) for column, one in zip(case.columns, pair, strict=True))


def _fits(column: Column, one: object) -> bool:
    if family(column) in {"integer", "float"}:
        return is_number(one) and abs(one) <= 2**53
    return family(column) == "text" and isinstance(one, str)


def _same(name: Sql, one: object) -> Sql:
    return sql("{} IS NULL", name) if one is None else sql("coalesce({} = {}, false)", name, bound(one))


def total(case: Case) -> Scan | None:
    """Compile `expect_multicolumn_sum_to_equal`; a sum with a missing value equals nothing."""
    wanted, families = case.kwargs.get("sum_total"), {family(column) for column in case.columns}
    few = len(case.columns) <= _LEFT_TO_RIGHT
    if not is_number(wanted) or not few or any(column.type in {"FLOAT", "UBIGINT"} for column in case.columns):
        return None
    if not families <= {"integer", "float"}:
        return None
    type_ = "DOUBLE" if "float" in families else "HUGEINT"
    added = joined(" + ", [sql(f"{{}}::{type_}", value(column)) for column in case.columns])
    wrong = sql("NOT coalesce(({})::DOUBLE = {}, false)", added, bound(float(wanted)))
    return by_row(case, wrong)


def all_equal(case: Case) -> Scan | None:
    """Compile `expect_multicolumn_values_to_be_equal`; missing values equal each other here."""
    names = comparable(case.columns)
    if names is None:
        return None
    different = [sql("{} IS DISTINCT FROM {}", names[0], other) for other in names[1:]]
    return by_row(case, sql("({})", joined(" OR ", different)))


def all_different(case: Case) -> Scan | None:
    """Compile `expect_select_column_values_to_be_unique_within_record`; missing values equal each other here."""
    names = comparable(case.columns)
    if names is None or {family(column) for column in case.columns} & {"decimal", "date", "datetime", "zoned"}:
        return None
    same = [sql("{} IS NOT DISTINCT FROM {}", one, other) for one, other in combinations(names, 2)]
    return by_row(case, sql("({})", joined(" OR ", same)))


def compound(case: Case) -> Scan | None:
    """Compile `expect_compound_columns_to_be_unique`; missing values equal each other here."""
    rows = counting(case, "all_values_are_missing")
    if rows is None or "other" in {family(column) for column in case.columns}:
        return None
    grouped = compound_(Case(case.columns, case.kwargs, rows))
    counted = Ask(sql("coalesce(count_if({}), 0)", rows))
    return Scan(
        (case.elements, counted, *grouped.asks), lambda found: _mapped(case, found), grouped.unexpected, grouped.shown
    )


def _mapped(case: Case, found: Answers) -> Counted:
    return mapped(case, *map(int, found.values))


_PAIR = frozenset({"ignore_row_if"})
COMPILERS: dict[str, tuple[Compiler, frozenset[str]]] = {
    "expect_column_pair_values_a_to_be_greater_than_b": (greater, _PAIR | {"or_equal"}),
    "expect_column_pair_values_to_be_equal": (equal, _PAIR),
    "expect_column_pair_values_to_be_in_set": (pair_in_set, _PAIR | {"value_pairs_set"}),
    "expect_multicolumn_sum_to_equal": (total, _PAIR | {"sum_total"}),
    "expect_multicolumn_values_to_be_equal": (all_equal, _PAIR),
    "expect_select_column_values_to_be_unique_within_record": (all_different, _PAIR),
    "expect_compound_columns_to_be_unique": (compound, _PAIR),
}
