"""The contract must speak of the data that the code makes, and of all of them."""

import json
from pathlib import Path

import pandas as pd

from {{cookiecutter.package}}.data import COLUMNS, INPUTS
from {{cookiecutter.package}}.task import LABEL

CONTRACT = Path(__file__).parent.parent / "contracts/data.json"


def test_the_contract_lists_the_columns_of_the_data() -> None:
    expectations = json.loads(CONTRACT.read_text())["expectations"]
    kinds = {item["type"]: item["kwargs"] for item in expectations}
    assert kinds["expect_table_columns_to_match_set"]["column_set"] == COLUMNS
    assert {item["kwargs"].get("column", "id") for item in expectations} <= set(COLUMNS)


def test_the_label_is_no_input() -> None:
    assert LABEL in COLUMNS
    assert not {"id", LABEL} & set(INPUTS)


def test_the_golden_set_has_unique_complete_rows(golden: pd.DataFrame) -> None:
    assert list(golden.columns) == COLUMNS
    assert golden["id"].is_unique
    assert not golden.isna().to_numpy().any()
