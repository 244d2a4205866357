"""What a metric is: a value of answers, and the interval of its difference between two models on the same rows."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mlops_ci.models.truth import Predictions, Task, Truth
from mlops_ci.stats import paired, shares
from mlops_ci.stats.paired import Floats, Interval
from mlops_ci.stats.units import Units

Difference = Callable[[Truth, Predictions, Predictions | None, float], Interval]
"""Truth, challenger, champion (None: the challenger alone), and how many times the champion counts."""

CLASSIFICATION: frozenset[Task] = frozenset({"binary", "multiclass"})
TWO: frozenset[Task] = frozenset({"binary"})
NUMBERS: frozenset[Task] = frozenset({"regression"})
EVERY: frozenset[Task] = frozenset({"binary", "multiclass", "regression", "ranking", "text"})


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by its scikit-learn name, the tasks that it is for, and how it is compared."""

    name: str
    tasks: frozenset[Task]
    difference: Difference
    greater_is_better: bool = True
    needs_scores: bool = False
    point: Callable[[Truth, Predictions], float] | None = None  # where bounds take long, the value without them

    def value(self, truth: Truth, one: Predictions) -> float:
        """Return one model's value.

        Raises:
            ValueError: there are too few rows for it.
        """
        return self.point(truth, one) if self.point else self.alone(truth, one).value

    def alone(self, truth: Truth, one: Predictions) -> Interval:
        """Return one model's value with its bounds.

        Raises:
            ValueError: there are too few rows for an interval.
        """
        return self.difference(truth, one, None, 1.0)

    def compared(self, truth: Truth, challenger: Predictions, champion: Predictions, factor: float = 1.0) -> Interval:
        """Return challenger minus `factor` times champion, turned so that positive favours the challenger.

        Raises:
            ValueError: there are too few rows for an interval.
        """
        found = self.difference(truth, challenger, champion, factor)
        return found if self.greater_is_better else turned(found)


def turned(found: Interval) -> Interval:
    """Return the interval of the opposite difference."""
    return replace(
        found,
        value=0.0 - found.value,
        low=0.0 - found.high,
        high=0.0 - found.low,
        p_below=lambda truth: 1 - found.p_below(-truth),
    )


def mean_of(
    score: Callable[[Truth, Predictions], Floats],
    *,
    is_share: bool = False,
    units: Callable[[Truth], Units] = lambda truth: truth.units,
) -> Difference:
    """Return the difference of the means of a score that each row (or query) has; `is_share` says it is 0 or 1."""

    def difference(truth: Truth, ours: Predictions, theirs: Predictions | None, factor: float) -> Interval:
        belong = units(truth)
        plain = is_share and belong.plain
        first = score(truth, ours)
        if theirs is None:
            return shares.alone(first.astype(np.bool_)) if plain else paired.mean(first, belong)
        second = score(truth, theirs)
        if plain and factor == 1.0:
            return shares.difference(second.astype(np.bool_), first.astype(np.bool_))
        return paired.mean(first - factor * second, belong)

    return difference


def scores_of(one: Predictions) -> Floats:
    """Return a model's scores; that they are there was demanded before."""
    if one.scores is None:  # pragma: no cover - see `Metric.needs_scores`
        raise AssertionError
    return one.scores
