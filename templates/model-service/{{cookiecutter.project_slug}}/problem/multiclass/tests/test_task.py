"""An answer names the likeliest class, and how likely each is."""

import numpy as np
import pandas as pd
import pytest

from {{cookiecutter.package}}.task import CLASSES, LABEL, answer, measure


def test_an_answer_names_the_likeliest_class() -> None:
    scores = np.arange(len(CLASSES)) / 10
    told = answer(scores)
    assert told.pop("prediction") == CLASSES[-1]
    assert told == {f"score_{name}": score for name, score in zip(CLASSES, scores, strict=True)}


def test_the_classes_are_in_the_order_that_scikit_learn_gives_them(golden: pd.DataFrame) -> None:
    assert sorted(set(golden[LABEL])) == CLASSES


def test_what_is_known_for_sure_is_measured_as_perfect() -> None:
    rows = pd.DataFrame({LABEL: CLASSES})
    assert measure(rows, np.eye(len(CLASSES))) == {"log_loss": pytest.approx(0.0), "accuracy": 1.0}
