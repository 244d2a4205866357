"""An answer names the likeliest class, and how likely each is."""

import numpy as np
import pandas as pd
import pytest

from {{cookiecutter.package}}.task import CLASSES, LABEL, answer, measure


def test_an_answer_names_the_likeliest_class() -> None:
    assert answer(np.array([0.1, 0.2, 0.3, 0.4])) == {
        "prediction": "very_late",
        "score_early": 0.1,
        "score_late": 0.2,
        "score_on_time": 0.3,
        "score_very_late": 0.4,
    }


def test_the_classes_are_in_the_order_that_scikit_learn_gives_them(golden: pd.DataFrame) -> None:
    assert sorted(set(golden[LABEL])) == CLASSES


def test_what_is_known_for_sure_is_measured_as_perfect() -> None:
    rows = pd.DataFrame({LABEL: CLASSES})
    assert measure(rows, np.eye(4)) == {"log_loss": pytest.approx(0.0), "accuracy": 1.0}
