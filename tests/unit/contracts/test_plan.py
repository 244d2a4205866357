from typing import Any

import pytest

from mlops_ci.contracts.known import KNOWN
from mlops_ci.contracts.plan import COMPILED, compile_
from mlops_ci.contracts.plan_tables import ABSENT
from mlops_ci.contracts.scan import Answers, Scan
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


def test_all_but_what_only_python_can_say_compiles() -> None:
    assert {
        "expect_column_values_to_be_json_parseable",
        "expect_column_values_to_match_json_schema",
        "expect_column_values_to_match_strftime_format",
        "expect_column_values_to_not_be_outliers",
        "expect_query_results_to_match_comparison",
        "expect_table_row_count_to_equal_other_table",
        "unexpected_rows_expectation",
    } == KNOWN - COMPILED


BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"


def test_no_value_of_a_contract_stands_in_the_sql() -> None:
    hostile = "'); DROP TABLE data; --"
    columns = {'a"b': Column('a"b', "text", "VARCHAR")}
    scan = compile_(Expectation(IN_SET, {"column": 'a"b', "value_set": [hostile]}), columns)
    assert scan is not None
    assert scan.asks[2].expression.values == ([hostile], [hostile])
    assert not any("DROP" in ask.expression.text for ask in scan.asks)
    assert '"a""b"' in scan.asks[2].expression.text
    assert scan.unexpected is not None
    assert "DROP" not in scan.unexpected.text


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
        {"column": "i", "min_value": 0, "row_condition": "i.abs() > 1", "condition_parser": "pandas"},
        {"column": "i", "min_value": 0, "row_condition": "i > 1", "condition_parser": "spark"},
        {"column": "i", "min_value": 5, "max_value": 3},
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


@pytest.mark.parametrize(("column", "fits"), [("i", True), ("f", True), ("s", False), ("b", False)])
@pytest.mark.parametrize("statistic", ["mean", "sum", "median"])
def test_statistics_are_of_numbers(column: str, statistic: str, *, fits: bool) -> None:
    assert compiles(f"expect_column_{statistic}_to_be_between", column=column, min_value=0) is fits


def test_types_without_a_plan_are_left() -> None:
    assert not compiles("expect_column_values_to_be_json_parseable", column="s")
    assert not compiles("expect_column_values_to_be_unique", column="o")
    assert not compiles("expect_column_values_to_match_regex", column="i", regex="1")
    assert not compiles("expect_column_values_to_match_regex", column="s", regex=r"\bx")
    assert not compiles("expect_column_value_lengths_to_be_between", column="i", min_value=1)
    assert not compiles("expect_column_to_exist", column="i", column_index="3")
    assert not compiles("expect_compound_columns_to_be_unique", column_list=["i"])
    assert not compiles("expect_compound_columns_to_be_unique", column_list=["i", "i"])
    assert not compiles("expect_column_pair_values_to_be_equal", column_A="i", column_B="s")
    assert not compiles("expect_column_pair_values_to_be_equal", column_A="i", column_B="f", ignore_row_if="sometimes")


def test_a_missing_column_needs_no_scan_whatever_is_expected_of_it() -> None:
    for type_ in (BETWEEN, "expect_column_stdev_to_be_between"):
        scan = compile_(Expectation(type_, {"column": "z", "min_value": 0}), COLUMNS)
        assert scan is not None
        assert (scan.asks, said(scan)) == ((), ABSENT)


def test_the_case_of_a_column_name_matters() -> None:
    scan = compile_(Expectation(BETWEEN, {"column": "I", "min_value": 0}), COLUMNS)
    assert scan is not None
    assert said(scan) == ABSENT


def said(scan: Scan) -> str | None:
    found = scan.answer(Answers(10, ()))
    assert found is not None
    return found.error
