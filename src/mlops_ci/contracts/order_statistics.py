"""Exact order statistics in bounded memory: at once for small tables, inside an estimated bracket for large ones."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_ci.contracts.scan import Ranks, bound, joined, sql
from mlops_ci.tools.duckdb import Sql, Table

QUANTILES = ("linear", "lower", "higher", "midpoint", "nearest")
AT_ONCE = 2_000_000  # values of a column that are held in memory together
_MARGIN = 0.002  # how far a bracket reaches to either side, as a share of the values


def positions(fraction: float, present: int) -> tuple[int, int]:
    """Return the 0-based ranks between which a quantile of so many values lies."""
    at = fraction * (present - 1)
    return math.floor(at), min(math.floor(at) + 1, present - 1)


def interpolated(fraction: float, present: int, ranked: Mapping[int, Any], how: str) -> Any:  # noqa: ANN401 - a number
    """Return a quantile by one of numpy's methods (Hyndman and Fan 1996, type 7, and its discrete kin)."""
    at = fraction * (present - 1)
    below, above = positions(fraction, present)
    low, high, part = ranked[below], ranked[above], at - below
    match how:
        case "lower":
            return low
        case "higher":
            return high if part else low
        case "nearest":
            return ranked[round(at)]  # half to even, as numpy has it
        case "midpoint":
            return (low + high) / 2 if part else float(low)
        case _:
            step = float(high) - float(low)
            return float(low) + step * part if part < 0.5 else float(high) - step * (1 - part)  # noqa: PLR2004 - numpy's lerp


def ranked(table: Table, wanted: Sequence[Ranks], *, at_once: int = AT_ONCE) -> list[dict[int, Any]]:
    """Return the value at each wanted position, for each wanted column; one more scan, or three for a large one."""
    small = [one for one in wanted if one.present <= at_once]
    found = dict(zip(map(id, small), _at_once(table, small), strict=True))
    return [found[id(one)] if id(one) in found else _bracketed(table, one) for one in wanted]


def _at_once(table: Table, wanted: Sequence[Ranks]) -> list[dict[int, Any]]:
    if not wanted:
        return []
    expressions = []
    for one in wanted:
        fractions = ", ".join(
            repr((at + 0.5) / one.present) for at in one.positions
        )  # midway: no rounding to a neighbour
        expressions.append(sql("quantile_disc({}, [" + fractions + "])", one.value))
    values = table.aggregate(expressions)
    return [dict(zip(one.positions, found, strict=True)) for one, found in zip(wanted, values, strict=True)]


def _bracketed(table: Table, wanted: Ranks) -> dict[int, Any]:
    """Estimate where each position lies, then sort only what is there; widen until the counts prove it."""
    found: dict[int, Any] = {}
    margin = _MARGIN
    while missing := [at for at in wanted.positions if at not in found]:
        brackets = _brackets(table, wanted, missing, margin)
        for at, (low, high) in zip(missing, brackets, strict=True):
            one = _inside(table, wanted, at, low, high)
            if one is not None:
                found[at] = one
        margin *= 8
    return found


def _brackets(table: Table, wanted: Ranks, missing: Sequence[int], margin: float) -> list[tuple[Any, Any]]:
    """Return two values around each position; None for an open end."""
    shares = [(at + 0.5) / wanted.present for at in missing]
    ends = [min(max(share + side, 0.0), 1.0) for share in shares for side in (-margin, margin)]
    listed = ", ".join(map(repr, ends))
    (values,) = table.aggregate([sql("approx_quantile({}, [" + listed + "])", wanted.value)])
    pairs = zip(ends[::2], ends[1::2], values[::2], values[1::2], strict=True)
    return [(None if low == 0 else first, None if high == 1 else last) for low, high, first, last in pairs]


def _inside(table: Table, wanted: Ranks, at: int, low: Any, high: Any) -> Any:  # noqa: ANN401 - numbers of the column
    """Return the value at a position if it lies in the bracket, ends included; None where the estimate was wrong."""
    within = [sql("{} IS NOT NULL", wanted.value)]
    within += [] if low is None else [sql("{} >= {}", wanted.value, bound(low))]
    within += [] if high is None else [sql("{} <= {}", wanted.value, bound(high))]
    before = Sql("count(NULL)") if low is None else sql("coalesce(count_if({} < {}), 0)", wanted.value, bound(low))
    (below,) = table.aggregate([before])
    counted = sql(
        "(SELECT value, sum(number) OVER (ORDER BY value) AS upto FROM"
        " (SELECT {} AS value, count(*) AS number FROM data WHERE {} GROUP BY 1))",
        wanted.value,
        joined(" AND ", within),
    )
    (value,) = table.aggregate([sql("min(value) FILTER (upto > {})", bound(at - int(below)))], counted)
    return value if at >= int(below) else None
