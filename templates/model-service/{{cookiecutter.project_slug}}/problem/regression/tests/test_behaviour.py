"""The model of params.yaml must do what people know about flights, not just score well."""

import numpy as np
import pandas as pd
import pytest
from conftest import Foretell


def test_a_longer_way_takes_more_time(foretell: Foretell, golden: pd.DataFrame) -> None:
    near, far = (foretell(golden.assign(distance=miles)) for miles in (500.0, 2000.0))
    assert (far > near).all()


@pytest.mark.parametrize(
    ("dest", "low", "high"), [("BOS", 20, 70), ("ORD", 80, 160), ("SFO", 300, 400)]
)
def test_a_known_way_takes_about_its_time(
    foretell: Foretell, golden: pd.DataFrame, dest: str, low: int, high: int
) -> None:
    minutes = foretell(golden[golden["dest"] == dest])
    assert low < np.median(minutes) < high


def test_no_flight_lands_before_it_starts(foretell: Foretell, golden: pd.DataFrame) -> None:
    assert (foretell(golden) > 0).all()
