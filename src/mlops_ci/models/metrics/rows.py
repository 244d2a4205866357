"""Metrics that are means over rows: accuracy, losses, errors."""

import numpy as np

from mlops_ci.models.metrics.metric import CLASSIFICATION, EVERY, NUMBERS, Metric, mean_of, scores_of
from mlops_ci.models.truth import Predictions, Truth
from mlops_ci.stats.paired import Floats

_TINY = float(np.finfo(np.float64).eps)


def _right(truth: Truth, one: Predictions) -> Floats:
    return one.right(truth).astype(np.float64)


def _log_loss(truth: Truth, one: Predictions) -> Floats:
    """Minus the logarithm of what the right class was given, at most that of the smallest double above 0."""
    scores = scores_of(one)
    if scores.ndim == 1:
        chance = np.where(truth.labels, scores, 1 - scores)
    else:
        chance = np.take_along_axis(scores, truth.codes[:, None], axis=1)[:, 0]
    return np.asarray(-np.log(np.clip(chance, _TINY, 1.0 - _TINY)))


def _brier(truth: Truth, one: Predictions) -> Floats:
    scores = scores_of(one)
    if scores.ndim == 1:
        return np.asarray(np.square(scores - truth.labels))
    return np.asarray(np.square(scores - np.eye(scores.shape[1])[truth.codes]).sum(axis=1))


def _error(truth: Truth, one: Predictions) -> Floats:
    return np.asarray(one.labels - truth.labels, dtype=np.float64)


def _percentage(truth: Truth, one: Predictions) -> Floats:
    return np.asarray(abs(_error(truth, one)) / np.maximum(abs(truth.labels), _TINY))


def _cost(_: Truth, one: Predictions) -> Floats:
    if one.costs is None:  # pragma: no cover - demanded before
        raise AssertionError
    return one.costs


METRICS = (
    Metric("accuracy", CLASSIFICATION, mean_of(_right, is_share=True)),
    Metric("log_loss", CLASSIFICATION, mean_of(_log_loss), greater_is_better=False, needs_scores=True),
    Metric("brier_score_loss", CLASSIFICATION, mean_of(_brier), greater_is_better=False, needs_scores=True),
    Metric("mean_absolute_error", NUMBERS, mean_of(lambda t, p: abs(_error(t, p))), greater_is_better=False),
    Metric("mean_squared_error", NUMBERS, mean_of(lambda t, p: _error(t, p) ** 2), greater_is_better=False),
    Metric("mean_absolute_percentage_error", NUMBERS, mean_of(_percentage), greater_is_better=False),
    Metric("cost", EVERY, mean_of(_cost), greater_is_better=False),
)
