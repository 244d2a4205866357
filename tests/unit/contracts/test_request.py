import json
from typing import Any

import jsonschema
import pytest

from mlops_ci.contracts.dictionary import dictionary
from mlops_ci.contracts.promises import promises
from mlops_ci.contracts.request import request_schema, to_text
from mlops_ci.contracts.suite import Suite, parse

EXPECTATIONS: list[dict[str, Any]] = [
    {"type": "expect_table_columns_to_match_set", "kwargs": {"column_set": ["id", "month", "origin", "temp", "code"]}},
    {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "month"}},
    {"type": "expect_column_values_to_be_in_type_list", "kwargs": {"column": "month", "type_list": ["int64", "int32"]}},
    {"type": "expect_column_values_to_be_between", "kwargs": {"column": "month", "min_value": 1, "max_value": 12}},
    {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "origin", "value_set": ["EWR", "JFK"]}},
    {"type": "expect_column_values_to_be_between",
     "kwargs": {"column": "temp", "min_value": -20, "strict_min": True, "max_value": 120}},
    {"type": "expect_column_values_to_be_between", "kwargs": {"column": "temp", "max_value": 9}, "severity": "warning"},
    {"type": "expect_column_values_to_be_between", "kwargs": {"column": "temp", "max_value": 60, "mostly": 0.9}},
    {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "code", "regex": "^[A-Z]{3}$"}},
    {"type": "expect_column_value_lengths_to_equal", "kwargs": {"column": "code", "value": 3}},
    {"type": "expect_column_to_exist", "kwargs": {"column": "temp"}, "meta": {"notes": "degrees | Fahrenheit"}},
]  # fmt: skip
ONE = {"month": 7, "origin": "JFK", "temp": 70.5, "code": "ABC"}


def suite() -> Suite:
    return parse(json.dumps({"name": "flights", "expectations": EXPECTATIONS}), "flights.json")


def accepts(**changes: Any) -> bool:  # noqa: ANN401 - any value may be sent
    schema = json.loads(to_text(request_schema(suite(), without=["id"])))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    sent = {key: value for key, value in (ONE | changes).items() if value != "left out"}
    return validator.is_valid(sent)


@pytest.mark.parametrize(
    "changes",
    [{}, {"temp": None}, {"temp": 120}, {"temp": 55}, {"origin": None}, {"month": 12}, {"code": None}],
)
def test_what_the_contract_allows_is_accepted(changes: dict[str, Any]) -> None:
    assert accepts(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"month": None},
        {"month": 13},
        {"month": 7.5},
        {"month": "7"},
        {"origin": "LGA"},
        {"temp": -20},
        {"temp": 121},
        {"temp": "warm"},
        {"temp": "left out"},
        {"code": "abc"},
        {"code": "ABCD"},
        {"id": "a"},
        {"new": 1},
    ],
)
def test_what_it_forbids_is_refused(changes: dict[str, Any]) -> None:
    assert not accepts(**changes)


def test_what_is_said_short_of_every_row_promises_nothing() -> None:
    (temp,) = [one for one in promises(suite()) if one.column == "temp"]
    assert (temp.low, temp.above, temp.high, temp.nullable) == (-20, True, 120, True)


def test_the_dictionary_has_a_line_for_each_column() -> None:
    page = dictionary(suite(), without=["id"])
    assert "| `month` | integer | never | from 1 to 12 |" in page
    assert "| `temp` | number | allowed | above -20 to 120 |" in page
    assert "degrees \\| Fahrenheit" in page
    assert "`id` (not in requests)" in page
    assert page.count("\n| `") == 5
