"""Metrics of how scores order the rows of two classes: areas under curves, and the largest distance between them."""

from collections.abc import Callable

import numpy as np

from mlops_ci.models.metrics.metric import TWO, Difference, Metric, scores_of
from mlops_ci.models.truth import Predictions, Truth
from mlops_ci.stats import bootstrap, paired
from mlops_ci.stats.paired import Interval
from mlops_ci.stats.ranking import RankMetric


def _area(truth: Truth, ours: Predictions, theirs: Predictions | None, factor: float) -> Interval:
    champion = None if theirs is None else scores_of(theirs)
    return paired.roc_auc(truth.labels, scores_of(ours), champion, factor, truth.units)


def _value(name: RankMetric) -> Callable[[Truth, Predictions], float]:
    return lambda truth, one: bootstrap.value_of(name, truth.labels.astype(np.bool_), scores_of(one), truth.units)


def _resampled(name: RankMetric) -> Difference:
    def difference(truth: Truth, ours: Predictions, theirs: Predictions | None, factor: float) -> Interval:
        champion = None if theirs is None else scores_of(theirs)
        labels = truth.labels.astype(np.bool_)
        return bootstrap.ranked(
            name, labels, scores_of(ours), champion, seed=truth.seed, factor=factor, units=truth.units
        )

    return difference


METRICS = (
    Metric("roc_auc", TWO, _area, needs_scores=True),
    Metric(
        "average_precision",
        TWO,
        _resampled("average_precision"),
        needs_scores=True,
        point=_value("average_precision"),
    ),
    Metric("ks", TWO, _resampled("ks"), needs_scores=True, point=_value("ks")),
)
