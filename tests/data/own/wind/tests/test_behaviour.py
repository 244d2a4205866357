"""The model of params.yaml must do what people know about wind, not just score well."""

import pandas as pd
from conftest import Foretell

from own.task import CLASSES


def test_it_is_likelier_windy_where_it_blows(foretell: Foretell, golden: pd.DataFrame) -> None:
    still, blown = (foretell(golden.assign(wind_speed=speed)) for speed in (1.0, 25.0))
    windy = CLASSES.index("windy")
    assert (blown[:, windy] > still[:, windy]).all()
