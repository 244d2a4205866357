"""Quantiles of a stream in a few kilobytes: the same values give the same sketch, and it knows its largest error."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

IN_MEMORY = 16_384  # values of one weight that wait before they are halved
KEPT = 1_024  # about so many values stay in a finished sketch


@dataclass(frozen=True, slots=True)
class Quantiles:
    """A sample of a stream in which the values of level h stand for 2**h values each.

    Where the library sketches toss coins, this one keeps every second value of a sorted run, so that it is the same
    on every machine. Each halving of a level moves a rank by at most the weight of its values; `error` is their sum.

    Source: Manku, Rajagopalan & Lindsay (1998), SIGMOD Record 27:426-435; Agarwal et al. (2013), ACM Transactions on
    Database Systems 38(4), on merging.
    """

    levels: tuple[Floats, ...] = ()
    error: int = 0

    @property
    def count(self) -> int:
        """Return how many values were seen."""
        return sum(level.size << height for height, level in enumerate(self.levels))

    @property
    def rank_error(self) -> float:
        """Return the largest error of a rank, as a share of the count."""
        return self.error / self.count if self.count else 0.0

    def ranks(self, edges: Iterable[float]) -> NDArray[np.int64]:
        """Return how many values are at most each edge, within `error`."""
        at = np.asarray(list(edges), dtype=np.float64)
        zero = np.zeros(at.size, dtype=np.int64)
        return sum((np.searchsorted(level, at, "right") << h for h, level in enumerate(self.levels)), zero)

    def values(self, shares: Iterable[float]) -> Floats:
        """Return the smallest value seen up to which each share of all values lies; at least one was seen."""
        values = np.concatenate(self.levels)
        weights = np.concatenate([np.full(level.size, 1 << h) for h, level in enumerate(self.levels)])
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(weights[order])
        wanted = np.asarray(list(shares)) * reached[-1]
        return np.asarray(values[order][np.minimum(np.searchsorted(reached, wanted), values.size - 1)])


def add(sketch: Quantiles, values: Floats) -> Quantiles:
    """Return the sketch with more values in it, none of them NaN."""
    return _settled(merge(sketch, Quantiles((np.sort(values),))), IN_MEMORY)


def merge(*sketches: Quantiles) -> Quantiles:
    """Return the sketch of all values that any of them saw; its error is the sum of theirs."""
    return reduce(_joined, sketches, Quantiles())


def finished(sketch: Quantiles) -> Quantiles:
    """Return a sketch small enough to be stored."""
    lowest = max(0, (sketch.count // KEPT).bit_length() - 1)
    return _settled(sketch, KEPT, lowest=lowest)


def _joined(one: Quantiles, other: Quantiles) -> Quantiles:
    height = max(len(one.levels), len(other.levels))
    empty = np.empty(0)
    parts = [
        (one.levels[h] if h < len(one.levels) else empty, other.levels[h] if h < len(other.levels) else empty)
        for h in range(height)
    ]
    return Quantiles(tuple(np.sort(np.concatenate(both)) for both in parts), one.error + other.error)


def _settled(sketch: Quantiles, capacity: int, lowest: int = 0) -> Quantiles:
    """Halve each level below `lowest`, and each that holds more than its capacity; an odd value stays behind."""
    levels, error, height = list(sketch.levels), sketch.error, 0
    while height < len(levels):
        level = levels[height]
        if level.size > capacity or (height < lowest and level.size > 1):
            even = level.size // 2 * 2
            if height + 1 == len(levels):
                levels.append(np.empty(0))
            levels[height] = level[even:]
            levels[height + 1] = np.sort(np.concatenate([levels[height + 1], level[:even][height % 2 :: 2]]))
            error += 1 << height
        height += 1
    return Quantiles(tuple(levels), error)
