from collections.abc import Sequence
from typing import Any

import pytest

from mlops_ci.contracts.plan import compile_
from mlops_ci.contracts.scan import Answers, Counted
from mlops_ci.contracts.suite import Expectation
from mlops_ci.tools.duckdb import Column

COLUMNS = {"a": Column("a", "integer", "BIGINT"), "b": Column("b", "integer", "BIGINT")}
BETWEEN = "expect_column_values_to_be_between"


def counted(values: Sequence[Any], type_: str = BETWEEN, rows: int = 10, **kwargs: object) -> Counted:
    given = {"column": "a", "min_value": 0, **kwargs} if type_ == BETWEEN else kwargs
    scan = compile_(Expectation(type_, given), COLUMNS)
    assert scan is not None
    found = scan.answer(Answers(rows, values))
    assert found is not None
    return found


def test_missing_values_do_not_count_for_the_share() -> None:
    found = counted([10, 5, 1], mostly=0.8)
    assert found.success
    assert (found.missing_count, found.unexpected_percent) == (5, 20.0)
    assert not counted([10, 4, 1], mostly=0.8).success


def test_nothing_but_missing_values_breaks_nothing() -> None:
    found = counted([10, 0, 0])
    assert found.success
    assert found.unexpected_percent is None


def test_a_share_of_exactly_mostly_passes() -> None:
    null = "expect_column_values_to_not_be_null"
    assert counted([10, 5], null, column="a", mostly=0.5).success
    assert not counted([10, 4], null, column="a", mostly=0.5).success


@pytest.mark.parametrize(
    ("observed", "kwargs", "success"),
    [
        (3, {"min_value": 3, "max_value": 3}, True),
        (3, {"min_value": 3, "strict_min": True}, False),
        (3, {"max_value": 3, "strict_max": True}, False),
        (3, {"max_value": 2}, False),
        (None, {"min_value": 0}, False),
    ],
)
def test_a_statistic_is_held_against_its_bounds(observed: object, kwargs: dict[str, Any], *, success: bool) -> None:
    assert counted([observed], "expect_column_max_to_be_between", column="a", **kwargs).success is success


@pytest.mark.parametrize(
    ("type_", "kwargs", "success"),
    [
        ("expect_table_columns_to_match_set", {"column_set": ["b", "a"]}, True),
        ("expect_table_columns_to_match_set", {"column_set": ["a"]}, False),
        ("expect_table_columns_to_match_set", {"column_set": ["a"], "exact_match": False}, True),
        ("expect_table_columns_to_match_set", {"column_set": ["a", "z"], "exact_match": False}, False),
        ("expect_table_columns_to_match_ordered_list", {"column_list": ["a", "b"]}, True),
        ("expect_table_columns_to_match_ordered_list", {"column_list": ["b", "a"]}, False),
        ("expect_table_column_count_to_equal", {"value": 2}, True),
        ("expect_table_column_count_to_be_between", {"min_value": 3}, False),
        ("expect_column_to_exist", {"column": "a"}, True),
        ("expect_column_to_exist", {"column": "b", "column_index": 1}, True),
        ("expect_column_to_exist", {"column": "a", "column_index": 1}, False),
        ("expect_column_to_exist", {"column": "z"}, False),
    ],
)
def test_columns_are_compared_by_name(type_: str, kwargs: dict[str, Any], *, success: bool) -> None:
    assert counted([], type_, **kwargs).success is success


def test_the_tie_decides_whether_the_most_common_value_stands_alone() -> None:
    about: dict[str, Any] = {"column": "a", "value_set": [1]}
    common = "expect_column_most_common_value_to_be_in_set"
    assert not counted([2, 1, [1, 2]], common, **about).success
    assert counted([2, 1, [1, 2]], common, ties_okay=True, **about).success
    many = counted([1_000_000, 1, list(range(20))], common, **about).observed_value
    assert many[-1] == "… (1,000,000 in all)"
