"""Compile expectations into the aggregates of one scan; what has no exact equal in SQL is left to its own engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mlops_ci.contracts.regex import to_re2
from mlops_ci.contracts.suite import Expectation
from mlops_ci.tools.duckdb import Column, Sql, identifier

Shape = Literal["absent", "columns", "rows", "nulls", "values", "aggregate"]

_BOUNDS = frozenset({"min_value", "max_value", "strict_min", "strict_max"})
_RUNTIME = frozenset({"batch_id", "result_format", "catch_exceptions"})  # no part of what is expected
_NUMBERS = frozenset({"integer", "float"})


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan must count for one expectation.

    `expressions` are for shape nulls (unexpected), values (missing, unexpected), aggregate (observed), else
    none; `unexpected` is the condition that finds the rows again.
    """

    shape: Shape
    expressions: tuple[Sql, ...] = ()
    unexpected: Sql | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """One column and the arguments that an expectation has about it."""

    column: Column
    kwargs: Mapping[str, Any]

    @property
    def value(self) -> str:
        """Return the column's value as SQL, NULL where pandas would have it missing."""
        name = identifier(self.column.name)
        return f"nullif({name}, 'nan'::{self.column.type})" if self.column.kind == "float" else name


Compiler = Callable[[_Case], Scan | None]


def compile_(expectation: Expectation, columns: Mapping[str, Column]) -> Scan | None:
    """Return the scan that judges an expectation exactly; None when only Great Expectations can judge it."""
    kwargs = {key: one for key, one in expectation.kwargs.items() if one is not None and key not in _RUNTIME}
    name = kwargs.get("column")
    if expectation.type in _TABLE:
        shape, allowed = _TABLE[expectation.type]
        return Scan(shape) if allowed.issuperset(kwargs) and _plain(kwargs) else None
    if isinstance(name, str) and name not in columns:
        return Scan("absent")
    compiler, allowed = _COLUMN.get(expectation.type, (None, frozenset()))
    if compiler is None or not isinstance(name, str) or not {"column", *allowed}.issuperset(kwargs):
        return None
    return compiler(_Case(columns[name], kwargs)) if _plain(kwargs) else None


def _plain(kwargs: Mapping[str, Any]) -> bool:
    """Say whether arguments have the types that we compile; suite parameters and dates, for example, have not."""
    checks: dict[str, Callable[[Any], bool]] = {
        "mostly": lambda one: _is_number(one) and 0 <= one <= 1,
        "strict_min": lambda one: isinstance(one, bool),
        "strict_max": lambda one: isinstance(one, bool),
        "exact_match": lambda one: isinstance(one, bool),
        "value_set": lambda one: isinstance(one, list),
        "column_set": lambda one: isinstance(one, list) and all(isinstance(name, str) for name in one),
        "regex": lambda one: isinstance(one, str),
    }
    return all(checks[key](one) for key, one in kwargs.items() if key in checks)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _values(case: _Case, wrong: Sql) -> Scan:
    """Return the scan of an expectation about each value that is not missing."""
    missing = Sql(f"count(*) FILTER (WHERE {case.value} IS NULL)")
    condition = Sql(f"{case.value} IS NOT NULL AND {wrong.text}", wrong.values)
    return Scan("values", (missing, Sql(f"count(*) FILTER (WHERE {condition.text})", condition.values)), condition)


def _nulls(condition: str) -> Compiler:
    def compiler(case: _Case) -> Scan:
        wrong = Sql(f"{case.value} {condition}")
        return Scan("nulls", (Sql(f"count(*) FILTER (WHERE {wrong.text})"),), wrong)

    return compiler


def _unique(case: _Case) -> Scan | None:
    if case.column.kind == "other":
        return None
    repeated = f"SELECT {case.value} FROM data WHERE {case.value} IS NOT NULL GROUP BY 1 HAVING count(*) > 1"  # noqa: S608
    unexpected = Sql(f"(SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM data WHERE {case.value} IS NOT NULL"  # noqa: S608
                     f" GROUP BY {case.value} HAVING count(*) > 1))")  # fmt: skip
    missing = Sql(f"count(*) FILTER (WHERE {case.value} IS NULL)")
    return Scan("values", (missing, unexpected), Sql(f"{case.value} IN ({repeated})"))


