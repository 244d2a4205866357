"""Metrics of rankings: a value for each query, and the mean over queries; queries, not rows, are the units."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlops_ci.models.metrics.metric import Metric, mean_of, scores_of
from mlops_ci.models.truth import Predictions, Truth
from mlops_ci.stats.paired import Floats
from mlops_ci.stats.units import Units

PATTERN = re.compile(r"(precision|recall|ndcg|mrr|map)(?:@([1-9]\d*))?")


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows sorted by query and place: relevance, query code and place from 0, all of shape (n,)."""

    gains: Floats
    queries: NDArray[np.intp]
    places: NDArray[np.intp]

    def by_query(self, values: Floats) -> Floats:
        """Return the sum over each query's rows, shape (queries,)."""
        return np.asarray(np.bincount(self.queries, weights=values), dtype=np.float64)


def ranked(truth: Truth, scores: Floats) -> Ranked:
    """Return the rows as scores of shape (n,) rank them; equal scores are in a random order, always the same."""
    queries = _queries(truth)
    ties = np.random.default_rng(truth.seed).permutation(scores.size)
    order = np.lexsort((ties, -scores, queries))
    ordered = queries[order]
    starts = np.searchsorted(ordered, np.arange(ordered[-1] + 1))
    return Ranked(truth.labels[order], ordered, np.arange(ordered.size) - starts[ordered])


def _queries(truth: Truth) -> NDArray[np.intp]:
    if truth.queries is None:  # pragma: no cover - a ranking has queries
        raise AssertionError
    return truth.queries


def precision(rows: Ranked, k: int) -> Floats:
    """Return the share of relevant rows among the first k."""
    return rows.by_query(((rows.gains > 0) & (rows.places < k)).astype(np.float64)) / k


def recall(rows: Ranked, k: int) -> Floats:
    """Return the share of a query's relevant rows that stand among the first k; 0 without any."""
    relevant = rows.gains > 0
    found = rows.by_query((relevant & (rows.places < k)).astype(np.float64))
    return found / np.maximum(rows.by_query(relevant.astype(np.float64)), 1)


def reciprocal_rank(rows: Ranked, k: int) -> Floats:
    """Return one over the place of the first relevant row, counted from 1; 0 when it is not among the first k."""
    best = np.full(int(rows.queries[-1]) + 1, np.inf)
    np.minimum.at(best, rows.queries, np.where((rows.gains > 0) & (rows.places < k), rows.places + 1.0, np.inf))
    return 1 / best


def average_precision(rows: Ranked, k: int) -> Floats:
    """Return the mean precision at a query's relevant rows, those beyond place k counting 0."""
    relevant = (rows.gains > 0).astype(np.float64)
    so_far = np.cumsum(relevant)
    before = (so_far - relevant)[rows.places == 0]
    there = relevant * (rows.places < k) * (so_far - before[rows.queries]) / (rows.places + 1)
    return rows.by_query(there) / np.maximum(rows.by_query(relevant), 1)


def discounted_gain(rows: Ranked, k: int) -> Floats:
    """Return the sum of gains, each over the binary logarithm of its place plus one, among the first k."""
    return rows.by_query(np.where(rows.places < k, rows.gains / np.log2(rows.places + 2.0), 0.0))


def _ndcg(truth: Truth, scores: Floats, k: int) -> Floats:
    """Source: Järvelin & Kekäläinen (2002), ACM TOIS 20:422-446."""
    ideal = discounted_gain(ranked(truth, truth.labels), k)
    found = discounted_gain(ranked(truth, scores), k)
    return np.divide(found, ideal, out=np.zeros(ideal.shape), where=ideal > 0)


_OF_RANKED: dict[str, Callable[[Ranked, int], Floats]] = {
    "precision": precision,
    "recall": recall,
    "mrr": reciprocal_rank,
    "map": average_precision,
}


def find(name: str) -> Metric | None:
    """Return the metric of a name such as `precision@10`, `ndcg@5` or `mrr`; None when it is no metric of rankings."""
    match = PATTERN.fullmatch(name)
    if match is None or (match[2] is None and match[1] in {"precision", "recall"}):
        return None
    kind, k = match[1], int(match[2]) if match[2] else np.iinfo(np.int64).max

    def score(truth: Truth, one: Predictions) -> Floats:
        if kind == "ndcg":
            return _ndcg(truth, scores_of(one), k)
        return _OF_RANKED[kind](ranked(truth, scores_of(one)), k)

    return Metric(name, frozenset({"ranking"}), mean_of(score, units=_units), needs_scores=True)


def _units(truth: Truth) -> Units:
    """Return weight and cluster of each query: those of its first row."""
    first = np.unique(_queries(truth), return_index=True)[1]
    weights, clusters = truth.units.weights, truth.units.clusters
    return Units(
        None if weights is None else weights[first],
        None if clusters is None else np.unique(clusters[first], return_inverse=True)[1],
    )
