"""The model of params.yaml must do what people know about flights, not just score well."""

import numpy as np
import pandas as pd
from conftest import Foretell

from {{cookiecutter.package}}.task import CLASSES, LABEL

VERY_LATE = CLASSES.index("very_late")


def test_a_later_departure_is_likelier_to_be_very_late(
    foretell: Foretell, golden: pd.DataFrame
) -> None:
    morning, evening = (foretell(golden.assign(sched_dep_minute=hour * 60)) for hour in (7, 19))
    assert (evening[:, VERY_LATE] > morning[:, VERY_LATE]).mean() > 0.95


def test_the_probabilities_add_up_to_one(foretell: Foretell, golden: pd.DataFrame) -> None:
    np.testing.assert_allclose(foretell(golden).sum(axis=1), 1)


def test_flights_that_were_very_late_have_higher_scores(
    foretell: Foretell, golden: pd.DataFrame
) -> None:
    scores, late = foretell(golden)[:, VERY_LATE], golden[LABEL] == "very_late"
    assert scores[late].mean() > scores[~late].mean() + 0.01
