import json
from typing import Any

import pytest

from mlops_ci.contracts.changes import compare, major
from mlops_ci.contracts.suite import Suite, parse

Raw = tuple[str, dict[str, Any]]
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
NOT_NULL = "expect_column_values_to_not_be_null"


def suite(*raw: Raw, version: str = "1.0.0", severity: str = "critical") -> Suite:
    listed = [{"type": type_, "kwargs": {"column": "x", **kwargs}, "severity": severity} for type_, kwargs in raw]
    return parse(json.dumps({"name": "s", "expectations": listed, "meta": {"version": version}}), "s.json")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((BETWEEN, {"min_value": 1}), (BETWEEN, {"min_value": 0})),
        ((BETWEEN, {"min_value": 1, "strict_min": True}), (BETWEEN, {"min_value": 1})),
        ((BETWEEN, {"min_value": 1, "max_value": 2}), (BETWEEN, {"min_value": 1})),
        ((BETWEEN, {"max_value": 1}), (BETWEEN, {"max_value": 2})),
        ((IN_SET, {"value_set": [1, 2]}), (IN_SET, {"value_set": [1, 2, 3]})),
        ((NOT_NULL, {}), (NOT_NULL, {"mostly": 0.9})),
        (("expect_column_values_to_not_be_in_set", {"value_set": [1, 2]}),
         ("expect_column_values_to_not_be_in_set", {"value_set": [1]})),
    ],
)  # fmt: skip
def test_a_weaker_promise_breaks_readers(old: Raw, new: Raw) -> None:
    (weaker,) = compare(suite(old), suite(new), without=["x"])
    (stricter,) = compare(suite(new), suite(old), without=["x"])
    assert (weaker.breaking, weaker.column, stricter.breaking) == (True, "x", False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((BETWEEN, {"min_value": 0, "max_value": 9}), (BETWEEN, {"min_value": 1, "max_value": 10})),
        ((IN_SET, {"value_set": [1, 2]}), (IN_SET, {"value_set": [1, 3]})),
        (("expect_column_values_to_match_regex", {"regex": "a"}),
         ("expect_column_values_to_match_regex", {"regex": "b"})),
    ],
)  # fmt: skip
def test_what_neither_implies_breaks_either_way(old: Raw, new: Raw) -> None:
    assert all(one.breaking for one in compare(suite(old), suite(new), without=["x"]))
    assert all(one.breaking for one in compare(suite(new), suite(old), without=["x"]))


def test_an_expectation_that_is_gone_breaks_readers_and_a_new_one_is_safe() -> None:
    one, both = suite((NOT_NULL, {})), suite((NOT_NULL, {}), (BETWEEN, {"min_value": 0}))
    assert [change.breaking for change in compare(both, one, without=["x"])] == [True]
    assert [change.breaking for change in compare(one, both, without=["x"])] == [False]


def test_what_only_informed_breaks_nobody_when_it_goes() -> None:
    old = suite((NOT_NULL, {}), severity="info")
    new = suite((BETWEEN, {"min_value": 0}), severity="info")
    assert not any(change.breaking for change in compare(old, new, without=["x"]))


@pytest.mark.parametrize(("before", "after", "breaking"), [("critical", "warning", True), ("info", "critical", False)])
def test_severity_is_part_of_the_promise(before: str, after: str, breaking: bool) -> None:  # noqa: FBT001 - the case
    old, new = suite((NOT_NULL, {}), severity=before), suite((NOT_NULL, {}), severity=after)
    assert [change.breaking for change in compare(old, new, without=["x"])] == [breaking]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ([(NOT_NULL, {"mostly": 0.9})], [(NOT_NULL, {})], ""),
        ([(BETWEEN, {"max_value": 2})], [(BETWEEN, {"max_value": 1})], "maximum 2 → 1"),
        ([(BETWEEN, {"max_value": 2})], [(BETWEEN, {"max_value": 2}), (NOT_NULL, {})], "type"),
        ([(IN_SET, {"value_set": [1, 2]})], [(IN_SET, {"value_set": [1]})], "members"),
    ],
)
def test_a_narrower_request_breaks_callers(old: list[Raw], new: list[Raw], said: str) -> None:
    breaking = [change for change in compare(suite(*old), suite(*new)) if change.breaking]
    assert len(breaking) == bool(said)
    assert all(said in change.title and change.title.startswith("requests: x is narrower") for change in breaking)


def test_columns_that_come_and_go_break_callers() -> None:
    old, new = suite((NOT_NULL, {"column": "a"})), suite((NOT_NULL, {"column": "b"}))
    titles = [change.title for change in compare(old, new) if change.breaking]
    assert "requests with a are refused" in titles
    assert "requests must carry b" in titles


def test_order_notes_and_names_are_no_change() -> None:
    parts: list[Raw] = [(NOT_NULL, {}), (BETWEEN, {"min_value": 0})]
    assert compare(suite(*parts), suite(*reversed(parts))) == ()


@pytest.mark.parametrize(("version", "number"), [("2.1.0", 2), ("10", 10), ("", 0), ("next", 0)])
def test_the_major_number_is_read_from_the_suite(version: str, number: int) -> None:
    assert major(suite((NOT_NULL, {}), version=version)) == number


def test_a_column_that_is_sensitive_no_more_is_a_breaking_change() -> None:
    marked = {"type": NOT_NULL, "kwargs": {"column": "x"}, "meta": {"sensitive": True}}
    old = parse(json.dumps({"expectations": [marked]}), "s.json")
    (found,) = compare(old, suite((NOT_NULL, {})), without=["x"])
    assert (found.breaking, found.title) == (True, "x is sensitive no more")
