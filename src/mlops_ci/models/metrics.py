"""Metrics of binary classification by their scikit-learn names: values, and intervals for a comparison."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlops_ci.errors import UsageProblem
from mlops_ci.stats import paired
from mlops_ci.stats.paired import Floats, Interval

_TINY = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that is a mean over rows, or the area under the ROC curve."""

    name: str
    greater_is_better: bool
    per_row: Callable[[NDArray[np.bool_], Floats], Floats] | None  # labels, scores → shape (n,); None: the area
    is_share: bool = False

    def alone(self, labels: NDArray[np.bool_], scores: Floats) -> Interval:
        """Return one model's value with its bounds; labels and scores have shape (n,)."""
        if self.per_row is None:
            return paired.roc_auc(labels, scores)
        rows = self.per_row(labels, scores)
        return paired.share(rows.astype(bool)) if self.is_share else paired.mean(rows)

    def compared(
        self, labels: NDArray[np.bool_], challenger: Floats, champion: Floats, factor: float = 1.0
    ) -> Interval:
        """Return challenger minus `factor` times champion, turned so that positive favours the challenger."""
        if self.per_row is None:
            return paired.roc_auc(labels, challenger, champion, factor)
        ours, theirs = self.per_row(labels, challenger), self.per_row(labels, champion)
        if self.is_share and factor == 1.0:
            return paired.proportions(theirs.astype(bool), ours.astype(bool))
        difference = ours - factor * theirs
        return paired.mean(difference if self.greater_is_better else -difference)


def _accuracy(labels: NDArray[np.bool_], scores: Floats) -> Floats:
    right: NDArray[np.bool_] = (scores >= 0.5) == labels  # noqa: PLR2004 - the decision threshold of a probability
    return right.astype(np.float64)


def _log_loss(labels: NDArray[np.bool_], scores: Floats) -> Floats:
    clipped = np.clip(scores, _TINY, 1 - _TINY)
    return -np.where(labels, np.log(clipped), np.log1p(-clipped))


def _brier(labels: NDArray[np.bool_], scores: Floats) -> Floats:
    return np.square(scores - labels.astype(np.float64))


METRICS = {
    one.name: one
    for one in (
        Metric("accuracy", greater_is_better=True, per_row=_accuracy, is_share=True),
        Metric("roc_auc", greater_is_better=True, per_row=None),
        Metric("log_loss", greater_is_better=False, per_row=_log_loss),
        Metric("brier_score_loss", greater_is_better=False, per_row=_brier),
    )
}
LATENCIES = {"latency_p50_ms": 0.50, "latency_p95_ms": 0.95, "latency_p99_ms": 0.99}


def demand_known(name: str) -> None:
    """Raise UsageProblem, with the nearest name, unless there is such a metric."""
    import difflib

    known = [*METRICS, *LATENCIES]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}."
        raise UsageProblem(f"gate.rules: there is no metric {name!r}. {hint}")
