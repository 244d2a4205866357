"""Row conditions of Great Expectations as SQL: those whose meaning under pandas is certain, in each of its forms."""

import keyword
import re
from collections.abc import Mapping
from typing import Any

from mlops_ci.contracts.columns import family, is_number, value
from mlops_ci.contracts.scan import bound, joined, sql
from mlops_ci.tools.duckdb import Column, Sql

_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
_OPERATOR = r"==|!=|<=|>=|<|>"
_TEXT = r"'([^'\\\n]*)'|\"([^\"\\\n]*)\""
# The library's own language: the column's name in col(), compared with a number or a text, or .notnull().
_OWN = re.compile(
    rf'\s*col\("([^"]+)"\)\s*(?:(\.notnull\(\))|({_OPERATOR})\s*(?:({_NUMBER})|{_TEXT}))\s*', re.IGNORECASE
)
# One comparison of pandas' query language, or .notnull(), or .isnull().
_PANDAS = re.compile(rf"\s*([^\W\d]\w*)\s*(?:\.(notnull|isnull)\(\)|({_OPERATOR})\s*(?:({_NUMBER})|{_TEXT}))\s*")
_NAME = re.compile(r"[^\W\d]\w*(?: \w+)*")
_TAKEN = frozenset({"index", "columns", "not", "and", "or", "in"})
_CONDITIONS = 100  # as many as Great Expectations takes


def condition(kwargs: Mapping[str, Any], columns: Mapping[str, Column]) -> Sql | None:
    """Return which rows count, never NULL; None where only Great Expectations can say it.

    Raises:
        KeyError: there is no row condition.
    """
    given, parser = kwargs["row_condition"], kwargs.get("condition_parser")
    if isinstance(given, dict):
        return _object(given, columns) if parser is None else None
    if not isinstance(given, str):
        return None
    if parser in {"great_expectations", "great_expectations__experimental__"}:
        found = _OWN.fullmatch(given)
        return _from_own(found, columns) if found else None
    return _pandas(given, columns) if parser in {None, "pandas"} else None


def _object(given: Mapping[str, Any], columns: Mapping[str, Column], *, nested: bool = False) -> Sql | None:
    kind, parts = given.get("type"), given.get("conditions")
    if kind in {"and", "or"}:
        if nested or not isinstance(parts, list) or not 0 < len(parts) <= _CONDITIONS:
            return None
        return _all([_object(one, columns, nested=True) if isinstance(one, dict) else None for one in parts], kind)
    named = given.get("column")
    name = named.get("name") if isinstance(named, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _TAKEN:
        return None
    if kind == "nullity":
        return _null(name, columns, missing=given.get("is_null"))
    return _compared(name, given.get("operator"), given.get("parameter"), columns) if kind == "comparison" else None


def _from_own(found: re.Match[str], columns: Mapping[str, Column]) -> Sql | None:
    name, present, operator, number, single, double = found.groups()
    if not _NAME.fullmatch(name) or name in _TAKEN:
        return None
    return _null(name, columns, missing=False) if present else _compared(
        name, operator, _parameter(number, single, double), columns)  # fmt: skip


def _pandas(given: str, columns: Mapping[str, Column]) -> Sql | None:
    parts = [_PANDAS.fullmatch(one) for one in re.split(r"\band\b", given)]
    return _all([_from_pandas(one, columns) if one else None for one in parts], "and")


def _from_pandas(found: re.Match[str], columns: Mapping[str, Column]) -> Sql | None:
    name, nullity, operator, number, single, double = found.groups()
    if keyword.iskeyword(name) or name in _TAKEN:
        return None
    if nullity:
        return _null(name, columns, missing=nullity == "isnull")
    return _compared(name, operator, _parameter(number, single, double), columns)


def _parameter(number: str | None, single: str | None, double: str | None) -> int | float | str | None:
    if number is None:
        return single if single is not None else double
    try:
        return int(number)
    except ValueError:
        return float(number)


def _all(parts: list[Sql | None], word: str) -> Sql | None:
    certain = [one for one in parts if one is not None]
    return sql("({})", joined(f" {word.upper()} ", certain)) if len(certain) == len(parts) else None


def _null(name: str, columns: Mapping[str, Column], *, missing: object) -> Sql | None:
    if name not in columns or not isinstance(missing, bool):
        return None
    return sql(f"({{}} IS {'' if missing else 'NOT '}NULL)", value(columns[name]))


def _compared(name: str, operator: object, given: object, columns: Mapping[str, Column]) -> Sql | None:
    """Compare as pandas does: a missing value differs from everything, and is neither less nor greater."""
    if name not in columns:
        return None
    column, said = columns[name], value(columns[name])
    if operator in {"IN", "NOT_IN"}:
        if not isinstance(given, list) or not given or not all(_fits(column, one) for one in given):
            return None
        inside = sql("coalesce({} IN ({}), false)", said, [bound(one) for one in given])
        return inside if operator == "IN" else sql("NOT {}", inside)
    if not _fits(column, given) or operator not in _OPERATOR.split("|"):
        return None
    if operator == "!=":
        return sql("({} IS DISTINCT FROM {})", said, bound(given))
    return sql(f"coalesce({{}} {'=' if operator == '==' else operator} {{}}, false)", said, bound(given))


def _fits(column: Column, given: object) -> bool:
    if family(column) == "text":
        return isinstance(given, str)
    wide = column.type == "FLOAT" or family(column) == "unsigned"  # numpy compares these in ways of its own
    return family(column) in {"integer", "float"} and not wide and is_number(given) and abs(given) <= 2**53
