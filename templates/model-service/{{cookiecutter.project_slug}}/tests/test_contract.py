"""The contract must speak of the data that the code makes, and of all of them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

{% if cookiecutter.problem == "ranking" -%}
from {{cookiecutter.package}}.data import COLUMNS, GOLDEN_BOARDS, LEAST
{% else -%}
from {{cookiecutter.package}}.data import COLUMNS, GOLDEN_ROWS
{% endif -%}
from {{cookiecutter.package}}.features import CARRIERS, ORIGINS

CONTRACT = Path(__file__).parent.parent / "contracts/flights.json"


@pytest.fixture
def expectations() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(CONTRACT.read_text())["expectations"]
    return loaded


def allowed(expectations: list[dict[str, Any]], column: str) -> list[Any]:
    [values] = [
        item["kwargs"]["value_set"]
        for item in expectations
        if item["type"] == "expect_column_values_to_be_in_set"
        and item["kwargs"]["column"] == column
    ]
    return list(values)


def test_the_contract_lists_the_columns_of_the_data(expectations: list[dict[str, Any]]) -> None:
    assert expectations[0]["kwargs"]["column_set"] == COLUMNS
    assert {item["kwargs"].get("column", "id") for item in expectations} <= set(COLUMNS)


def test_the_contract_and_the_features_know_the_same_values(
    expectations: list[dict[str, Any]],
) -> None:
    assert allowed(expectations, "carrier") == CARRIERS
    assert allowed(expectations, "origin") == ORIGINS


def test_the_golden_set_has_unique_complete_rows(golden: pd.DataFrame) -> None:
    assert list(golden.columns) == COLUMNS
{%- if cookiecutter.problem == "ranking" %}
    assert golden["board"].nunique() == GOLDEN_BOARDS
    assert golden["board"].value_counts().min() >= LEAST
{%- else %}
    assert len(golden) == GOLDEN_ROWS
{%- endif %}
    assert golden["id"].is_unique
    assert not golden.isna().to_numpy().any()
