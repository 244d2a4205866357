"""Expectations about one number of a column: extremes, sums, means, deviations, shares, quantiles."""

import math
from dataclasses import replace
from typing import Any

from mlops_ci.contracts.bounds import moment
from mlops_ci.contracts.case import Case, Compiler, inside, numbers, observed
from mlops_ci.contracts.columns import is_number
from mlops_ci.contracts.order_statistics import QUANTILES, interpolated, positions
from mlops_ci.contracts.scan import Answers, Ask, Counted, Ranks, Scan, sql
from mlops_ci.tools.duckdb import Sql

_PLAIN = frozenset({"integer", "float"})
_ADDED = _PLAIN | {"decimal"}  # which Great Expectations makes floats, one at a time


def extreme(function: str) -> Compiler:
    """Return a compiler of `expect_column_min_to_be_between` or `…_max_…`."""

    def compiler(case: Case) -> Scan | None:
        bounds = case.bounds()
        ask = (Ask(sql(f"{function}({{}})", case.value)),)
        if case.family in {"date", "datetime", "zoned"}:
            when = {key: moment(case, case.kwargs[key]) for key in ("min_value", "max_value") if key in case.kwargs}
            if not bounds or None in when.values():
                return None
            within = Case(case.columns, {**case.kwargs, **when}, case.condition)
            return Scan(ask, lambda found: observed(within, found.rows, found.values[0]))
        if not numbers(case) or case.family not in {"integer", "unsigned", "float", "decimal"}:
            return None
        return Scan(ask, lambda found: _extreme(case, found))

    return compiler


def _extreme(case: Case, found: Answers) -> Counted:
    (seen,) = found.values
    limits = {key: float(one) if is_number(one) else one for key, one in case.kwargs.items()}
    # numpy compares as floats, decimal.Decimal exactly
    said = seen if seen is None or case.family == "decimal" else float(seen)
    return replace(observed(Case(case.columns, limits), found.rows, said), observed_value=seen)


def total(case: Case) -> Scan | None:
    """Compile `expect_column_sum_to_be_between`; floats are added with compensation, so order does not matter."""
    if case.family not in _ADDED or not numbers(case):
        return None
    said = "coalesce(sum({}), 0)" if case.family == "integer" else "coalesce(fsum({}::DOUBLE), 0)"
    return Scan((Ask(sql(said, case.value)),), lambda found: _finite(case, found))


def mean(case: Case) -> Scan | None:
    """Compile `expect_column_mean_to_be_between`."""
    if case.family not in _ADDED or not numbers(case):
        return None
    function = "avg({})" if case.family == "integer" else "favg({}::DOUBLE)"
    return Scan((Ask(sql(function, case.value)),), lambda found: _finite(case, found))


def deviation(case: Case) -> Scan | None:
    """Compile `expect_column_stdev_to_be_between`: of the sample, by Welford's running update."""
    if case.family not in _ADDED or not numbers(case):
        return None
    return Scan((Ask(sql("stddev_samp({}::DOUBLE)", case.value)),), lambda found: _finite(case, found))


def _finite(case: Case, found: Answers) -> Counted | None:
    (seen,) = found.values
    if seen is not None and not math.isfinite(seen):
        return None  # infinities among the values, or a sum that is one: pandas has rules of its own
    return observed(case, found.rows, seen)


def present_share(case: Case) -> Scan | None:
    """Compile `expect_column_proportion_of_non_null_values_to_be_between`."""
    if not numbers(case):
        return None
    return Scan((case.elements, Ask(sql("count({})", case.value))), lambda found: _share(case, found))


def _share(case: Case, found: Answers) -> Counted:
    elements, present = map(int, found.values)
    share = present / elements if elements else 0
    return Counted(inside(share, case.kwargs), found.rows, observed_value=share)


def median(case: Case) -> Scan | None:
    """Compile `expect_column_median_to_be_between`."""
    if case.family not in _PLAIN or not numbers(case):
        return None
    return Scan(_asked(case), lambda found: _median(case, found), ranks=lambda found: _ranks(case, found, [0.5]))


