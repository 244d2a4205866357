"""Metrics of a ranking whose rows are weighed anew, many times over: sorted once, ties as scikit-learn counts them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Weights = NDArray[Any]  # uint8 or float64, shape (n, resamples), in the order of the ranking

RankMetric = Literal["average_precision", "ks"]

LANES = 8  # resamples that one machine word holds; see `summed`
_BLOCK = 16  # rows that are summed in such a word: 16 × 8 fits into a byte


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

    def value(weights: Weights) -> Floats:
        gained = np.take(weights, positives, axis=0)
        found = summed(gained, last)
        precision = found / np.maximum(summed(weights, ends), np.finfo(np.float64).tiny)
        return np.asarray(np.einsum("ij,ij->j", gained, precision) / found[-1])

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
    places = np.append(ends, n - 1)
    has_ties = bool((starts != ends).any())

    def value(weights: Weights) -> Floats:
        gained = np.take(weights, rare, axis=0)
        found, everything = summed(gained, last), summed(weights, places)
        total, reached = (one[-1].astype(np.float64) for one in (everything, found))
        share = total / reached
        after = found * share  # less `everything`: the distance, counted in rows of the other class
        after -= everything[:-1]
        if not has_ties:  # between before and after lies one row of the smaller class, so before is the lower
            before = after - gained * (share - 1)
            farthest = np.maximum(_rows(after).max(axis=1), -_rows(before).min(axis=1))
        else:
            left = summed(weights, starts) - np.take(weights, starts, axis=0)
            before = (summed(gained, first) - np.take(gained, first, axis=0)) * share - left
            farthest = np.maximum(abs(_rows(after)).max(axis=1), abs(_rows(before)).max(axis=1))
        return np.asarray(farthest / (total - reached))

    return value


def metric(name: RankMetric, ranking: Ranking) -> Callable[[Weights], Floats]:
    """Return the function from weights to values of a metric by its name."""
    return average_precision(ranking) if name == "average_precision" else kolmogorov_smirnov(ranking)


def summed(weights: Weights, places: Places) -> NDArray[Any]:
    """Return for each place the sum of the rows up to it, shape (places, resamples).

    Small whole numbers, at most 8, are added eight resamples at a time, as the bytes of one word; blocks of rows are
    short enough that no byte overflows, and only then summed as larger numbers.
    """
    if weights.dtype != np.uint8 or weights.shape[1] % LANES:
        return np.asarray(np.take(np.cumsum(weights, axis=0, dtype=np.result_type(weights, np.int32)), places, axis=0))
    n, resamples = weights.shape
    blocks = -(-n // _BLOCK)
    within = np.zeros((blocks * _BLOCK, resamples // LANES), dtype="<u8")
    within[:n] = np.ascontiguousarray(weights).view("<u8")
    by_block = within.reshape(blocks, _BLOCK, -1)
    for row in range(1, _BLOCK):
        by_block[:, row] += by_block[:, row - 1]
    of_block = np.ascontiguousarray(by_block[:, -1]).view(np.uint8)
    before = np.cumsum(of_block, axis=0, dtype=np.int32) - of_block
    return np.asarray(np.take(within, places, axis=0).view(np.uint8) + np.take(before, places // _BLOCK, axis=0))


def _rows(columns: Floats) -> Floats:
    """Return columns as rows: what is asked of each then is found several times as fast."""
    return np.ascontiguousarray(columns.T)
