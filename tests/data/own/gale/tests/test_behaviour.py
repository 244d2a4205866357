"""The model of params.yaml must do what people know about wind, not just score well."""

import pandas as pd
from conftest import Foretell


def test_an_hour_in_which_it_blows_ranks_higher(foretell: Foretell, golden: pd.DataFrame) -> None:
    still, blown = (foretell(golden.assign(wind_speed=speed)) for speed in (1.0, 25.0))
    assert (blown > still).all()
