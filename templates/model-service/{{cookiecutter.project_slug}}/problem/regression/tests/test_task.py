"""An answer is a number, and its error is measured in the same unit."""

import numpy as np
import pandas as pd

from {{cookiecutter.package}}.task import LABEL, answer, measure


def test_an_answer_is_a_number() -> None:
    assert answer(np.float64(93.5)) == {"prediction": 93.5}


def test_errors_are_measured_in_the_unit_of_the_answer() -> None:
    rows = pd.DataFrame({LABEL: [100.0, 200.0]})
    assert measure(rows, np.array([107.0, 199.0])) == {
        "mean_absolute_error": 4.0,
        "root_mean_squared_error": 5.0,
    }
