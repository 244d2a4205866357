"""Members of a set of values, as a column can hold them; what it cannot hold can equal none of its values."""

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from mlops_ci.contracts.bounds import moment
from mlops_ci.contracts.case import Case
from mlops_ci.contracts.columns import double, is_number, scale
from mlops_ci.contracts.scan import bound, sql
from mlops_ci.tools.duckdb import Sql

_LARGEST = 10_000  # members of one set that become parameters


def members(case: Case, given: object) -> list[Any] | None:
    """Return the different members that the column can hold, without null; None where equality is not certain."""
    if not isinstance(given, list) or len(given) > _LARGEST:
        return None
    listed = [one for one in given if one is not None]
    match case.family:
        case "integer" | "float" if all(map(is_number, listed)):
            return _numbers(case, listed)
        case "unsigned" | "decimal" if all(map(is_number, listed)):
            return list(dict.fromkeys(_decimals(case, listed)))
        case "text" if all(isinstance(one, str) for one in listed):
            return list(dict.fromkeys(listed))
        case "boolean" if all(isinstance(one, bool) for one in listed):
            return list(dict.fromkeys(listed))
        case _:
            return None


def moments(case: Case, given: object) -> list[Any] | None:
    """Return dates or times written as text; None where one is something else."""
    if case.family not in {"date", "datetime"} or not isinstance(given, list) or len(given) > _LARGEST:
        return None
    found = [moment(case, one) for one in given if one is not None]
    return None if None in found else list(dict.fromkeys(found))


def within(case: Case, listed: Sequence[Any]) -> Sql:
    """Return the condition that the value is one of the members; NULL for a missing value."""
    if not listed:
        return Sql("false")
    if case.family == "text":  # a lookup, made once for each entry of a dictionary: up to fourteen times as fast
        members = bound(list(listed))
        return sql("map_contains(map({}::VARCHAR[], {}::VARCHAR[]), {})", members, members, case.value)
    said = double(case.column, case.value) if any(isinstance(one, float) for one in listed) else case.value
    return sql("{} IN ({})", said, [bound(one) for one in listed])


def _numbers(case: Case, listed: list[Any]) -> list[Any] | None:
    """Return numbers: beside one float all are floats, as numpy has it, if no integer is too large for that."""
    whole = all(isinstance(one, int) for one in listed)
    if case.family == "integer" and whole:
        return list(dict.fromkeys(one for one in listed if -(2**63) <= one < 2**63))
    if any(isinstance(one, int) and abs(one) > 2**53 for one in listed):
        return None
    return list(dict.fromkeys(float(one) for one in listed))


def _decimals(case: Case, listed: list[Any]) -> list[Any]:
    """Return the members that the column holds exactly: 0.1 as a float is no decimal 0.1."""
    digits, found = scale(case.column), []
    for one in listed:
        steps = Fraction(one) * 10**digits if math.isfinite(one) else Fraction(1, 2)
        if steps.denominator == 1 and abs(steps) < 10**38:
            found.append(Decimal(f"{steps.numerator}E-{digits}") if digits else steps.numerator)
    return found
