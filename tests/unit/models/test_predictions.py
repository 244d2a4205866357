"""What models answer, in every form that they do, and every form that is refused."""

from typing import Any

import numpy as np
import pytest

from gate_builders import golden
from mlops_ci.errors import NothingToJudge
from mlops_ci.models.answers import Answers
from mlops_ci.models.metrics.known import METRICS
from mlops_ci.models.predictions import understood
from mlops_ci.models.rules import Facts, judge
from mlops_ci.models.truth import Predictions, Truth
from mlops_ci.settings.gate import Bound

TWO = Truth("binary", np.array([False, True, True]), 0, ("no", "yes"))
THREE = Truth("multiclass", np.array([0, 1, 2]), 0, ("a", "b", "c"))
NUMBERS = Truth("regression", np.array([1.0, 2.0, 3.0]), 0)
TEXT = Truth("text", np.array(["x", "y", "z"], dtype=object), 0)


def answer(truth: Truth, **columns: Any) -> Predictions:  # noqa: ANN401 - columns of anything
    bare = {"bare": "", "first": "0", "second": "1", "third": "2"}
    return understood("challenger", {bare.get(k, k): np.array(v) for k, v in columns.items()}, golden(truth))


@pytest.mark.parametrize(
    ("columns", "labels"),
    [
        ({"bare": [0.2, 0.7, 0.4]}, [0, 1, 0]),
        ({"score": [0.2, 0.7, 0.4]}, [0, 1, 0]),
        ({"score_yes": [0.2, 0.7, 0.4]}, [0, 1, 0]),
        ({"first": [0.8, 0.3, 0.6], "second": [0.2, 0.7, 0.4]}, [0, 1, 0]),
        ({"score": [0.2, 0.7, 0.4], "prediction": ["no", "yes", "yes"]}, [0, 1, 1]),
        ({"score_no": [0.8, 0.3, 0.6], "score_yes": [0.2, 0.7, 0.4]}, [0, 1, 0]),
    ],
)
def test_two_classes_by_probability(columns: dict[str, Any], labels: list[int]) -> None:
    found = answer(TWO, **columns)
    assert found.labels.tolist() == labels
    assert found.scores is not None
    assert found.scores.tolist() == [0.2, 0.7, 0.4]


@pytest.mark.parametrize("classes", [("stay", "churn"), ("10", "9"), ("1", "0"), ("True", "False")])
def test_two_columns_are_in_the_classes_own_order_whichever_is_positive(classes: tuple[str, str]) -> None:
    """A classifier's first column is the first class by name or number, which may be the positive one."""
    found = answer(Truth("binary", TWO.labels, 0, classes), first=[0.2, 0.7, 0.4], second=[0.8, 0.3, 0.6])
    assert found.scores is not None
    assert found.scores.tolist() == [0.2, 0.7, 0.4]


def test_many_columns_are_in_the_order_of_numbers_where_classes_are_numbers() -> None:
    many = Truth("multiclass", np.array([0, 1, 2]), 0, ("1", "10", "2"))  # by name, as the golden set holds them
    found = answer(many, first=[0.6, 0.1, 0.2], second=[0.2, 0.2, 0.7], third=[0.2, 0.7, 0.1])
    assert found.labels.tolist() == [0, 1, 2]


def test_two_classes_by_label_alone_have_no_scores() -> None:
    assert answer(TWO, prediction=["no", "yes", "maybe"]).labels.tolist() == [0, 1, 2]
    assert answer(TWO, bare=["no", "yes", "yes"]).scores is None


def test_many_classes() -> None:
    assert answer(THREE, bare=["a", "c", "d"]).labels.tolist() == [0, 2, 3]
    by_position = answer(THREE, first=[0.6, 0.1, 0.2], second=[0.2, 0.2, 0.2], third=[0.2, 0.7, 0.6])
    assert by_position.labels.tolist() == [0, 2, 2]
    without_b = answer(THREE, score_a=[0.6, 0.1, 0.2], score_c=[0.4, 0.9, 0.8])
    assert without_b.labels.tolist() == [0, 2, 2], "a model that never saw b gives it nothing"
    assert without_b.scores is not None
    assert without_b.scores[:, 1].tolist() == [0, 0, 0]
    stranger = answer(THREE, score_a=[0.6, 0.1, 0.2], score_d=[0.4, 0.9, 0.8])
    assert stranger.labels.tolist() == [0, 3, 3]


def test_numbers_and_texts() -> None:
    assert answer(NUMBERS, bare=[1, 2, 3]).labels.tolist() == [1.0, 2.0, 3.0]
    assert answer(NUMBERS, prediction=[1, 2, 3], score=[0, 0, 0]).labels.tolist() == [1.0, 2.0, 3.0]
    assert answer(TEXT, bare=["x ", "y", "q"]).right(TEXT).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("truth", "columns", "said"),
    [
        (TWO, {"bare": [0.1, 0.2]}, r"shape \(2,\); one answer for each of 3 rows"),
        (TWO, {"bare": [[0.1], [0.2], [0.3]]}, "shape"),
        (TWO, {"bare": [0.1, 1.2, 0.3]}, "not probabilities"),
        (TWO, {"bare": [0.1, float("nan"), 0.3]}, "1 answers that are not finite"),
        (TWO, {"score": [0.1, float("inf"), 0.3]}, "1 answers that are not finite"),
        (TWO, {"bare": ["on", "off", "on"]}, "Not one answer is a label"),
        (TWO, {"prediction": [5, 6, 7]}, "answered with '5'; the labels are no, yes"),
        (TWO, {"prediction": np.array(["no", None, "yes"], dtype=object)}, "left 1 rows without an answer"),
        (TWO, {}, "called prediction or score"),
        (THREE, {"first": [1.0, 1, 1], "second": [0.0, 0, 0]}, "2 columns, and the golden set has 3 classes"),
        (THREE, {"score_a": [0.6, 0.6, 0.6], "score_b": [0.6, 0.4, 0.4]}, "do not add up to 1"),
        (THREE, {"prediction": [0.1, 0.2, 0.3]}, "Not one answer is a label"),
        (NUMBERS, {"bare": ["a", "b", "c"]}, "'a', which is no number"),
        (NUMBERS, {"bare": [1.0, float("nan"), 2.0]}, "not finite"),
        (NUMBERS, {"x": [1, 2, 3], "y": [1, 2, 3]}, "a column called prediction is needed"),
    ],
)
def test_what_cannot_be_judged_is_refused(truth: Truth, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(NothingToJudge, match=said):
        answer(truth, **columns)


def test_a_class_that_the_champion_never_saw_has_no_chance_with_it() -> None:
    """The golden set has a new class; a champion that does not know it is judged all the same."""
    champion = answer(THREE, score_a=[0.6, 0.5, 0.5], score_b=[0.4, 0.5, 0.5])
    assert champion.scores is not None
    assert champion.scores[:, THREE.classes.index("c")].tolist() == [0, 0, 0]
    challenger = answer(THREE, score_a=[0.6, 0.1, 0.2], score_b=[0.2, 0.7, 0.2], score_c=[0.2, 0.2, 0.6])
    facts = Facts(THREE, Answers(challenger), Answers(champion), METRICS)
    found = judge("log_loss", Bound.model_validate({"improve_by": 0}), facts)
    assert found.champion is not None
    assert np.isfinite(found.champion)
    assert found.challenger is not None
    assert found.challenger < found.champion
