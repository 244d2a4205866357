"""Kullback-Leibler divergence from a partition that the contract gives, with holdouts for what nobody expected."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from mlops_ci.contracts.case import Case, Compiler, count_if
from mlops_ci.contracts.columns import double, is_number
from mlops_ci.contracts.members import members
from mlops_ci.contracts.plan_groups import groups
from mlops_ci.contracts.scan import Answers, Ask, Counted, Scan, bound, sql

_LARGEST = 1_000  # parts of a partition


def divergence(case: Case) -> Scan | None:
    """Compile `expect_column_kl_divergence_to_be_less_than` for a given partition and threshold."""
    given = case.kwargs.get("partition_object")
    if (
        not isinstance(given, dict)
        or not _share(case, "tail_weight_holdout")
        or not _share(case, "internal_weight_holdout")
    ):
        return None
    threshold = case.kwargs.get("threshold")
    if not is_number(threshold) or threshold < 0 or case.kwargs.get("bucketize_data", True) is not True:
        return None
    if not _numbers(given.get("weights")) or len(given["weights"]) > _LARGEST:
        return None
    return _values(case, given) if set(given) == {"values", "weights"} else _bins(case, given)


def _share(case: Case, key: str) -> bool:
    given = case.kwargs.get(key, 0)
    return is_number(given) and 0 <= given <= 1


def _numbers(listed: object) -> bool:
    return (
        isinstance(listed, list)
        and bool(listed)
        and all(is_number(one) and math.isfinite(one) and one >= 0 for one in listed)
    )


def _holdout(case: Case, key: str) -> float:
    return float(case.kwargs.get(key, 0))


def _values(case: Case, given: Mapping[str, Any]) -> Scan | None:
    """Compare shares of values; those that nobody expected share the holdout evenly."""
    weights, listed = given["weights"], members(case, given["values"])
    sound = listed is not None and len(listed) == len(given["values"]) == len(weights) and abs(sum(weights) - 1) <= 1e-5  # noqa: PLR2004 - as numpy's allclose
    if (
        not sound
        or listed is None
        or case.family not in {"integer", "text"}
        or _holdout(case, "internal_weight_holdout")
    ):
        return None
    inner = [bound(one) for one in listed]
    relation = groups(case)
    counts = [Ask(sql("coalesce(sum(number) FILTER (value = {}), 0)", one), relation) for one in inner]
    other = sql("value IS NOT NULL AND value NOT IN ({})", inner)
    kinds = Ask(sql("count(*) FILTER ({})", other), relation)
    entropy = Ask(sql("coalesce(fsum(number * ln(number)) FILTER ({}), 0)", other), relation)
    number = Ask(sql("coalesce(sum(number) FILTER ({}), 0)", other), relation)
    return Scan((*counts, kinds, entropy, number), lambda found: _from_values(case, weights, found))


def _from_values(case: Case, weights: Sequence[float], found: Answers) -> Counted | None:
    *counts, kinds, entropy, number = map(float, found.values)
    present, holdout = sum(counts) + number, _holdout(case, "tail_weight_holdout")
    if not present:
        return None
    expected = [one * (1 - holdout) if kinds else one for one in weights]
    whole = sum(expected) + (holdout if kinds else 0)
    parts = [_part(count / present, weight / whole) for count, weight in zip(counts, expected, strict=True)]
    if kinds:
        each = holdout / kinds / whole
        # The sum over the unexpected values of p ln(p / q), with p = n / N and the same q for each.
        parts.append((entropy - number * math.log(present * each)) / present if each else math.inf)
    return _judged(case, math.fsum(parts), found.rows)


def _part(share: float, expected: float) -> float:
    if not share:
        return 0.0
    return share * math.log(share / expected) if expected else math.inf


def _bins(case: Case, given: Mapping[str, Any]) -> Scan | None:
    """Compare shares of bins, each closed below, the last one above, too; and of the two tails."""
    bins, weights, tails = given.get("bins", []), given["weights"], given.get("tail_weights", [])
    if (
        not set(given) <= {"bins", "weights", "tail_weights"}
        or case.family not in {"integer", "float"}
        or not _edges(bins)
    ):
        return None
    if tails and (not _numbers(tails) or len(tails) != 2 or _holdout(case, "tail_weight_holdout")):  # noqa: PLR2004 - two tails
        return None
    if len(bins) != len(weights) + 1 or abs(sum([*weights, *tails]) - 1) > 1e-5:  # noqa: PLR2004 - as numpy's allclose
        return None
    said = double(case.column, case.value)
    edges = [bound(float(one)) for one in bins]
    counts = [
        Ask(
            count_if(
                case.value, sql(f"{{}} >= {{}} AND {{}} <{'=' * (at == len(weights) - 1)} {{}}", said, low, said, high)
            )
        )
        for at, (low, high) in enumerate(pairwise(edges))
    ]
    below = Ask(count_if(case.value, sql("{} < {}", said, edges[0])))
    above = Ask(count_if(case.value, sql("{} > {}", said, edges[-1])))
    return Scan((below, *counts, above), lambda found: _from_bins(case, given, found))


def _edges(bins: Any) -> bool:  # noqa: ANN401 - whatever the contract says
    finite = isinstance(bins, list) and len(bins) > 1 and all(is_number(one) and math.isfinite(one) for one in bins)
    return finite and all(low < high for low, high in pairwise(bins))


def _from_bins(case: Case, given: Mapping[str, Any], found: Answers) -> Counted | None:
    counts = list(map(float, found.values))
    present = sum(counts)
    if not present:
        return None
    tail, internal = _holdout(case, "tail_weight_holdout"), _holdout(case, "internal_weight_holdout")
    weights = [one * (1 - tail - internal) for one in given["weights"]]
    empty = weights.count(0)
    if internal and empty:
        weights = [one or internal / empty for one in weights]
    low, high = given.get("tail_weights") or [tail / 2, tail / 2]
    expected = [low, *weights, high]
    whole = sum(expected)
    if not whole:
        return None
    parts = [_part(count / present, weight / whole) for count, weight in zip(counts, expected, strict=True)]
    return _judged(case, math.fsum(parts), found.rows)


def _judged(case: Case, seen: float, rows: int) -> Counted:
    return Counted(seen <= case.kwargs["threshold"], rows, observed_value=seen if math.isfinite(seen) else None)


COMPILERS: dict[str, tuple[Compiler, frozenset[str]]] = {
    "expect_column_kl_divergence_to_be_less_than": (
        divergence,
        frozenset(
            {"partition_object", "threshold", "tail_weight_holdout", "internal_weight_holdout", "bucketize_data"}
        ),
    ),
}
