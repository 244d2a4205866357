"""The numbers must be the same in training and in the service."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from {{cookiecutter.package}}.features import CARRIERS, DESTINATIONS, ORIGINS, to_matrix


@pytest.mark.parametrize(("features", "width"), [("schedule", 6), ("weather", 12)])
def test_a_table_and_a_list_of_requests_give_the_same_matrix(
    rows: pd.DataFrame, features: str, width: int
) -> None:
    matrix = to_matrix(rows, features)
    assert matrix.shape == (len(rows), width)
    requests = [dict(zip(rows.columns, row, strict=True)) for row in rows.itertuples(index=False)]
    np.testing.assert_array_equal(matrix, to_matrix(requests, features))


def test_the_contract_allows_what_the_features_know() -> None:
    path = Path(__file__).parent.parent / "contracts/data.json"
    allowed = {
        item["kwargs"]["column"]: item["kwargs"]["value_set"]
        for item in json.loads(path.read_text())["expectations"]
        if item["type"] == "expect_column_values_to_be_in_set"
    }
    assert (allowed["carrier"], allowed["origin"]) == (CARRIERS, ORIGINS)


def test_what_is_missing_or_unknown_stays_nan(rows: pd.DataFrame) -> None:
    strange = rows.iloc[1:2].assign(pressure=None, dest="XXX")
    assert np.isnan(to_matrix(strange, "weather")).sum() == 2


def test_every_category_of_the_golden_set_is_known(golden: pd.DataFrame) -> None:
    assert set(golden["carrier"]) <= set(CARRIERS)
    assert set(golden["origin"]) <= set(ORIGINS)
    assert set(golden["dest"]) <= set(DESTINATIONS)
