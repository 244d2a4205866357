"""One-sided 95 % bounds for shares of right answers: the difference of two on the same rows, and one alone."""

from collections.abc import Callable
from math import copysign, inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from mlops_ci.stats.paired import POWER_Z, Interval, Z

# Counts are whole: a third of a row, and the skewness of few rows, keep both tails at 6 % or below whatever the counts.
_CONTINUITY = 1 / 3


def difference(champion: NDArray[np.bool_], challenger: NDArray[np.bool_]) -> Interval:
    """Return the difference of two shares of right answers to the same rows, both of shape (n,).

    The score interval for matched pairs, corrected for skewness and continuity. As published, it lets a challenger that
    is worse by its margin fail in up to 9 % where few rows differ.

    Source: Tango (1998), Statistics in Medicine 17:891-908; the correction for skewness as Gart & Nam (1990),
    Biometrics 46:637-643, have it for shares that are not paired.
    """
    n = champion.size
    gained = int(np.sum(challenger & ~champion))
    lost = int(np.sum(champion & ~challenger))
    value = (gained - lost) / n
    low = _edge(lambda truth: _standing(gained, lost, n, truth) - Z, -1.0, value)
    high = _edge(lambda truth: _standing(gained, lost, n, truth) + Z, value, 1.0)
    error = sqrt(max(gained + lost, 1)) / n
    return Interval(
        value,
        low,
        high,
        (Z + POWER_Z) * error,
        "Tango score interval, corrected for skewness",
        lambda truth: float(special.ndtr(_standing(gained, lost, n, truth))),
    )


def _standing(gained: int, lost: int, n: int, truth: float) -> float:
    """Return how far the difference of the shares lies above `truth`, as a standard normal number would."""
    linear = -gained - lost + (2 * n - gained + lost) * truth
    constant = -lost * truth * (1 - truth)
    q21 = (sqrt(max(linear * linear - 8 * n * constant, 0.0)) - linear) / (4 * n)
    apart = 2 * q21 + truth  # the share of rows that differ, as likely as can be if `truth` is true
    variance = n * (apart - truth * truth)
    above = gained - lost - n * truth
    above = copysign(max(abs(above) - _CONTINUITY, 0.0), above)
    if variance <= 0:
        return copysign(inf, above) if above else 0.0
    skewness = n * (truth - 3 * truth * apart + 2 * truth**3) / variance**1.5
    return _unskewed(above / sqrt(variance), skewness)


def _unskewed(score: float, skewness: float) -> float:
    """Return z with score = z + skewness (z² − 1) / 6, continued in a straight line where there is none.

    Source: Cornish & Fisher (1938), Revue de l'Institut International de Statistique 5:307-320.
    """
    sixth = skewness / 6
    return 2 * (score + sixth) / (1 + sqrt(max(1 + 4 * sixth * (score + sixth), 0.0)))


def _edge(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function crosses zero between two points; the outer point when it does not."""
    inner = 1e-12
    a, b = low + inner, high - inner
    if a >= b or np.sign(function(a)) == np.sign(function(b)):
        return low if low == -1.0 else high
    return float(optimize.brentq(function, a, b, xtol=1e-10))


def alone(right: NDArray[np.bool_]) -> Interval:
    """Return one share of right answers, shape (n,), by the score interval of Wilson (1927)."""
    n, value = right.size, float(right.mean())
    center = (value + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(value * (1 - value) / n + Z * Z / (4 * n * n))
    error = sqrt(value * (1 - value) / n)
    return Interval(value, center - half, center + half, (Z + POWER_Z) * error, "Wilson score interval")
