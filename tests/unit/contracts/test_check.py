import json
from typing import Any

import pytest

from mlops_ci.contracts.check import check
from mlops_ci.contracts.suite import parse

BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
GOOD: list[dict[str, Any]] = [
    {"type": "expect_table_columns_to_match_set", "kwargs": {"column_set": ["x"]}},
    {"type": BETWEEN, "kwargs": {"column": "x", "min_value": 0, "max_value": 9}},
]


def faults(*more: dict[str, Any], base: list[dict[str, Any]] | None = None) -> list[str]:
    listed = [*(GOOD if base is None else base), *more]
    return [one.fault for one in check(parse(json.dumps({"expectations": listed}, indent=1), "s.json"))]


def test_a_good_contract_has_nothing_to_mend() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("one", "fault"),
    [
        ({"type": BETWEEN, "kwargs": {"column": "x"}}, "cannot fail"),
        ({"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "x", "mostly": 0}}, "cannot fail"),
        ({"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 0}}, "cannot fail"),
        ({"type": "expect_column_values_to_not_be_in_set", "kwargs": {"column": "x", "value_set": []}}, "cannot fail"),
        ({"type": IN_SET, "kwargs": {"column": "x", "value_set": []}}, "cannot pass"),
        ({"type": IN_SET, "kwargs": {"column": "x", "value_set": [10, 11]}}, "cannot pass"),
        ({"type": BETWEEN, "kwargs": {"column": "x", "min_value": 10}}, "cannot pass"),
        ({"type": BETWEEN, "kwargs": {"column": "y", "min_value": 1}}, "unknown column"),
        (GOOD[1], "repeated"),
    ],
)
def test_each_fault_is_found(one: dict[str, Any], fault: str) -> None:
    assert fault in faults(one)


@pytest.mark.parametrize(
    "one",
    [
        {"type": BETWEEN, "kwargs": {"column": "x", "max_value": 9}},
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "x", "mostly": 0.01}},
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}},
        {"type": IN_SET, "kwargs": {"column": "x", "value_set": [9, 11]}},
        {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "x", "regex": "[a]"}},
    ],
)
def test_near_misses_are_none(one: dict[str, Any]) -> None:
    assert faults(one) == []


def test_null_and_not_null_contradict_each_other() -> None:
    both = [{"type": f"expect_column_values_to_{word}be_null", "kwargs": {"column": "x"}} for word in ("not_", "")]
    assert "cannot pass" in faults(*both)


def test_a_contract_that_blocks_nothing_is_a_fault() -> None:
    assert faults(base=[one | {"severity": "warning"} for one in GOOD]) == ["nothing blocks"]


def test_a_listed_column_without_expectations_is_said() -> None:
    listed = {"type": "expect_table_columns_to_match_set", "kwargs": {"column_set": ["x", "z"]}}
    (one,) = check(parse(json.dumps({"expectations": [listed, GOOD[1]]}), "s.json"))
    assert (one.fault, one.column) == ("unspoken column", "z")


def test_remarks_name_the_line() -> None:
    text = json.dumps({"expectations": [*GOOD, {"type": BETWEEN, "kwargs": {"column": "x"}}]}, indent=1)
    (one,) = check(parse(text, "s.json"))
    assert text.splitlines()[(one.line or 0) - 1 : (one.line or 0) + 1] == ["  {", f'   "type": "{BETWEEN}",']
