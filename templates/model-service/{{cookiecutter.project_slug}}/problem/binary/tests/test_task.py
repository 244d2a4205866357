"""A score is a probability, and becomes a yes or no at the threshold."""

import numpy as np
import pandas as pd
import pytest

from {{cookiecutter.package}}.task import LABEL, THRESHOLD, answer, measure


@pytest.mark.parametrize(("score", "prediction"), [(0.1, 0), (THRESHOLD, 1), (0.9, 1)])
def test_an_answer_is_a_score_and_a_decision(score: float, prediction: int) -> None:
    assert answer(np.array([1 - score, score])) == {"score": score, "prediction": prediction}


def test_what_is_known_for_sure_is_measured_as_perfect() -> None:
    rows = pd.DataFrame({LABEL: [0, 1, 1]})
    found = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert measure(rows, found) == {"roc_auc": 1.0, "log_loss": pytest.approx(0.0)}