def _outside(value: str, kwargs: Mapping[str, Any]) -> Sql | None:
    """Return the condition of lying outside the bounds; None without any."""
    parts, values = [], []
    for key, loose, strict in (("min_value", "<", "<="), ("max_value", ">", ">=")):
        if key in kwargs:
            parts.append(f"{value} {strict if kwargs.get(f'strict_{key[:3]}') else loose} ?")
            values.append(kwargs[key])
    return Sql(f"({' OR '.join(parts)})", tuple(values)) if parts else None


def _between(case: _Case) -> Scan | None:
    bounds = [case.kwargs[key] for key in ("min_value", "max_value") if key in case.kwargs]
    numbers = case.column.kind in _NUMBERS and all(map(_is_number, bounds))
    wrong = _outside(case.value, case.kwargs)
    return _values(case, wrong) if wrong and numbers else None


def _lengths(case: _Case) -> Scan | None:
    bounds = [case.kwargs[key] for key in ("min_value", "max_value") if key in case.kwargs]
    wrong = _outside(f"length({case.value})", case.kwargs)
    fits = case.column.kind == "text" and all(map(_is_number, bounds))
    return _values(case, wrong) if wrong and fits else None


def _set(word: str) -> Compiler:
    def compiler(case: _Case) -> Scan | None:
        members = [one for one in case.kwargs.get("value_set", ()) if one is not None]
        fits: dict[str, Callable[[object], bool]] = {
            "integer": _is_number,
            "float": _is_number,
            "text": lambda one: isinstance(one, str),
            "boolean": lambda one: isinstance(one, bool),
        }
        if (
            "value_set" not in case.kwargs
            or case.column.kind not in fits
            or not all(map(fits[case.column.kind], members))
        ):
            return None
        inside = f"{case.value} IN ({', '.join('?' * len(members))})" if members else "false"
        return _values(case, Sql(f"{word} ({inside})", tuple(members)))

    return compiler


def _regex(case: _Case) -> Scan | None:
    pattern = to_re2(case.kwargs.get("regex", "("))
    if case.column.kind != "text" or pattern is None:
        return None
    return _values(case, Sql(f"NOT regexp_matches({case.value}, ?)", (pattern,)))


def _aggregate(function: str, kinds: frozenset[str]) -> Compiler:
    def compiler(case: _Case) -> Scan | None:
        bounds = [case.kwargs[key] for key in ("min_value", "max_value") if key in case.kwargs]
        if case.column.kind not in kinds or not bounds or not all(map(_is_number, bounds)):
            return None
        return Scan("aggregate", (Sql(function.format(case.value)),))

    return compiler


_TABLE: dict[str, tuple[Shape, frozenset[str]]] = {
    "expect_column_to_exist": ("columns", frozenset({"column"})),
    "expect_table_columns_to_match_set": ("columns", frozenset({"column_set", "exact_match"})),
    "expect_table_row_count_to_be_between": ("rows", frozenset({"min_value", "max_value"})),
}
# A sum of floats depends on the order of its terms; so sum, mean and median are ours for integers only.
_COLUMN: dict[str, tuple[Compiler, frozenset[str]]] = {
    "expect_column_values_to_not_be_null": (_nulls("IS NULL"), frozenset({"mostly"})),
    "expect_column_values_to_be_null": (_nulls("IS NOT NULL"), frozenset({"mostly"})),
    "expect_column_values_to_be_unique": (_unique, frozenset({"mostly"})),
    "expect_column_values_to_be_between": (_between, _BOUNDS | {"mostly"}),
    "expect_column_value_lengths_to_be_between": (_lengths, _BOUNDS | {"mostly"}),
    "expect_column_values_to_be_in_set": (_set("NOT"), frozenset({"value_set", "mostly"})),
    "expect_column_values_to_not_be_in_set": (_set(""), frozenset({"value_set", "mostly"})),
    "expect_column_values_to_match_regex": (_regex, frozenset({"regex", "mostly"})),
    "expect_column_min_to_be_between": (_aggregate("min({})", _NUMBERS), _BOUNDS),
    "expect_column_max_to_be_between": (_aggregate("max({})", _NUMBERS), _BOUNDS),
    "expect_column_sum_to_be_between": (_aggregate("coalesce(sum({}), 0)", frozenset({"integer"})), _BOUNDS),
    "expect_column_mean_to_be_between": (_aggregate("avg({})", frozenset({"integer"})), _BOUNDS),
    "expect_column_median_to_be_between": (_aggregate("median({})", frozenset({"integer"})), _BOUNDS),
}
COMPILED = frozenset({*_TABLE, *_COLUMN})
