"""Shares of right answers: published values, a numerical likelihood, and error rates summed over every table."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray
from scipy import optimize, stats

from mlops_ci.stats import paired, shares

Bools = NDArray[np.bool_]


def rows(gained: int, lost: int, n: int) -> tuple[Bools, Bools]:
    """Return champion and challenger with that many discordant rows."""
    same = n - gained - lost
    champion = np.array([False] * gained + [True] * lost + [True] * same)
    challenger = np.array([True] * gained + [False] * lost + [True] * same)
    return champion, challenger


def test_without_its_corrections_it_is_the_published_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airway hyper-responsiveness before and after treatment: Fagerland, Lydersen & Laake (2014), Stat. Med. 33."""
    monkeypatch.setattr(shares, "Z", float(stats.norm.ppf(0.975)))  # it is published at 95 %, two-sided
    monkeypatch.setattr(shares, "_CONTINUITY", 0.0)
    monkeypatch.setattr(shares, "_unskewed", lambda score, _: score)
    found = shares.difference(*rows(gained=1, lost=7, n=21))
    assert (round(found.low, 3), round(found.high, 3)) == (-0.517, -0.026)


@pytest.mark.parametrize("n", [20, 1_000])
def test_without_disagreement_it_is_close_to_what_no_event_in_n_rows_says(n: int) -> None:
    found = shares.difference(*rows(0, 0, n))
    assert found.low == pytest.approx(-(1 - 0.05 ** (1 / n)), rel=0.1)
    assert found.high == pytest.approx(-found.low)


def standing(gained: int, lost: int, n: int, delta: float) -> float:
    """Return the corrected score, with the nuisance parameter found by maximising the likelihood numerically."""

    def minus_likelihood(q: float) -> float:
        terms = ((gained, q + delta), (lost, q), (n - gained - lost, 1 - 2 * q - delta))
        return -sum(count * log(max(chance, 1e-300)) for count, chance in terms if count)

    low, high = max(0.0, -delta), (1 - delta) / 2
    q = optimize.minimize_scalar(minus_likelihood, bounds=(low, high), options={"xatol": 1e-12}).x
    values, chances = np.array([1.0, -1.0, 0.0]), np.array([q + delta, q, 1 - 2 * q - delta])
    spread = sqrt(chances @ (values - delta) ** 2)
    skewness = chances @ (values - delta) ** 3 / spread**3 / sqrt(n)
    above = gained - lost - n * delta
    score = np.sign(above) * max(abs(above) - 1 / 3, 0) / spread / sqrt(n)
    return float(optimize.brentq(lambda z: z + skewness * (z * z - 1) / 6 - score, -3, 3))


@pytest.mark.parametrize("counts", [(40, 20, 160), (1, 7, 21), (3, 0, 50), (0, 3, 50), (12, 2, 50), (100, 120, 900)])
def test_it_agrees_with_a_numerical_likelihood_and_skewness(counts: tuple[int, int, int]) -> None:
    found = shares.difference(*rows(*counts))
    assert standing(*counts, found.low) == pytest.approx(paired.Z, abs=1e-3)
    assert standing(*counts, found.high) == pytest.approx(-paired.Z, abs=1e-3)
    assert found.p_below(found.high) == pytest.approx(0.05, abs=1e-6)


def mistakes(n: int, differing: float, worse: float) -> tuple[float, float]:
    """Return how often a challenger that is worse by its margin passes, and fails, summed over every table.

    Args:
        n: rows.
        differing: how many rows are answered differently, on average.
        worse: which part of these the challenger loses net.
    """
    margin = worse * differing / n
    chances = [(differing / n - margin) / 2, (differing / n + margin) / 2]
    most = int(stats.binom.ppf(1 - 1e-7, n, differing / n)) + 1
    passes = fails = 0.0
    for gained in range(most + 1 if worse < 1 else 1):
        for lost in range(most + 1 - gained):
            chance = stats.multinomial.pmf([gained, lost, n - gained - lost], n, [*chances, 1 - sum(chances)])
            if chance > 1e-6:
                found = shares.difference(*rows(gained, lost, n))
                passes += chance * (found.low >= -margin)
                fails += chance * (found.high < -margin)
    return passes, fails


@pytest.mark.parametrize("worse", [1.0, 0.75, 0.1])
@pytest.mark.parametrize("differing", [1, 2.75, 4, 6, 8])
def test_few_differing_rows_pass_or_fail_wrongly_in_at_most_six_percent(differing: float, worse: float) -> None:
    assert max(mistakes(200, differing, worse)) <= 0.06


def test_a_score_without_its_corrections_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "_CONTINUITY", 0.0)
    monkeypatch.setattr(shares, "_unskewed", lambda score, _: score)
    assert mistakes(200, 4, 0.75)[1] > 0.08


@pytest.mark.parametrize(("gained", "lost", "n"), [(5, 0, 5), (0, 5, 5), (1, 0, 2), (2, 3, 5)])
def test_extreme_tables_stay_inside_the_possible(gained: int, lost: int, n: int) -> None:
    found = shares.difference(*rows(gained, lost, n))
    assert -1 <= found.low <= found.value <= found.high <= 1
    mirrored = shares.difference(*rows(lost, gained, n))
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


@pytest.mark.parametrize(("right", "n"), [(0, 10), (7, 10), (10, 10), (480, 500)])
def test_a_share_has_wilsons_bounds(right: int, n: int) -> None:
    oracle = stats.binomtest(right, n).proportion_ci(0.90, method="wilson")
    found = shares.alone(np.arange(n) < right)
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))


@settings(deadline=None)
@given(gained=some.integers(0, 30), lost=some.integers(0, 30), both=some.integers(1, 200))
def test_exchanging_the_roles_mirrors_shares(gained: int, lost: int, both: int) -> None:
    champion, challenger = rows(gained, lost, gained + lost + both)
    here, there = shares.difference(champion, challenger), shares.difference(challenger, champion)
    assert (there.value, there.low, there.high) == pytest.approx((-here.value, -here.high, -here.low), abs=1e-8)
