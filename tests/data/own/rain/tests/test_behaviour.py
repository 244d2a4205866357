"""The model of params.yaml must do what people know about rain, not just score well."""

import pandas as pd
from conftest import Foretell


def test_rain_is_likelier_where_it_rains(foretell: Foretell, golden: pd.DataFrame) -> None:
    dry, wet = (foretell(golden.assign(precip=inches))[:, 1] for inches in (0.0, 0.1))
    assert (wet > dry).all()
