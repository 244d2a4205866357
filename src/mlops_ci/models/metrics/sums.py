"""Metrics that are a function of a few sums over rows: RMSE, R², calibration error."""

from collections.abc import Callable

import numpy as np

from mlops_ci.models.metrics.metric import NUMBERS, TWO, Difference, Metric, scores_of
from mlops_ci.models.truth import Predictions, Truth
from mlops_ci.stats import jackknife
from mlops_ci.stats.paired import Floats, Interval

BINS = 10  # of equal width, for the calibration error


def _errors(truth: Truth, one: Predictions) -> Floats:
    """Return 1, y, y² and the squared error of each row."""
    y, e = truth.labels.astype(np.float64), np.asarray(one.labels - truth.labels, dtype=np.float64)
    middle = y - y.mean()  # where the axis starts changes no value, and small numbers are exact
    return np.stack([np.ones(y.size), middle, middle**2, e**2], axis=1)


def root_mean_squared_error(sums: Floats) -> Floats:
    """Return the root of the mean of the squares, from sums of shape (…, 4)."""
    return np.sqrt(np.maximum(sums[..., 3], 0) / sums[..., 0])


def r2(sums: Floats) -> Floats:
    """Return the coefficient of determination, from sums of shape (…, 4)."""
    spread = sums[..., 2] - sums[..., 1] ** 2 / sums[..., 0]
    return 1 - sums[..., 3] / spread


def _by_bin(truth: Truth, one: Predictions) -> Floats:
    """Return 1, and in the row's bin its probability less its label."""
    scores = scores_of(one)
    bins = np.minimum((scores * BINS).astype(np.intp), BINS - 1)
    parts = np.zeros((scores.size, BINS + 1))
    parts[:, 0] = 1
    parts[np.arange(scores.size), bins + 1] = scores - truth.labels
    return parts


def expected_calibration_error(sums: Floats) -> Floats:
    """Return the mean distance of probability and frequency over bins, from sums of shape (…, 1 + bins)."""
    return np.asarray(abs(sums[..., 1:]).sum(axis=-1) / sums[..., 0])


def _difference(parts: Callable[[Truth, Predictions], Floats], value: Callable[[Floats], Floats]) -> Difference:
    def difference(truth: Truth, ours: Predictions, theirs: Predictions | None, factor: float) -> Interval:
        champion = None if theirs is None else parts(truth, theirs)
        return jackknife.summed(value, parts(truth, ours), champion, factor=factor, units=truth.units)

    return difference


METRICS = (
    Metric("root_mean_squared_error", NUMBERS, _difference(_errors, root_mean_squared_error), greater_is_better=False),
    Metric("r2", NUMBERS, _difference(_errors, r2)),
    Metric(
        "expected_calibration_error",
        TWO,
        _difference(_by_bin, expected_calibration_error),
        greater_is_better=False,
        needs_scores=True,
    ),
)
