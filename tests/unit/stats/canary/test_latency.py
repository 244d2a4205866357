"""Latency evidence by simulation: its level with and without a margin, and what it notices."""

import numpy as np
import pytest

from mlops_ci.stats.canary import latency as module
from mlops_ci.stats.canary.latency import LatencyEvidence
from mlops_ci.stats.canary.paths import Floats
from unit.stats.canary.worlds import BOUNDS, allowed, cells, ever, histograms

RUNS = 1_000


def observed(evidence: LatencyEvidence, champion: Floats, challenger: Floats) -> Floats:
    return evidence.observe(champion, challenger, np.full(champion.shape[:2], 10.0))


def path(arms: tuple[Floats, Floats], margin: float, sigma: float = 0.5) -> Floats:
    known = np.tile(cells(70.0, sigma) * 20_000, (len(arms[0]), 1))
    return observed(LatencyEvidence(BOUNDS, known, margin), *arms)


def check_level(margin: float, runs: int = RUNS, sigma: float = 0.5) -> None:
    """A challenger exactly as slow as the margin allows is left alone."""
    for share in (0.05, 0.5):
        arms = histograms(factor=margin, share=share, requests=300, ticks=40, runs=runs, sigma=sigma)
        assert ever(path(arms, margin, sigma), 0.05) <= allowed(0.05, runs)


@pytest.mark.parametrize("margin", [1.0, 1.1, 1.5])
def test_a_challenger_at_the_margin_is_left_alone(margin: float) -> None:
    check_level(margin)


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_so_it_is_when_times_vary_less_or_more(sigma: float) -> None:
    check_level(1.1, sigma=sigma)


def test_a_quarter_slower_is_noticed_with_and_without_a_margin() -> None:
    arms = histograms(factor=1.25, share=0.05, requests=500, ticks=60, runs=200)
    without, with_margin = path(arms, 1.0), path(arms, 1.1)
    assert ever(without, 0.01) == 1.0
    assert ever(with_margin, 0.01) >= 0.98
    assert np.argmax(without >= np.log(100), axis=1).mean() < np.argmax(with_margin >= np.log(100), axis=1).mean()


def test_a_faster_challenger_never_counts_as_slow() -> None:
    arms = histograms(factor=0.7, share=0.25, requests=500, ticks=40, runs=200)
    assert ever(path(arms, 1.1), 0.2) == 0.0


def test_a_heavier_tail_with_the_same_median_is_noticed() -> None:
    draw = np.random.default_rng(3)
    champion = draw.multinomial(950, cells(70.0, 0.5), (100, 60)).astype(np.float64)
    mixed = 0.97 * cells(70.0, 0.5) + 0.03 * cells(400.0, 0.2)
    challenger = draw.multinomial(50, mixed, (100, 60)).astype(np.float64)
    assert ever(path((champion, challenger), 1.1), 0.01) >= 0.95


def test_a_time_in_which_both_arms_are_slow_cancels_out() -> None:
    draw = np.random.default_rng(4)
    shapes = [cells(70.0, 0.5)] * 20 + [cells(350.0, 0.5)] * 20
    champion = np.stack([draw.multinomial(285, one, 500) for one in shapes], axis=1).astype(np.float64)
    challenger = np.stack([draw.multinomial(15, one, 500) for one in shapes], axis=1).astype(np.float64)
    assert ever(path((champion, challenger), 1.0), 0.05) <= allowed(0.05, 500)


def test_below_the_floor_all_answers_are_equally_fast() -> None:
    """A challenger that takes 1.4 ms instead of 0.7 is no worse for anybody; one that takes 60 instead of 30 is."""
    draw = np.random.default_rng(6)

    def seen(median: float, requests: int) -> Floats:
        return draw.multinomial(requests, cells(median, 0.5), (200, 40)).astype(np.float64)

    for champion, challenger, floor, noticed in ((0.7, 1.4, 10.0, 0.0), (30.0, 60.0, 10.0, 1.0), (4.0, 8.0, 0.0, 1.0)):
        known = np.tile(cells(champion, 0.5) * 20_000, (200, 1))
        evidence = LatencyEvidence(BOUNDS, known, 1.1, floor)
        assert ever(observed(evidence, seen(champion, 475), seen(challenger, 25)), 0.01) == noticed


def test_ticks_one_by_one_are_judged_as_all_at_once() -> None:
    champion, challenger = histograms(factor=1.2, share=0.25, requests=200, ticks=9, runs=3)
    one_by_one = LatencyEvidence(BOUNDS, np.zeros((3, 8)), 1.1)
    found = [observed(one_by_one, champion[:, at : at + 1], challenger[:, at : at + 1]) for at in range(9)]
    whole = observed(LatencyEvidence(BOUNDS, np.zeros((3, 8)), 1.1), champion, challenger)
    assert np.concatenate(found, axis=1) == pytest.approx(whole)
    assert np.abs(whole[:, -1]).min() > 0


def test_a_stall_of_two_seconds_is_no_slow_version_and_a_slow_version_is_none_of_these() -> None:
    draw = np.random.default_rng(8)
    known = np.tile(cells(70.0, 0.5) * 20_000, (50, 1))
    champion = draw.multinomial(100, cells(70.0, 0.5), (50, 60)).astype(np.float64)
    challenger = draw.multinomial(100, cells(70.0, 0.5), (50, 60)).astype(np.float64)
    half_seconds = np.full((50, 60), 0.5)
    challenger[:, 2:6] = draw.multinomial(100, cells(400.0, 0.2), (50, 4))
    assert ever(LatencyEvidence(BOUNDS, known).observe(champion, challenger, half_seconds), 0.01) == 0.0
    challenger[:, 2:] = draw.multinomial(100, cells(400.0, 0.2), (50, 58))
    path_ = LatencyEvidence(BOUNDS, known).observe(champion, challenger, half_seconds)
    assert np.argmax(path_ >= np.log(400), axis=1).max() <= 15  # seven seconds


def test_nothing_is_compared_before_the_champion_is_known() -> None:
    champion, challenger = histograms(factor=3, share=0.5, requests=20, ticks=4, runs=2)
    assert observed(LatencyEvidence(BOUNDS, np.zeros((2, 8))), champion, challenger) == pytest.approx(0.0)


def test_without_the_shift_a_margin_would_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LatencyEvidence, "_shift", lambda _self, counts, _parts: counts)
    with pytest.raises(AssertionError):
        check_level(1.5, 200)


def test_a_sum_instead_of_an_average_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PRIOR", np.ones(len(module.PRIOR)))
    with pytest.raises(AssertionError):
        check_level(1.0, 200)
