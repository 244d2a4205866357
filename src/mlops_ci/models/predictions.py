"""What a model answered, in the terms of the task: labels, probabilities, values or texts, all checked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_ci.errors import NothingToJudge
from mlops_ci.models.golden import GoldenSet, label_text
from mlops_ci.models.truth import Predictions, Truth

Columns = Mapping[str, NDArray[Any]]
"""Answers by column, each of shape (n,): numbers or texts. A bare array has the names `0`, `1` …; one alone is ``."""

DECISION = 0.5  # from which probability on the positive class is predicted
_SUM_TOLERANCE = 1e-3


def understood(name: str, columns: Columns, golden: GoldenSet) -> Predictions:
    """Return a model's answers, given in id order, in the terms of the golden set's task.

    Raises:
        NothingToJudge: they are not one usable answer for each row.
    """
    count = golden.ids.size
    for column in columns.values():
        if column.shape != (count,):
            said = f"The {name} answered with shape {column.shape}"
            raise NothingToJudge(f"{said}; one answer for each of {count} rows is needed.")
    truth = golden.truth
    if not columns:
        raise NothingToJudge(f"The {name} answered nothing that is called prediction or score.")
    match truth.task:
        case "binary":
            return _binary(name, columns, truth)
        case "multiclass":
            return _multiclass(name, columns, truth)
        case "ranking":
            scores = _numbers(name, _one(name, columns, "score"))
            return Predictions(scores, scores)
        case "text":
            texts = [str(one) for one in _one(name, columns, "prediction")]
            return Predictions(np.array(texts, dtype=np.object_))
        case "regression":
            return Predictions(_numbers(name, _one(name, columns, "prediction")))


def _one(name: str, columns: Columns, wanted: str) -> NDArray[Any]:
    """Return the column of that name, or the only one."""
    if wanted in columns:
        return columns[wanted]
    if len(columns) == 1:
        return next(iter(columns.values()))
    raise NothingToJudge(f"The {name} answered with {', '.join(columns)}; a column called {wanted} is needed.")


def _numbers(name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise NothingToJudge(f"The {name} answered with {str(values[0])!r}, which is no number.") from problem
    if not np.isfinite(numbers).all():
        raise NothingToJudge(f"The {name} gave {np.sum(~np.isfinite(numbers))} answers that are not finite numbers.")
    return numbers


def _probabilities(name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    scores = _numbers(name, values)
    if scores.min() < 0 or scores.max() > 1:
        raise NothingToJudge(f"The {name}'s answers are not probabilities: they lie outside 0 … 1.")
    return scores


def _binary(name: str, columns: Columns, truth: Truth) -> Predictions:
    """A bare column of numbers is the probability of the positive class, two are those of both in their own order."""
    scores = columns.get("score", columns.get(f"score_{truth.classes[1]}"))
    if scores is None and set(columns) == {"0", "1"}:
        scores = columns[str(_in_order(truth.classes).index(truth.classes[1]))]
    said = columns.get("prediction")
    if scores is None and said is None:
        bare = _one(name, columns, "score")
        scores, said = (bare, None) if bare.dtype.kind in "fiub" else (None, bare)
    known = None if scores is None else _probabilities(name, scores)
    if said is not None:
        return Predictions(_coded(name, said, truth.classes), known)
    if known is None:  # pragma: no cover - one of the two is there
        raise AssertionError
    return Predictions((known >= DECISION).astype(np.intp), known)


def _multiclass(name: str, columns: Columns, truth: Truth) -> Predictions:
    """A bare column holds labels; several are the classes' probabilities in the classes' own order."""
    named = {column.removeprefix("score_"): column for column in columns if column.startswith("score_")}
    if not named and "0" in columns:
        if len(columns) != len(truth.classes):
            said = (
                f"The {name} answered with {len(columns)} columns, and the golden set has {len(truth.classes)} classes"
            )
            raise NothingToJudge(f"{said}. Let it name them: prediction, and score_<class> for each class.")
        named = {one: str(at) for at, one in enumerate(_in_order(truth.classes))}
    scores = None
    if named:
        given = {one: _probabilities(name, columns[column]) for one, column in named.items()}
        total = np.sum(list(given.values()), axis=0)
        if (abs(total - 1) > _SUM_TOLERANCE).any():
            raise NothingToJudge(
                f"The {name}'s probabilities do not add up to 1: in one row they make {total.max():.4g}."
            )
        nothing = np.zeros(total.shape)  # a class that the model never saw
        scores = np.stack([given.get(one, nothing) for one in truth.classes], axis=1)
    said_labels = columns.get("prediction")
    if said_labels is None and scores is None:
        said_labels = _one(name, columns, "prediction")
    if said_labels is not None:
        return Predictions(_coded(name, said_labels, truth.classes), scores)
    names = np.array(list(given), dtype=np.object_)
    best = names[np.argmax(np.stack(list(given.values())), axis=0)]
    return Predictions(_coded(name, best, truth.classes), scores)


def _in_order(classes: tuple[str, ...]) -> list[str]:
    """Return classes in the order in which classifiers number them: numbers by size (2 before 10), texts by letters."""
    try:
        return sorted(classes, key=float)
    except ValueError:
        return sorted(classes)


def _coded(name: str, values: NDArray[Any], classes: tuple[str, ...]) -> NDArray[np.intp]:
    """Return class codes; a class that the truth does not know has the code after the last."""
    codes = {one: code for code, one in enumerate(classes)}
    raw = values.tolist()
    if any(one is None or one != one for one in raw):  # noqa: PLR0124 - NaN
        raise NothingToJudge(f"The {name} left {sum(one is None or one != one for one in raw)} rows without an answer.")  # noqa: PLR0124 - NaN
    found = np.array([codes.get(label_text(one), len(classes)) for one in raw], dtype=np.intp)
    if (found == len(classes)).all():
        said = f"The {name} answered with {label_text(raw[0])!r}; the labels are {', '.join(classes[:6])}"
        raise NothingToJudge(f"{said}. Not one answer is a label: they are of another kind.")
    return found
