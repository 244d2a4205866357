"""Bounds as Great Expectations reads them, said so that SQL compares exactly as pandas does."""

import math
import re
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from mlops_ci.contracts.case import Case
from mlops_ci.contracts.columns import double, is_number, scale
from mlops_ci.contracts.scan import bound, joined, sql
from mlops_ci.tools.duckdb import Sql

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(Z|[+-]\d{2}:\d{2})?")
_SIDES = (("min_value", "<"), ("max_value", ">"))


def outside(case: Case) -> Sql | None:
    """Return the condition of lying outside the bounds; None without any, or where it is not certain."""
    parts = []
    for key, operator in _SIDES:
        if key in case.kwargs:
            strict = bool(case.kwargs.get(f"strict_{key[:3]}"))
            part = _beyond(case, case.kwargs[key], operator, strict=strict)
            if part is None:
                return None
            parts.append(part)
    return sql("({})", joined(" OR ", parts)) if parts else None


def moment(case: Case, given: object) -> date | datetime | None:
    """Return a bound on dates or times; None where Great Expectations would not take it for one."""
    if not isinstance(given, str):
        return None
    try:
        if case.family == "date":
            return date.fromisoformat(given) if _DATE.fullmatch(given) else None
        form = _TIME.fullmatch(given)
        zoned = form is not None and form.group(1) is not None
        wanted = case.family == "zoned"
        return datetime.fromisoformat(given) if form and zoned == wanted else None
    except ValueError:
        return None


def _beyond(case: Case, given: object, operator: str, *, strict: bool) -> Sql | None:
    equal = "=" if strict else ""
    if case.family in {"date", "datetime", "zoned"}:
        when = moment(case, given)
        return None if when is None else sql(f"{{}} {operator}{equal} {{}}", case.value, bound(when))
    if not is_number(given):
        return None
    number = float(given)
    if case.family in {"integer", "float"}:
        return sql(f"{{}} {operator}{equal} {{}}", double(case.column, case.value), bound(number))
    return _exactly(case, number, operator, strict=strict) if case.family in {"unsigned", "decimal"} else None


def _exactly(case: Case, number: float, operator: str, *, strict: bool) -> Sql | None:
    """Compare with the nearest number that the column can hold, so that no digit is lost on the way.

    Each of v < b, v <= b is the same as v < ceil(b), v <= floor(b) when both are whole; likewise upwards.
    """
    if not math.isfinite(number):
        return None
    steps = Fraction(number) * 10 ** scale(case.column)
    low = operator == "<"
    whole = math.floor(steps) if low == strict else math.ceil(steps)
    if abs(whole) >= 10**37:  # what a decimal holds, with room
        return None
    nearest = Decimal(f"{whole}E-{scale(case.column)}") if scale(case.column) else whole
    return sql(f"{{}} {operator}{'=' if strict else ''} {{}}", case.value, bound(nearest))
