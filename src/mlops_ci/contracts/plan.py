"""Compile expectations into questions for DuckDB; what has no exact equal in SQL is left to Great Expectations."""

from collections.abc import Mapping
from typing import Any

from mlops_ci.contracts import (
    plan_aggregates,
    plan_divergence,
    plan_groups,
    plan_order,
    plan_rows,
    plan_sets,
    plan_tables,
    plan_text,
    plan_values,
)
from mlops_ci.contracts.case import Case, Compiler
from mlops_ci.contracts.columns import is_number
from mlops_ci.contracts.conditions import condition
from mlops_ci.contracts.known import COMMON
from mlops_ci.contracts.scan import Scan
from mlops_ci.contracts.suite import Expectation
from mlops_ci.tools.duckdb import Column, Sql

_CONDITION = frozenset({"row_condition", "condition_parser"})
_NAMES = ("column", "column_A", "column_B", "column_list")
_MAPS = (plan_values, plan_text, plan_order, plan_rows)  # about each value or row: most of them may suffice
_WHOLE = (plan_groups, plan_sets, plan_aggregates, plan_divergence)

_COMPILERS: dict[str, tuple[Compiler, frozenset[str]]] = {
    **{name: (one, more | {"mostly"}) for module in _MAPS for name, (one, more) in module.COMPILERS.items()},
    **{name: found for module in _WHOLE for name, found in module.COMPILERS.items()},
    **plan_tables.COLUMNS,
    **plan_tables.ROWS,
}
COMPILED = frozenset({*plan_tables.TABLE, *_COMPILERS})


def compile_(expectation: Expectation, columns: Mapping[str, Column]) -> Scan | None:
    """Return the scan that judges an expectation exactly; None when only Great Expectations can judge it."""
    kwargs = {key: one for key, one in expectation.kwargs.items() if one is not None and key not in COMMON}
    if not _plain(kwargs):
        return None
    if expectation.type in plan_tables.TABLE:
        compiler, allowed = plan_tables.TABLE[expectation.type]
        return compiler(kwargs, list(columns)) if allowed.issuperset(kwargs) else None
    return _about_columns(expectation.type, kwargs, columns)


def _about_columns(type_: str, kwargs: Mapping[str, Any], columns: Mapping[str, Column]) -> Scan | None:
    names = named(kwargs)
    if names is None:
        return None
    if missing := plan_tables.absent(names, list(columns)):
        return missing
    compiler, allowed = _COMPILERS.get(type_, (None, frozenset()))
    if compiler is None or not {*allowed, *_CONDITION, *_NAMES}.issuperset(kwargs) or _lacks(type_, names):
        return None
    rows: Sql | None = None
    if "row_condition" in kwargs:
        rows = condition(kwargs, columns)
        if rows is None:
            return None
    return compiler(Case(tuple(columns[name] for name in names), kwargs, rows))


def named(kwargs: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the columns that arguments name, in order; None when they are not all texts."""
    single = [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
    listed = kwargs.get("column_list", [])
    names = [*single, *(listed if isinstance(listed, list) else [None])]
    return tuple(names) if all(isinstance(one, str) for one in names) else None


def _lacks(type_: str, names: tuple[str, ...]) -> bool:
    """Say whether columns that the expectation needs are not named, or one is named twice."""
    if type_ in plan_tables.ROWS:
        return bool(names)
    several = type_ in plan_rows.COMPILERS
    twice = len(set(names)) < len(names) and "pair" not in type_
    return twice or (len(names) < 2 if several else len(names) != 1)  # noqa: PLR2004 - a pair


def _plain(kwargs: Mapping[str, Any]) -> bool:
    """Say whether arguments have the types that we compile; suite parameters, for example, have not."""
    mostly = kwargs.get("mostly", 1)
    flags = all(isinstance(kwargs.get(key, False), bool) for key in ("strict_min", "strict_max"))
    return is_number(mostly) and 0 <= mostly <= 1 and flags
