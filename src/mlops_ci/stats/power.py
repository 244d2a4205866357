"""How many rows an effect needs, and how small an effect rows show."""

from math import sqrt

from scipy import optimize, special

from mlops_ci.stats.paired import POWER


def rows_needed(effect: float, disagreement: float, level: float = 0.05, power: float = POWER) -> float:
    """Return how many rows show a difference of two shares of right answers to the same rows.

    Args:
        effect: the difference, more than 0, at most 1.
        disagreement: the share of rows that one model has right and the other wrong; it is at least the effect.
        level: one-sided; 0.05 divided by k for one of k slices.
        power: the chance of showing it.

    Source: Connor (1987), Biometrics 43:207-211.
    """
    apart = max(effect, disagreement)
    test, chance = -float(special.ndtri(level)), float(special.ndtri(power))
    return ((test * sqrt(apart) + chance * sqrt(apart - effect * effect)) / effect) ** 2


def smallest_share_effect(n: int, disagreement: float, level: float = 0.05, power: float = POWER) -> float:
    """Return the smallest difference of two shares that n rows show, at most 1: the inverse of `rows_needed`."""
    if rows_needed(1.0, disagreement, level, power) >= n:
        return 1.0
    return float(optimize.brentq(lambda effect: rows_needed(effect, disagreement, level, power) - n, 1e-9, 1.0))


def scaled(detectable: float, n_before: float, n_after: float) -> float:
    """Return what n_after units show, when n_before of the same kind show `detectable`."""
    return detectable * sqrt(n_before / n_after)
