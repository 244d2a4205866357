import json

import pytest

from mlops_ci.contracts.requests import differences, served
from mlops_ci.contracts.suite import Suite, parse
from mlops_ci.errors import NothingToJudge


def suite() -> Suite:
    listed = [
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1000}},
        {"type": "expect_table_columns_to_match_set", "kwargs": {"column_set": ["id", "x", "y", "label"]}},
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}},
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "x", "min_value": 0}},
        {"type": "expect_column_pair_values_to_be_equal", "kwargs": {"column_A": "x", "column_B": "label"}},
    ]
    return parse(json.dumps({"expectations": listed}), "s.json")


def test_only_what_speaks_of_the_inputs_judges_requests() -> None:
    assert [one.name for one in served(suite(), ["x", "y"]).expectations] == ["expect_column_values_to_be_between(x)"]


def test_what_is_masked_in_the_log_is_not_judged() -> None:
    with pytest.raises(NothingToJudge):
        served(suite(), ["x", "y"], masked=["x"])


def test_requests_of_which_nothing_is_expected_are_nothing_to_judge() -> None:
    with pytest.raises(NothingToJudge, match="expects nothing of what requests hold: y"):
        served(suite(), ["y"])


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["x", "y"], None),
        (["y", "x"], None),
        (["x"], "requests lack y"),
        (["x", "y", "z"], "requests also have z"),
        (["x", "id"], "requests lack y; also have id"),
    ],
)
def test_columns_are_compared(columns: list[str], said: str | None) -> None:
    found = differences(suite(), columns, ["id", "label"])
    assert [one.title for one in found] == ([said] if said else [])
