"""Scans must say what Great Expectations says, number for number, for every expectation that compiles."""

import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from integration import contract_strategies, parity
from mlops_ci.contracts import case, plan_values
from mlops_ci.contracts.bounds import outside
from mlops_ci.contracts.case import Case
from mlops_ci.contracts.known import ARGUMENTS, COMMON, KNOWN
from mlops_ci.contracts.plan import COMPILED
from mlops_ci.contracts.suite import Expectation
from mlops_ci.tools import great_expectations
from mlops_ci.tools.duckdb import Column, Sql, identifier

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # Great Expectations' own warnings

LIKE = {one for one in COMPILED if "_like_pattern" in one}  # pandas has no such thing: a documented difference


def compare(data: pa.Table, expectations: Sequence[Expectation]) -> set[str]:
    """Hold both engines against each other, and return the types that were compared."""
    with tempfile.TemporaryDirectory() as folder:
        pairs = parity.both(Path(folder), data, expectations)
    for mine, other in pairs:
        assert parity.differences(mine, other) == {}, mine.expectation
    return {mine.expectation.type for mine, _ in pairs}


def generated(examples: int, suites: SearchStrategy[Any] = contract_strategies.SUITES) -> set[str]:
    """Hold both engines against each other on generated tables and suites: always the same ones."""
    types: set[str] = set()

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(contract_strategies.tables(), suites)
    def each(data: pa.Table, suite: Sequence[Expectation]) -> None:
        types.update(compare(data, suite))

    each()
    return types


def test_generated_tables_are_judged_alike() -> None:
    assert generated(12) | LIKE | set(SHAPES) == COMPILED


SHAPES: dict[str, list[dict[str, Any]]] = {
    "expect_column_to_exist": [
        {"column": "i"}, {"column": "z"}, {"column": "s", "column_index": 1}, {"column": "s", "column_index": -1},
        {"column": "i", "column_index": 1}, {"column": "i", "column_index": 99}, {"column": "s", "column_index": 0}],
    "expect_table_columns_to_match_set": [
        {"column_set": ["s", "i", "f", "small", "b", "t"]}, {"column_set": ["i"], "exact_match": False},
        {"column_set": ["i", "z"], "exact_match": False}, {"column_set": ["i"]}],
    "expect_table_columns_to_match_ordered_list": [
        {"column_list": ["i", "s", "f", "small", "b", "t"]}, {"column_list": ["s", "i"]}],
    "expect_table_column_count_to_equal": [{"value": 6}, {"value": 5}],
    "expect_table_column_count_to_be_between": [{"min_value": 6, "max_value": 6}, {"max_value": 5}],
    "expect_column_values_to_be_of_type": [
        {"column": name, "type_": type_} for name in ("i", "s", "f", "small", "b", "t")
        for type_ in ("int64", "int", "int16", "float", "float64", "str", "object", "bool", "datetime64", "Timestamp")],
    "expect_column_values_to_be_in_type_list": [
        {"column": name, "type_list": [one, "str"]} for name in ("i", "f", "small", "b")
        for one in ("int16", "int", "float", "bool", "object")],
    "expect_column_type_to_be": [
        {"column": name, "type_": type_} for name in ("i", "s", "f", "small") for type_ in ("int64", "float64", "str")],
}  # fmt: skip


@pytest.mark.parametrize("holes", [False, True])
def test_the_shape_of_a_table_is_judged_alike(*, holes: bool) -> None:
    last = None if holes else 4
    data = pa.table(
        {
            "i": pa.array([1, 2, last], pa.int64()),
            "s": ["a", "b", last and "c"],
            "f": [0.5, 1.0, last and 2.0],
            "small": pa.array([1, 2, last], pa.int16()),
            "b": [True, False, last and True],
            "t": pa.array([datetime(2020, 1, 1)] * 3, pa.timestamp("us")),  # noqa: DTZ001 - naive on purpose
        }
    )
    suite = [Expectation(type_, kwargs) for type_, many in SHAPES.items() for kwargs in many]
    missing = Expectation("expect_column_values_to_not_be_null", {"column": "z"})
    assert compare(data, [*suite, missing]) == {*SHAPES, missing.type}


def loose(one: Case) -> Sql | None:
    """Forget that a bound is excluded."""
    kwargs = {key: value for key, value in one.kwargs.items() if not key.startswith("strict")}
    return outside(Case(one.columns, kwargs, one.condition))


def with_nan(column: Column) -> Sql:
    """Take NaN for a value."""
    return Sql(identifier(column.name))


@pytest.mark.parametrize(("module", "name", "mutant"), [(plan_values, "outside", loose), (case, "value", with_nan)])
def test_a_planted_mistake_is_found(monkeypatch: pytest.MonkeyPatch, module: object, name: str, mutant: object) -> None:
    monkeypatch.setattr(module, name, mutant)
    with pytest.raises(AssertionError, match="expect_"):
        generated(8, contract_strategies.BETWEEN)


def test_the_names_we_know_are_those_that_great_expectations_ships() -> None:
    with great_expectations._quiet():
        from great_expectations.expectations.registry import (
            get_expectation_impl,
            list_registered_expectation_implementations,
        )

        shipped = {
            one: set(get_expectation_impl(one).__fields__) for one in list_registered_expectation_implementations()
        }
    assert set(shipped) == KNOWN
    assert {one: names - COMMON - {"library_metadata"} for one, names in shipped.items()} == dict(ARGUMENTS)
