"""Metrics of a ranking whose rows are weighed anew, many times over: sorted once, ties as scikit-learn counts them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Weights = NDArray[Any]  # uint8 or float64, shape (resamples, n), in the order of the ranking

RankMetric = Literal["average_precision", "ks"]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Rows from the highest score to the lowest."""

    order: Places  # shape (n,)
    positives: Places  # where the rows of the positive class stand
    ends: Places  # shape (n,): where the rows with the score of this one end


def ranked(labels: NDArray[np.bool_], scores: Floats) -> Ranking:
    """Return the ranking of rows by score; labels and scores have shape (n,)."""
    order = np.argsort(-scores, kind="stable")
    falling = -scores[order]
    return Ranking(order, np.flatnonzero(labels[order]), np.searchsorted(falling, falling, "right") - 1)


def average_precision(ranking: Ranking) -> Callable[[Weights], Floats]:
    """Return the function from weights to average precisions, shape (resamples,); NaN without any positive row."""
    positives, ends = ranking.positives, ranking.ends[ranking.positives]
    last = np.searchsorted(positives, ends, "right") - 1  # among the positive rows, the last with the same score
    has_ties = bool((last != np.arange(positives.size)).any())

    def value(weights: Weights) -> Floats:
        reached = np.take(_summed(weights), ends, axis=1)
        gained = np.take(weights, positives, axis=1)
        found = _summed(gained)
        total = found[:, -1].astype(np.float64)
        precision = (np.take(found, last, axis=1) if has_ties else found) / np.maximum(
            reached, np.finfo(np.float64).tiny
        )
        return np.asarray(np.einsum("ij,ij->i", gained, precision) / total)

    return value


def kolmogorov_smirnov(ranking: Ranking) -> Callable[[Weights], Floats]:
    """Return the function from weights to the largest distance of both classes' distributions; NaN without one.

    It is the same from either class, and it is reached right after, or right before, the rows that are tied with a row
    of the smaller class.
    """
    n = ranking.order.size
    rare = ranking.positives
    if 2 * rare.size > n:
        rare = np.setdiff1d(np.arange(n), rare, assume_unique=True)
    ends = ranking.ends[rare]
    starts = np.searchsorted(ranking.ends, ends, "left")
    first, last = np.searchsorted(rare, starts, "left"), np.searchsorted(rare, ends, "right") - 1
    has_ties = bool((starts != ends).any())

    def value(weights: Weights) -> Floats:
        everything, gained = _summed(weights), np.take(weights, rare, axis=1)
        found = _summed(gained)
        total, reached = (one[:, -1:].astype(np.float64) for one in (everything, found))
        each = 1 / (total - reached)  # one row of the other class
        both = total / reached * each
        if has_ties:
            after = np.take(found, last, axis=1) * both - np.take(everything, ends, axis=1) * each
            left = np.take(everything, starts, axis=1) - np.take(weights, starts, axis=1)
            before = np.take(found - gained, first, axis=1) * both - left * each
        else:
            after = found * both - np.take(everything, rare, axis=1) * each
            before = after - gained * (both - each)
        return np.asarray(np.maximum(np.abs(after).max(axis=1), np.abs(before).max(axis=1)))

    return value


def metric(name: RankMetric, ranking: Ranking) -> Callable[[Weights], Floats]:
    """Return the function from weights to values of a metric by its name."""
    return average_precision(ranking) if name == "average_precision" else kolmogorov_smirnov(ranking)


def _summed(weights: Weights) -> Weights:
    """Return cumulative sums over the rows, shape (resamples, n).

    Small whole numbers are summed eight at a time: times 0x0101010101010101 each byte becomes the sum of those up to
    it, at most 64. That is several times as fast as adding one after the other.
    """
    if weights.dtype != np.uint8:
        return np.cumsum(weights, axis=1)
    resamples, n = weights.shape
    padded = np.zeros((resamples, -(-n // 8) * 8), dtype=np.uint8)
    padded[:, :n] = weights
    within = padded.view("<u8") * np.uint64(0x0101010101010101)
    of_eight = (within >> np.uint64(56)).astype(np.int32)
    before = np.cumsum(of_eight, axis=1, dtype=np.int32) - of_eight
    summed = within.view(np.uint8).reshape(resamples, -1, 8) + before[:, :, None]
    return summed.reshape(resamples, -1)[:, :n]
