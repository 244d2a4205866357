"""A metric that is somebody's own Python function, named by its dotted path."""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.models.metrics.metric import EVERY, Metric, scores_of
from mlops_ci.models.truth import Predictions, Truth
from mlops_ci.stats import bootstrap, paired
from mlops_ci.stats.paired import Floats, Interval

Function = Callable[[NDArray[Any], NDArray[Any]], Any]
_SCORES = "y_score"


def find(name: str, root: Path) -> Metric | None:
    """Return the metric `package.module.function`, found in the repository or installed; None when no dot is in it.

    The function is called as scikit-learn calls its own, with truth and predictions, or with truth and scores if its
    second argument is `y_score`; it returns one number, or one for each row. More is better, unless the function has
    an attribute `greater_is_better` that is false.

    Raises:
        UsageProblem: there is no such function.
    """
    module, dot, attribute = name.rpartition(".")
    if not dot:
        return None
    with _importing_from(root):
        try:
            function: Function = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as problem:
            said = f"gate.rules: the metric {name} cannot be imported: {problem}"
            raise UsageProblem(f"{said}. A dotted path names a function that Python finds from {root}.") from problem
    if not callable(function):
        raise UsageProblem(f"gate.rules: {name} is no function.")
    by_scores = list(inspect.signature(function).parameters)[1:2] == [_SCORES]
    better = bool(getattr(function, "greater_is_better", True))
    compared = _Compared(name, function, by_scores)
    return Metric(name, EVERY, compared.difference, better, needs_scores=by_scores, point=compared.point)


@contextmanager
def _importing_from(root: Path) -> Iterator[None]:
    """Let the repository's own modules be found, installed or not."""
    places = [str(root), str(root / "src")]
    sys.path[:0] = places
    try:
        yield
    finally:
        for place in places:
            sys.path.remove(place)


class _Compared:
    """One function as a difference of two models."""

    def __init__(self, name: str, function: Function, by_scores: bool) -> None:  # noqa: FBT001 - of one call above
        self._name, self._function, self._by_scores = name, function, by_scores

    def difference(self, truth: Truth, ours: Predictions, theirs: Predictions | None, factor: float) -> Interval:
        whole = np.arange(truth.labels.size)
        first = self._value(truth, ours, whole)
        if first.shape == whole.shape:
            rest = factor * self._value(truth, theirs, whole) if theirs is not None else 0.0
            return paired.mean(np.asarray(first - rest), truth.units)
        if truth.units.weights is not None:
            raise UsageProblem(f"gate.rules: {self._name} returns one number, so rows cannot weigh differently.")
        return bootstrap.of_callable(
            lambda rows: (
                self._number(truth, ours, rows)
                - (factor * self._number(truth, theirs, rows) if theirs is not None else 0.0)
            ),
            whole.size,
            seed=truth.seed,
            units=truth.units,
        )

    def point(self, truth: Truth, one: Predictions) -> float:
        """Return one model's value; rows are weighed where it is a mean over them."""
        whole = np.arange(truth.labels.size)
        found = self._value(truth, one, whole)
        return float(found) if found.ndim == 0 else float(np.average(found, weights=truth.units.weights))

    def _number(self, truth: Truth, one: Predictions, rows: NDArray[np.intp]) -> float:
        return float(self._value(truth, one, rows))

    def _value(self, truth: Truth, one: Predictions, rows: NDArray[np.intp]) -> Floats:
        answers = scores_of(one) if self._by_scores else one.labels
        try:
            found = np.asarray(self._function(truth.labels[rows], answers[rows]), dtype=np.float64)
        except Exception as problem:
            said = f"The metric {self._name} raised {type(problem).__name__}: {problem}"
            raise NothingToJudge(f"{said}. It gets truth and predictions of shape ({rows.size},).") from problem
        if found.shape not in {(), rows.shape} or not np.isfinite(found).all():
            raise NothingToJudge(f"The metric {self._name} returned no finite number, nor one for each row.")
        return found
