"""The model of params.yaml must do what people know about planes, not just score well."""

import pandas as pd
from conftest import Foretell


def test_no_plane_has_less_than_the_pilots_seat(foretell: Foretell, golden: pd.DataFrame) -> None:
    assert (foretell(golden) > 1).all()
