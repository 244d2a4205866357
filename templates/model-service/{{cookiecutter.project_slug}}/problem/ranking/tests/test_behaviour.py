"""The model of params.yaml must do what people know about flights, not just score well."""

import numpy as np
import pandas as pd
from conftest import Foretell

from {{cookiecutter.package}}.task import QUERY, measure


def test_a_later_departure_ranks_higher(foretell: Foretell, golden: pd.DataFrame) -> None:
    morning, evening = (foretell(golden.assign(sched_dep_minute=hour * 60)) for hour in (7, 19))
    assert (evening > morning).mean() > 0.95


def test_the_first_places_hold_more_late_flights_than_chance_puts_there(
    foretell: Foretell, golden: pd.DataFrame
) -> None:
    chance = measure(golden, np.random.default_rng(0).random(len(golden)))
    assert measure(golden, foretell(golden))["precision_at_10"] > chance["precision_at_10"] + 0.02


def test_few_flights_of_a_board_share_a_place(foretell: Foretell, golden: pd.DataFrame) -> None:
    scored = golden.assign(score=foretell(golden).round(9))
    assert scored.duplicated([QUERY, "score"]).mean() < 0.1
