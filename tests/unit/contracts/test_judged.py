import datetime as dt
from typing import Any

import pytest

from mlops_ci.contracts.judged import GREAT_EXPECTATIONS, Judged, Unexpected, from_outcome, from_scan, plain
from mlops_ci.contracts.plan import Scan, Shape
from mlops_ci.contracts.suite import Expectation
from mlops_ci.tools.great_expectations import Outcome


def judged(shape: Shape, *values: object, rows: int = 10, type_: str = "expect_x", **kwargs: object) -> Judged:
    return from_scan(Expectation(type_, kwargs), Scan(shape), values, rows=rows, columns=["a", "b"])


def test_missing_values_do_not_count_for_the_share() -> None:
    found = judged("values", 5, 1, mostly=0.8)
    assert found.success
    assert found.unexpected_percent == 20.0
    assert not judged("values", 6, 1, mostly=0.8).success


def test_nothing_but_missing_values_breaks_nothing() -> None:
    found = judged("values", 10, 0)
    assert found.success
    assert found.unexpected_percent is None


def test_a_share_of_exactly_mostly_passes() -> None:
    assert judged("nulls", 5, mostly=0.5).success
    assert not judged("nulls", 6, mostly=0.5).success


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
    assert judged("aggregate", observed, **kwargs).success is success


@pytest.mark.parametrize(
    ("kwargs", "success"),
    [
        ({"column_set": ["b", "a"]}, True),
        ({"column_set": ["a"]}, False),
        ({"column_set": ["a"], "exact_match": False}, True),
        ({"column_set": ["a", "z"], "exact_match": False}, False),
        ({"column": "a"}, True),
        ({"column": "z"}, False),
    ],
)
def test_columns_are_compared_by_name(kwargs: dict[str, Any], *, success: bool) -> None:
    assert judged("columns", **kwargs).success is success


def test_a_missing_column_is_broken_and_says_why() -> None:
    found = judged("absent", column="z")
    assert (found.success, found.error) == (False, "the column is missing")


def test_an_outcome_with_an_error_is_no_success() -> None:
    outcome = Outcome(success=True, result={"observed_value": 1}, error="it broke")
    found = from_outcome(Expectation("expect_x"), outcome, (), 10)
    assert (found.success, found.engine, found.element_count) == (False, GREAT_EXPECTATIONS, 10)


def test_evidence_is_fit_for_json() -> None:
    found = Judged(
        Expectation("expect_x"),
        success=False,
        engine="duckdb",
        observed_value=[float("inf"), {"at": dt.date(2013, 1, 2)}],
        unexpected=(Unexpected(float("nan"), 3, "a.csv"),),
    )
    evidence = found.evidence()
    assert evidence["observed_value"] == ["inf", {"at": "2013-01-02"}]
    assert evidence["unexpected"] == [{"value": "nan", "row": 3, "file": "a.csv"}]
    assert plain([True, "a", None, 1.5]) == [True, "a", None, 1.5]
