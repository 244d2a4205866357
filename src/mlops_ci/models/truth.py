"""What the golden rows say: labels of one task, what rows weigh, and which belong together."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlops_ci.stats.units import Units

Rows = NDArray[np.bool_]
Task = Literal["binary", "multiclass", "regression", "ranking", "text"]


@dataclass(frozen=True, slots=True)
class Truth:
    """The labels of n rows, sorted by id.

    `labels` has shape (n,): truth values for `binary`, class codes for `multiclass`, numbers for `regression`,
    relevance for `ranking`, texts for `text`. `queries` are codes of the rankings that rows belong to.
    """

    task: Task
    labels: NDArray[Any]
    seed: int
    classes: tuple[str, ...] = ()
    units: Units = field(default_factory=Units)
    queries: NDArray[np.intp] | None = None

    def take(self, rows: Rows) -> "Truth":
        """Return the truth of some rows, given as a mask of shape (n,)."""
        queries = None if self.queries is None else np.unique(self.queries[rows], return_inverse=True)[1]
        return replace(self, labels=self.labels[rows], units=self.units.take(rows), queries=queries)

    @property
    def codes(self) -> NDArray[np.intp]:
        """Return class codes of a classification, shape (n,)."""
        return np.asarray(self.labels, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Predictions:
    """One model's answers to the same rows in the same order.

    `labels` has shape (n,): class codes, where a class that the truth does not know has the code after the last;
    numbers; or texts. `scores` are probabilities of the positive class or ranking scores, shape (n,), or of every
    class, shape (n, classes); None when the model gave labels only.
    """

    labels: NDArray[Any]
    scores: NDArray[np.float64] | None = None
    costs: NDArray[np.float64] | None = None  # of each answer, in any currency

    def take(self, rows: Rows) -> "Predictions":
        """Return the answers to some rows, given as a mask of shape (n,)."""
        scores, costs = (None if one is None else one[rows] for one in (self.scores, self.costs))
        return Predictions(self.labels[rows], scores, costs)

    def right(self, truth: Truth) -> Rows:
        """Return which answers equal the truth, shape (n,)."""
        if truth.task == "text":
            return np.array([str(a).strip() == str(b).strip() for a, b in zip(self.labels, truth.labels, strict=True)])
        return np.asarray(self.labels == truth.labels)
