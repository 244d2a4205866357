"""One-sided 95 % bounds for the difference of two models on the same rows.

All bounds are the two ends of a 90 % interval, so each is one-sided 95 %. Differences are challenger minus
champion on a scale where more is better.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mlops_ci.stats.units import ROWS, Units

Floats = NDArray[np.float64]

Z = 1.6448536269514722  # standard normal quantile of 0.95
POWER_Z = 0.8416212335729143  # of 0.80
LEVEL = 0.95
POWER = 0.80
_NO_SKEWNESS = 1e-9


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its one-sided 95 % bounds, and the smallest effect it shows with 80 % power.

    `p_below(t)` is the p-value of "the truth is at least t", against "it is lower"; it agrees with `high`.
    """

    value: float
    low: float
    high: float
    detectable: float
    method: str
    p_below: Callable[[float], float] = field(default=lambda _: 1.0, compare=False, repr=False)


def studentised(
    value: float, error: float, freedom: int, method: str, skewness: float = 0.0, step: float = 0.0
) -> Interval:
    """Return the interval of an estimate with a standard error that was estimated with so many degrees of freedom.

    Where few units decide, `skewness` (the estimate's) moves both bounds to the same side, and as estimates then come
    in steps, a third of a step moves them outwards.

    Source: Hall (1992), Journal of the Royal Statistical Society B 54:221-228, for the skewness.
    """
    outwards = step / 3
    quantile, power = (float(special.stdtrit(freedom, level)) for level in (LEVEL, POWER))
    return Interval(
        value,
        value - _skewed(quantile, skewness) * error - outwards,
        value - _skewed(-quantile, skewness) * error + outwards,
        (quantile + power) * error,
        method,
        lambda truth: float(
            special.stdtr(freedom, _unskewed(_standardised(_inwards(value - truth, outwards), error), skewness))
        ),
    )


def _inwards(difference: float, step: float) -> float:
    return float(np.copysign(max(abs(difference) - step, 0.0), difference))


def _unskewed(t: float, skewness: float) -> float:
    """Return what has no skewness any more of a studentised difference."""
    return t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / 6


def _skewed(quantile: float, skewness: float) -> float:
    """Return the studentised difference that `_unskewed` turns into a quantile."""
    if abs(skewness) < _NO_SKEWNESS:
        return quantile
    return float(3 / skewness * (np.cbrt(1 + skewness * (quantile - skewness / 6)) - 1))


def mean(scores: Floats, units: Units = ROWS) -> Interval:
    """Return the mean of per-row scores, shape (n,), by Student's t.

    With weights or clusters: the weighted mean with the delete-one-unit jackknife's error, which is the usual one
    when every row counts the same, and t with units − 1 degrees of freedom.

    Raises:
        ValueError: fewer than two units.

    Source: Bell & McCaffrey (2002), Survey Methodology 28:169-181, for the jackknife over clusters.
    """
    sums = units.totals(np.column_stack([scores, np.ones(scores.size)]))
    count = sums.shape[0]
    if count < 2:  # noqa: PLR2004 - a spread needs two
        raise ValueError(f"an interval needs at least two {units.name}")
    total, weight = sums.sum(axis=0)
    value = float(total / weight)
    moved = (value * sums[:, 1] - sums[:, 0]) / (weight - sums[:, 1])
    error = sqrt((count - 1) / count * float(np.sum(moved * moved)))
    return studentised(value, error, count - 1, "Student's t" if units.plain else f"Student's t over {units.name}")


def _standardised(difference: float, error: float) -> float:
    """Return a difference in standard errors; without any spread it is none, or infinitely many."""
    if error == 0:
        return 0.0 if difference == 0 else float(np.copysign(np.inf, difference))
    return difference / error


def roc_auc(
    labels: NDArray[np.bool_],
    challenger: Floats,
    champion: Floats | None = None,
    factor: float = 1.0,
    units: Units = ROWS,
) -> Interval:
    """Return the area under the ROC curve, or of two on the same rows their difference.

    Args:
        labels: truth, shape (n,).
        challenger: scores, shape (n,).
        champion: scores of the other model, shape (n,); None for the challenger's area alone.
        factor: the champion's area counts this many times.
        units: what the rows weigh, and which of them belong together.

    Raises:
        ValueError: one of the classes stands in fewer than two units.

    Source: DeLong et al. (1988), Biometrics 44:837-845; Obuchowski (1997), Biometrics 53:567-578, for clusters.
    """
    weights, codes, count = units.relative(labels.size), units.codes(labels.size), units.count(labels.size)
    area, placed = _placements(labels, challenger, weights)
    if champion is not None:
        other, other_placed = _placements(labels, champion, weights)
        area -= factor * other
        placed = placed - factor * other_placed
    moved = weights * (placed - area)
    sides = [_side(moved, codes, weights, side, count) for side in (labels, ~labels)]
    variance = sum(sum_of_squares for _, sum_of_squares in sides)
    variance += 2 * count / (count - 1) * float(sides[0][0] @ sides[1][0])
    error = sqrt(max(variance, 0.0))
    if not units.plain:
        return studentised(area, error, count - 1, f"DeLong over {units.name}")
    return Interval(
        area,
        area - Z * error,
        area + Z * error,
        (Z + POWER_Z) * error,
        "DeLong",
        lambda truth: float(special.ndtr(_standardised(area - truth, error))),
    )


def _placements(labels: NDArray[np.bool_], scores: Floats, weights: Floats) -> tuple[float, Floats]:
    """Return the area, and for each row the weight of the other class's rows that it is ordered rightly with."""
    if labels.all() or not labels.any():
        raise ValueError("ROC AUC needs rows of both classes")
    placed = np.empty(scores.size)
    for side, sign in ((labels, 1), (~labels, -1)):
        order = np.argsort(scores[~side], kind="stable")
        below = np.concatenate([[0.0], np.cumsum(weights[~side][order])])
        others, own = scores[~side][order], np.argsort(scores[side], kind="stable")
        ranked = scores[side][own]  # neighbours are looked up one after the other: ten times as fast
        half = (below[np.searchsorted(others, ranked, "left")] + below[np.searchsorted(others, ranked, "right")]) / 2
        share = np.empty(own.size)
        share[own] = half / below[-1]
        placed[side] = share if sign > 0 else 1 - share
    return float(np.average(placed[labels], weights=weights[labels])), placed


def _side(
    moved: Floats, codes: NDArray[np.intp], weights: Floats, side: NDArray[np.bool_], count: int
) -> tuple[Floats, float]:
    """Return each unit's part in the area by its rows of one class, and the variance from those."""
    among = int(np.count_nonzero(np.bincount(codes[side])))
    if among < 2:  # noqa: PLR2004 - a spread needs two
        raise ValueError("ROC AUC needs at least two rows of each class, and two clusters where rows form clusters")
    parts = np.bincount(codes[side], moved[side], count) / float(weights[side].sum())
    return parts, among / (among - 1) * float(parts @ parts)
