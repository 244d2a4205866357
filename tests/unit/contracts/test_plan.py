from typing import Any

import pytest

from mlops_ci.contracts.plan import compile_
from mlops_ci.contracts.suite import Expectation
from mlops_ci.tools.duckdb import Column, Kind

KINDS: dict[str, tuple[Kind, str]] = {
    "i": ("integer", "BIGINT"),
    "f": ("float", "DOUBLE"),
    "s": ("text", "VARCHAR"),
    "b": ("boolean", "BOOLEAN"),
    "t": ("time", "TIMESTAMP"),
    "o": ("other", "INTEGER[]"),
}
COLUMNS = {name: Column(name, kind, type_) for name, (kind, type_) in KINDS.items()}


def compiles(type_: str, **kwargs: object) -> bool:
    return compile_(Expectation(type_, kwargs), COLUMNS) is not None


BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"


def test_no_value_of_a_contract_stands_in_the_sql() -> None:
    hostile = "'); DROP TABLE data; --"
    columns = {'a"b': Column('a"b', "text", "VARCHAR")}
    scan = compile_(Expectation(IN_SET, {"column": 'a"b', "value_set": [hostile]}), columns)
    assert scan is not None
    assert scan.expressions[1].values == (hostile,)
    assert "DROP" not in scan.expressions[1].text
    assert '"a""b"' in scan.expressions[1].text


@pytest.mark.parametrize("column", ["i", "f"])
def test_bounds_of_numbers_compile(column: str) -> None:
    assert compiles(BETWEEN, column=column, min_value=0, max_value=1.5, strict_min=True, mostly=0.9)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"column": "s", "min_value": "a"},
        {"column": "t", "min_value": "2013-01-01"},
        {"column": "i", "min_value": "1"},
        {"column": "i", "min_value": True},
        {"column": "i"},
        {"column": "i", "min_value": {"$PARAMETER": "low"}},
        {"column": "i", "min_value": 0, "mostly": 2},
        {"column": "i", "min_value": 0, "strict_min": "yes"},
        {"column": "i", "min_value": 0, "row_condition": "i > 1", "condition_parser": "pandas"},
        {"column": "i", "min_value": 0, "parse_strings_as_datetimes": True},
        {"column": ["i"], "min_value": 0},
    ],
)
def test_what_is_not_surely_the_same_is_left_to_great_expectations(kwargs: dict[str, Any]) -> None:
    assert not compiles(BETWEEN, **kwargs)


def test_arguments_that_are_null_or_about_the_run_change_nothing() -> None:
    assert compiles(BETWEEN, column="i", min_value=0, max_value=None, row_condition=None, result_format="BASIC")


@pytest.mark.parametrize(
    ("column", "members", "fits"),
    [
        ("i", [1, 2.5, None], True),
        ("i", [True], False),
        ("i", ["1"], False),
        ("s", ["a"], True),
        ("s", [1], False),
        ("b", [True], True),
        ("t", ["2013-01-01"], False),
        ("i", "12", False),
        ("i", None, False),
    ],
)
def test_a_set_compiles_when_its_members_are_of_the_columns_kind(column: str, members: object, *, fits: bool) -> None:
    assert compiles(IN_SET, column=column, value_set=members) is fits


@pytest.mark.parametrize(("column", "fits"), [("i", True), ("f", False), ("s", False)])
@pytest.mark.parametrize("statistic", ["mean", "sum", "median"])
def test_statistics_that_depend_on_the_order_of_floats_are_left(column: str, statistic: str, *, fits: bool) -> None:
    assert compiles(f"expect_column_{statistic}_to_be_between", column=column, min_value=0) is fits


def test_types_without_a_plan_are_left() -> None:
    assert not compiles("expect_column_stdev_to_be_between", column="i", min_value=0)
    assert not compiles("expect_column_values_to_be_unique", column="o")
    assert not compiles("expect_column_values_to_match_regex", column="i", regex="1")
    assert not compiles("expect_column_values_to_match_regex", column="s", regex=r"\bx")
    assert not compiles("expect_column_value_lengths_to_be_between", column="i", min_value=1)
    assert not compiles("expect_column_to_exist", column="i", column_index=3)


def test_a_missing_column_needs_no_scan_whatever_is_expected_of_it() -> None:
    for type_ in (BETWEEN, "expect_column_stdev_to_be_between"):
        scan = compile_(Expectation(type_, {"column": "z", "min_value": 0}), COLUMNS)
        assert scan is not None
        assert (scan.shape, scan.expressions) == ("absent", ())


def test_the_case_of_a_column_name_matters() -> None:
    scan = compile_(Expectation(BETWEEN, {"column": "I", "min_value": 0}), COLUMNS)
    assert scan is not None
    assert scan.shape == "absent"
