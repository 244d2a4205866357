"""The model of params.yaml must do what people know about planes, not just score well."""

import numpy as np
import pandas as pd
from conftest import Foretell


def test_most_planes_are_airliners(foretell: Foretell, golden: pd.DataFrame) -> None:
    assert 100 < np.median(foretell(golden)) < 300
