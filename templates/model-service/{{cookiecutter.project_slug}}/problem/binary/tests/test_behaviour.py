"""The model of params.yaml must do what people know about flights, not just score well."""

import numpy as np
import pandas as pd
from conftest import Foretell

from {{cookiecutter.package}}.task import LABEL


def test_a_later_departure_is_likelier_to_be_late(foretell: Foretell, golden: pd.DataFrame) -> None:
    morning, evening = (foretell(golden.assign(sched_dep_minute=hour * 60)) for hour in (7, 19))
    assert (evening[:, 1] > morning[:, 1]).mean() > 0.95


def test_both_probabilities_add_up_to_one(foretell: Foretell, golden: pd.DataFrame) -> None:
    np.testing.assert_allclose(foretell(golden).sum(axis=1), 1)


def test_flights_that_were_late_have_higher_scores(
    foretell: Foretell, golden: pd.DataFrame
) -> None:
    scores, late = foretell(golden)[:, 1], golden[LABEL] == 1
    assert scores[late].mean() > scores[~late].mean() + 0.01
