"""Resamples of units: the same for the same seed on every machine, whatever the number of threads."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mlops_ci.stats.paired import LEVEL, POWER_Z, Interval, Z

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

RESAMPLES = 10_000
_IN_CACHE = 2**16  # numbers drawn at once
_KEPT = 2**24  # bytes
# A 16-bit number is at least the k-th of these with the chance that a Poisson(1) number is at least k.
_EDGES = np.round(65536 * special.pdtr(np.arange(9), 1.0)).astype(np.uint16)[:-1]


def poisson(random: np.random.Generator, units: int, resamples: int) -> NDArray[np.uint8]:
    """Return how often each unit stands in each resample, shape (units, resamples): Poisson(1), at most 8."""
    often = np.empty(units * resamples, dtype=np.uint8)
    for first in range(0, often.size, _IN_CACHE):
        part = often[first : first + _IN_CACHE]
        raw: NDArray[np.uint64] = np.asarray(random.bit_generator.random_raw(-(-part.size // 4)), dtype="<u8")
        uniform = raw.view("<u2")[: part.size]
        np.greater_equal(uniform, _EDGES[0], out=part.view(np.bool_))
        for edge in _EDGES[1:]:
            part += (uniform >= edge).view(np.uint8)
    return often.reshape(units, resamples)


def drawn(draw: Draw, seed: int, resamples: int, at_once: int) -> Floats:
    """Return the values of all resamples; `draw` makes some of them from a generator of their own.

    How many are made at once decides which numbers are drawn, how many threads there are does not.
    """
    sizes = [min(at_once, resamples - first) for first in range(0, resamples, at_once)]

    def one(chunk: int) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):  # what is undefined becomes NaN: see `percentile`
            return draw(np.random.Generator(np.random.SFC64([seed, chunk])), sizes[chunk])

    # Freed once, so much memory is kept by the C library (glibc) from then on: chunks do not ask for new pages each.
    np.empty(_KEPT, dtype=np.uint8)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return np.concatenate(list(threads.map(one, range(len(sizes)))))


def percentile(value: float, values: Floats, method: str) -> Interval:
    """Return the interval between the 5 % and the 95 % quantile of the resamples' values, shape (resamples,).

    A resample in which the value is undefined counts as beyond both ends.

    Raises:
        ValueError: the value is undefined on the rows themselves, or in so many resamples that a bound is.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    undefined = np.isnan(values)
    low = float(np.quantile(np.where(undefined, -np.inf, values), 1 - LEVEL, method="lower"))
    high = -float(np.quantile(np.where(undefined, -np.inf, -values), 1 - LEVEL, method="lower"))
    if not np.isfinite([value, low, high]).all():
        raise ValueError("there are too few rows of one class or group: in many resamples the value is undefined")
    error = float(values[~undefined].std())
    upper = np.sort(np.where(undefined, np.inf, values))

    def p_below(truth: float) -> float:
        return float(1 + upper.size - np.searchsorted(upper, truth, "left")) / (1 + upper.size)

    return Interval(value, low, high, (Z + POWER_Z) * error, method, p_below)
