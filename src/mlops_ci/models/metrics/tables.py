"""Metrics that depend on the table of true and predicted classes alone: F1, κ and their relatives."""

from collections.abc import Callable
from math import inf

import numpy as np

from mlops_ci.models.metrics.metric import CLASSIFICATION, TWO, Difference, Metric
from mlops_ci.models.truth import Predictions, Task, Truth
from mlops_ci.stats import jackknife
from mlops_ci.stats.paired import Floats, Interval

_FEW_CLASSES = 33

Value = Callable[[Floats], Floats]
"""Tables of shape (…, K, K), true class by predicted class → values of shape (…)."""


def _ratio(above: Floats, below: Floats) -> Floats:
    """Return a quotient that is 0 where it has no denominator, as scikit-learn has it."""
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below != 0)


def _hits(tables: Floats) -> Floats:
    return np.diagonal(tables, axis1=-2, axis2=-1)


def _precisions(tables: Floats) -> Floats:
    return _ratio(_hits(tables), tables.sum(axis=-2))


def _recalls(tables: Floats) -> Floats:
    return _ratio(_hits(tables), tables.sum(axis=-1))


def _f1s(tables: Floats) -> Floats:
    return _ratio(2 * _hits(tables), tables.sum(axis=-2) + tables.sum(axis=-1))


def _of_positive(of_classes: Value) -> Value:
    return lambda tables: of_classes(tables)[..., 1]


def _macro(of_classes: Value) -> Value:
    """Return the mean over the classes that the truth has or a model predicts, as scikit-learn has it."""

    def value(tables: Floats) -> Floats:
        seen = (tables.sum(axis=-2) + tables.sum(axis=-1)) > 0
        return _ratio((of_classes(tables) * seen).sum(axis=-1), seen.sum(axis=-1).astype(np.float64))

    return value


def _weighted(of_classes: Value) -> Value:
    def value(tables: Floats) -> Floats:
        support = tables.sum(axis=-1)
        return _ratio((of_classes(tables) * support).sum(axis=-1), support.sum(axis=-1))

    return value


def _balanced(tables: Floats) -> Floats:
    there = tables.sum(axis=-1) > 0
    return _ratio((_recalls(tables) * there).sum(axis=-1), there.sum(axis=-1).astype(np.float64))


def _kappa(tables: Floats) -> Floats:
    total = tables.sum(axis=(-2, -1))
    agreed = _ratio(_hits(tables).sum(axis=-1), total)
    chance = _ratio((tables.sum(axis=-2) * tables.sum(axis=-1)).sum(axis=-1), total * total)
    return _ratio(agreed - chance, 1 - chance)


def _matthews(tables: Floats) -> Floats:
    """Source: Gorodkin (2004), Computational Biology and Chemistry 28:367-374."""
    total, hits = tables.sum(axis=(-2, -1)), _hits(tables).sum(axis=-1)
    said, true = tables.sum(axis=-2), tables.sum(axis=-1)
    above = hits * total - (said * true).sum(axis=-1)
    below = (total**2 - (said**2).sum(axis=-1)) * (total**2 - (true**2).sum(axis=-1))
    return _ratio(above, np.sqrt(np.maximum(below, 0)))


def _difference(value: Value) -> Difference:
    def difference(truth: Truth, ours: Predictions, theirs: Predictions | None, factor: float) -> Interval:
        classes = len(truth.classes) + 1  # a class that the truth does not know
        champion = None if theirs is None else theirs.labels
        return jackknife.counted(value, truth.codes, ours.labels, champion, classes, factor=factor, units=truth.units)

    return difference


def largest_move(name: str, truth: Truth, one: Predictions) -> float:
    """Return by how much a metric changes, at most, when one row is answered otherwise; infinity with many classes."""
    classes = len(truth.classes) + 1
    if classes > _FEW_CLASSES:
        return inf
    cells = np.bincount(truth.codes * classes + one.labels, minlength=classes * classes)
    table, most = cells.reshape(classes, classes).astype(np.float64), 0.0
    for true, said in np.argwhere(table):
        moved = np.repeat(table[None], classes, axis=0)
        moved[:, true, said] -= 1
        moved[np.arange(classes), true, np.arange(classes)] += 1
        most = max(most, float(abs(VALUES[name](moved) - VALUES[name](table)).max()))
    return most


_MANY: frozenset[Task] = frozenset({"multiclass"})
_KINDS: tuple[tuple[str, frozenset[Task], Value], ...] = (
    ("f1", TWO, _of_positive(_f1s)),
    ("precision", TWO, _of_positive(_precisions)),
    ("recall", TWO, _of_positive(_recalls)),
    ("f1_macro", _MANY, _macro(_f1s)),
    ("f1_weighted", _MANY, _weighted(_f1s)),
    ("precision_macro", _MANY, _macro(_precisions)),
    ("recall_macro", _MANY, _macro(_recalls)),
    ("balanced_accuracy", CLASSIFICATION, _balanced),
    ("cohen_kappa", CLASSIFICATION, _kappa),
    ("matthews_corrcoef", CLASSIFICATION, _matthews),
)
VALUES: dict[str, Value] = {name: value for name, _, value in _KINDS}
METRICS = tuple(Metric(name, tasks, _difference(value)) for name, tasks, value in _KINDS)