def _asked(case: Case) -> tuple[Ask, ...]:
    """Ask for how many values there are, and for infinities, which cannot be interpolated."""
    count = Ask(sql("count({})", case.value))
    infinite = sql("coalesce(count_if(isinf({})), 0)", case.value) if case.family == "float" else Sql("0")
    return (count, Ask(infinite))


def _ranks(case: Case, found: Answers, fractions: list[float]) -> Ranks | None:
    present, infinite = found.values
    if infinite or not present:
        return None
    wanted = {at for one in fractions for at in positions(one, present)}
    return Ranks(case.value, tuple(sorted(wanted)), present)


def _median(case: Case, found: Answers) -> Counted | None:
    present, infinite = found.values
    if infinite:
        return None
    if not present:
        return Counted(success=False, element_count=found.rows)
    low, high = (float(found.ranked[at]) for at in ((present - 1) // 2, present // 2))
    return observed(case, found.rows, low if low == high else (low + high) / 2)


def quantiles(case: Case) -> Scan | None:
    """Compile `expect_column_quantile_values_to_be_between`."""
    given, how = case.kwargs.get("quantile_ranges"), case.kwargs.get("allow_relative_error") or "nearest"
    if case.family not in _PLAIN or how not in QUANTILES or not _ranges(given):
        return None
    fractions = [float(one) for one in given["quantiles"]]  # type: ignore[index] # checked above
    return Scan(
        _asked(case),
        lambda found: _quantiles(case, found, fractions, str(how)),
        ranks=lambda found: _ranks(case, found, fractions),
    )


def _ranges(given: Any) -> bool:  # noqa: ANN401 - whatever the contract says
    if not isinstance(given, dict) or set(given) != {"quantiles", "value_ranges"}:
        return False
    fractions, ranges = given["quantiles"], given["value_ranges"]
    listed = isinstance(fractions, list) and isinstance(ranges, list) and len(fractions) == len(ranges) > 0
    return listed and all(is_number(one) and 0 <= one <= 1 for one in fractions) and all(map(_range, ranges))


def _range(pair: object) -> bool:
    if not isinstance(pair, list) or len(pair) != 2 or not all(one is None or is_number(one) for one in pair):  # noqa: PLR2004 - low and high
        return False
    return None in pair or pair[0] <= pair[1]


def _quantiles(case: Case, found: Answers, fractions: list[float], how: str) -> Counted | None:
    present, infinite = found.values
    if infinite or not present:
        return None
    seen = [interpolated(one, present, found.ranked, how) for one in fractions]
    ranges = case.kwargs["quantile_ranges"]["value_ranges"]
    success = all(_in_range(float(one), *pair) for one, pair in zip(seen, ranges, strict=True))
    return Counted(success, found.rows, observed_value={"quantiles": fractions, "values": seen})


def _in_range(seen: float, low: float | None, high: float | None) -> bool:
    """Say whether a quantile lies in its range; one within 0.01 % of an end counts as the end."""
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    return low <= seen <= high or any(
        abs(seen - end) <= 1e-8 + 1e-4 * abs(end) for end in (low, high) if math.isfinite(end)
    )


_BOUNDS = frozenset({"min_value", "max_value", "strict_min", "strict_max"})
COMPILERS: dict[str, tuple[Compiler, frozenset[str]]] = {
    "expect_column_min_to_be_between": (extreme("min"), _BOUNDS),
    "expect_column_max_to_be_between": (extreme("max"), _BOUNDS),
    "expect_column_sum_to_be_between": (total, _BOUNDS),
    "expect_column_mean_to_be_between": (mean, _BOUNDS),
    "expect_column_stdev_to_be_between": (deviation, _BOUNDS),
    "expect_column_median_to_be_between": (median, _BOUNDS),
    "expect_column_proportion_of_non_null_values_to_be_between": (present_share, _BOUNDS),
    "expect_column_quantile_values_to_be_between": (quantiles, frozenset({"quantile_ranges", "allow_relative_error"})),
}
