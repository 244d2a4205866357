"""One-sided 95 % bounds for the difference of two models on the same rows.

All bounds are the two ends of a 90 % interval, so each is one-sided 95 %. Differences are challenger minus
champion on a scale where more is better.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Floats = NDArray[np.float64]

Z = 1.6448536269514722  # standard normal quantile of 0.95
POWER_Z = 0.8416212335729143  # of 0.80


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


def mean(scores: Floats) -> Interval:
    """Return the mean of per-row scores, shape (n,), by Student's t.

    Raises:
        ValueError: fewer than two rows.
    """
    if scores.size < 2:  # noqa: PLR2004 - a spread needs two
        raise ValueError("an interval needs at least two rows")
    error = float(scores.std(ddof=1)) / sqrt(scores.size)
    quantile = float(special.stdtrit(scores.size - 1, 0.95))
    value = float(scores.mean())
    return Interval(
        value,
        value - quantile * error,
        value + quantile * error,
        (Z + POWER_Z) * error,
        "Student's t",
        lambda truth: float(special.stdtr(scores.size - 1, _standardised(value - truth, error))),
    )


def _standardised(difference: float, error: float) -> float:
    """Return a difference in standard errors; without any spread it is none, or infinitely many."""
    if error == 0:
        return 0.0 if difference == 0 else float(np.copysign(np.inf, difference))
    return difference / error


def proportions(champion: NDArray[np.bool_], challenger: NDArray[np.bool_]) -> Interval:
    """Return the difference of two shares of right answers to the same rows, both of shape (n,).

    The score interval for matched pairs. Source: Tango (1998), Statistics in Medicine 17:891-908.
    """
    n = champion.size
    gained = int(np.sum(challenger & ~champion))
    lost = int(np.sum(champion & ~challenger))
    value = (gained - lost) / n
    low = _edge(lambda delta: _tango(gained, lost, n, delta) - Z, -1.0, value)
    high = _edge(lambda delta: _tango(gained, lost, n, delta) + Z, value, 1.0)
    error = sqrt(max(gained + lost, 1)) / n
    return Interval(
        value,
        low,
        high,
        (Z + POWER_Z) * error,
        "Tango score interval",
        lambda truth: float(special.ndtr(_tango(gained, lost, n, truth))),
    )


def _tango(gained: int, lost: int, n: int, delta: float) -> float:
    """Return the score statistic of the hypothesis that the difference of the shares is `delta`."""
    linear = -gained - lost + (2 * n - gained + lost) * delta
    constant = -lost * delta * (1 - delta)
    q21 = (sqrt(max(linear * linear - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * q21 + delta * (1 - delta))
    difference = gained - lost - n * delta
    if variance <= 0:
        return 0.0 if difference == 0 else float(np.copysign(np.inf, difference))
    return difference / sqrt(variance)


def _edge(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function crosses zero between two points; the outer point when it does not."""
    inner = 1e-12
    a, b = low + inner, high - inner
    if a >= b or np.sign(function(a)) == np.sign(function(b)):
        return low if low == -1.0 else high
    return float(optimize.brentq(function, a, b, xtol=1e-10))


def share(right: NDArray[np.bool_]) -> Interval:
    """Return one share of right answers, shape (n,), by the score interval of Wilson (1927)."""
    n, value = right.size, float(right.mean())
    center = (value + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(value * (1 - value) / n + Z * Z / (4 * n * n))
    error = sqrt(value * (1 - value) / n)
    return Interval(value, center - half, center + half, (Z + POWER_Z) * error, "Wilson score interval")


def roc_auc(
    labels: NDArray[np.bool_], challenger: Floats, champion: Floats | None = None, factor: float = 1.0
) -> Interval:
    """Return the area under the ROC curve, or of two on the same rows their difference.

    Args:
        labels: truth, shape (n,).
        challenger: scores, shape (n,).
        champion: scores of the other model, shape (n,); None for the challenger's area alone.
        factor: the champion's area counts this many times.

    Raises:
        ValueError: one of the classes has fewer than two rows.

    Source: DeLong et al. (1988), Biometrics 44:837-845; placements by midranks as in Sun & Xu (2014).
    """
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if min(positives, negatives) < 2:  # noqa: PLR2004 - a spread needs two
        raise ValueError("ROC AUC needs at least two rows of each class")
    area, placed_positive, placed_negative = _placements(labels, challenger)
    if champion is not None:
        other, other_positive, other_negative = _placements(labels, champion)
        area -= factor * other
        placed_positive = placed_positive - factor * other_positive
        placed_negative = placed_negative - factor * other_negative
    variance = placed_positive.var(ddof=1) / positives + placed_negative.var(ddof=1) / negatives
    error = sqrt(float(variance))
    return Interval(
        area,
        area - Z * error,
        area + Z * error,
        (Z + POWER_Z) * error,
        "DeLong",
        lambda truth: float(special.ndtr(_standardised(area - truth, error))),
    )


def _placements(labels: NDArray[np.bool_], scores: Floats) -> tuple[float, Floats, Floats]:
    """Return the area and each row's placement among the rows of the other class."""
    positive, negative = scores[labels], scores[~labels]
    among_all = _midranks(scores)
    of_positive = (among_all[labels] - _midranks(positive)) / negative.size
    of_negative = 1 - (among_all[~labels] - _midranks(negative)) / positive.size
    return float(of_positive.mean()), of_positive, of_negative


def _midranks(values: Floats) -> Floats:
    """Return 1-based ranks, ties sharing their mean."""
    ordered = np.sort(values)
    left = np.searchsorted(ordered, values, side="left")
    right = np.searchsorted(ordered, values, side="right")
    return (left + right + 1) / 2
