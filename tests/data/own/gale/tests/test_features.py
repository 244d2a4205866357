"""The numbers must be the same in training and in the service."""

import numpy as np
import pandas as pd
import pytest

from own.features import FEATURES, to_matrix


@pytest.mark.parametrize("features", FEATURES)
def test_a_table_and_a_list_of_requests_give_the_same_matrix(
    rows: pd.DataFrame, features: str
) -> None:
    requests = [dict(zip(rows.columns, row, strict=True)) for row in rows.itertuples(index=False)]
    np.testing.assert_array_equal(to_matrix(rows, features), to_matrix(requests, features))
