"""Simulated ticks for the evidence's tests: seeds are fixed, so nothing flakes."""

from math import sqrt

import numpy as np
from scipy.stats import norm

from mlops_ci.stats.canary.paths import Flags, Floats
from mlops_ci.stats.canary.ratio import Events

BOUNDS = np.array([5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0])  # ms


def events(  # noqa: PLR0913 - a world has many sides
    *, rate: float, ratio: float, share: float, requests: int, ticks: int, runs: int, clump: int = 1, seed: int = 1
) -> Events:
    """Return releases whose challenger is `ratio` times worse; bad events come `clump` at a time."""
    draw = np.random.default_rng(seed)
    challenger = draw.binomial(requests, share, (runs, ticks))
    champion = requests - challenger
    bad = [
        np.minimum(draw.poisson(n * min(p, 1.0) / clump) * clump, n) if clump > 1 else draw.binomial(n, min(p, 1.0))
        for n, p in ((champion, rate), (challenger, rate * ratio))
    ]
    return Events(*(one.astype(np.float64) for one in (champion, bad[0], challenger, bad[1])))


def histograms(
    *, factor: float, share: float, requests: int, ticks: int, runs: int, sigma: float = 0.5, seed: int = 1
) -> tuple[Floats, Floats]:
    """Return both arms' answers by bucket; times are log-normal with a median of 70 ms, times the factor."""
    draw = np.random.default_rng(seed)
    challenger = draw.binomial(requests, share, (runs, ticks))
    found = [
        draw.multinomial(n, cells(median, sigma)).astype(np.float64)
        for n, median in ((requests - challenger, 70.0), (challenger, 70.0 * factor))
    ]
    return found[0], found[1]


def cells(median: float, sigma: float) -> Floats:
    """Return the share of answers in each bucket."""
    below = norm.cdf(np.log(BOUNDS / median) / sigma)
    shares: Floats = np.diff(below, prepend=0.0, append=1.0)
    return shares


def times(values: Floats, seconds: float = 5.0) -> Floats:
    """Return times for ticks, (releases, ticks)."""
    return np.tile(np.arange(1, values.shape[1] + 1) * seconds, (len(values), 1))


def begins(values: Floats) -> Flags:
    """Return that the first tick begins the only step."""
    found = np.zeros(values.shape[:2], dtype=bool)
    found[:, 0] = True
    return found


def ever(path: Floats, level: float) -> float:
    """Return the part of releases whose evidence reaches 1/level at any tick."""
    return float(np.mean(path.max(axis=1) >= -np.log(level)))


def allowed(level: float, runs: int) -> float:
    """Return what is promised, four standard errors more."""
    return level + 4 * sqrt(level * (1 - level) / runs)
