"""Bursts by simulation: none where there are none, their size where there are some, and a level that holds."""

import numpy as np
import pytest

from mlops_ci.stats.canary.bursts import Bursts
from mlops_ci.stats.canary.paths import Floats
from mlops_ci.stats.canary.ratio import Events, HarmEvidence
from unit.stats.canary.worlds import allowed, events, ever, times

RUNS = 1_000


def sizes(seen: Events) -> Floats:
    return Bursts(np.ones(len(seen.champion))).observe(times(seen.champion, 1.0), seen)


@pytest.mark.parametrize(("rate", "share"), [(0.005, 0.05), (0.02, 0.5), (0.0002, 0.25)])
def test_independent_errors_are_no_bursts(rate: float, share: float) -> None:
    seen = events(rate=rate, ratio=1, share=share, requests=50, ticks=600, runs=RUNS)
    assert np.mean(sizes(seen)[:, -1] > 1) <= 0.02


@pytest.mark.parametrize("clump", [3, 10])
def test_bursts_are_found_with_their_size(clump: int) -> None:
    seen = events(rate=0.01, ratio=1, share=0.05, requests=50, ticks=1200, runs=200, clump=clump)
    found = sizes(seen)[:, -1]
    assert np.mean(found > 1) >= 0.98
    assert 0.7 * clump < np.median(found) < 2.5 * clump


def test_an_incident_that_hits_both_arms_is_none() -> None:
    draw = np.random.default_rng(1)
    rate = np.where((np.arange(900) >= 300) & (np.arange(900) < 480), 0.1, 0.005)
    challenger = draw.binomial(50, 0.25, (300, 900))
    champion = 50 - challenger
    counts = (champion, draw.binomial(champion, rate), challenger, draw.binomial(challenger, rate))
    seen = Events(*(one.astype(np.float64) for one in counts))
    assert np.mean(sizes(seen)[:, -1] > 2) <= 0.05


def test_bursts_in_the_champion_only_are_some() -> None:
    draw = np.random.default_rng(1)
    rate = np.where((np.arange(900) >= 300) & (np.arange(900) < 320), 0.3, 0.005)
    challenger = draw.binomial(50, 0.25, (300, 900))
    champion = 50 - challenger
    counts = (champion, draw.binomial(champion, rate), challenger, draw.binomial(challenger, 0.005))
    seen = Events(*(one.astype(np.float64) for one in counts))
    assert np.mean(sizes(seen)[:, -1] > 5) >= 0.95


def test_evidence_from_bursts_keeps_its_level_and_would_not_without() -> None:
    before = events(rate=0.005, ratio=1, share=1e-9, requests=50, ticks=900, runs=RUNS, clump=5, seed=2)
    known = sizes(before)[:, -1]
    seen = events(rate=0.005, ratio=1, share=0.05, requests=50, ticks=1200, runs=RUNS, clump=5, seed=3)
    size = Bursts(known).observe(times(seen.champion, 1.0), seen)
    assert ever(HarmEvidence(RUNS).observe(seen, size), 0.01) <= allowed(0.01, RUNS)
    assert ever(HarmEvidence(RUNS).observe(seen, np.ones_like(size)), 0.01) > allowed(0.01, RUNS)


def test_ticks_one_by_one_are_followed_as_all_at_once() -> None:
    seen = events(rate=0.05, ratio=1, share=0.3, requests=50, ticks=200, runs=3, clump=6)
    at, one_by_one = times(seen.champion, 1.0), Bursts(np.ones(3))
    found = [
        one_by_one.observe(at[:, tick : tick + 1], Events(*(one[:, tick : tick + 1] for one in seen._all())))
        for tick in range(200)
    ]
    assert np.concatenate(found, axis=1) == pytest.approx(sizes(seen))
