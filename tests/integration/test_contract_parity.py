"""One scan must say what Great Expectations says, number for number, for every expectation that compiles."""

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from mlops_ci.contracts.judge import judge
from mlops_ci.contracts.judged import Judged, Unexpected, from_outcome
from mlops_ci.contracts.known import KNOWN
from mlops_ci.contracts.plan import COMPILED, compile_
from mlops_ci.contracts.suite import Expectation, Suite
from mlops_ci.tools import great_expectations
from mlops_ci.tools.duckdb import Column, open_table

pytestmark = pytest.mark.integration

NAN = float("nan")
TABLES = {
    "plain": pa.table(
        {
            "i": pa.array([1, 2, 3, 3, 23, -4], pa.int64()),
            "small": pa.array([1, 2, 3, 3, 23, -4], pa.int32()),
            "f": [0.5, 1.0, 1.0, 2.5, -7.0, 1e9],
            "narrow": pa.array([0.1, 1.0, 1.0, 2.5, -7.0, 4.0], pa.float32()),
            "s": ["AA", "b", "AA", "", "dé", "٣\n"],
        }
    ),
    "holes": pa.table(
        {
            "i": pa.array([1, None, 3, 3, None, -4], pa.int64()),
            "small": pa.array([1, None, 3, 3, None, -4], pa.int32()),
            "f": [0.5, None, NAN, NAN, float("inf"), 0.5],
            "narrow": pa.array([0.1, None, NAN, 0.1, float("-inf"), 4.0], pa.float32()),
            "s": ["x y", None, "x\ny", "AA\n", None, "nan"],
        }
    ),
    "empty after null": pa.table(
        {
            "i": pa.array([None, None], pa.int64()),
            "small": pa.array([None, None], pa.int32()),
            "f": [NAN, None],
            "narrow": pa.array([NAN, NAN], pa.float32()),
            "s": pa.array([None, None], pa.string()),
        }
    ),
    "one row": pa.table(
        {
            "i": [7],
            "small": pa.array([7], pa.int32()),
            "f": [7.0],
            "narrow": pa.array([7.0], pa.float32()),
            "s": ["seven"],
        }
    ),
}
NUMBERS = ("i", "small", "f", "narrow")


def about(column: str) -> list[Expectation]:
    """Return the expectations that are compared for one column."""
    cases: list[tuple[str, dict[str, Any]]] = [
        ("expect_column_to_exist", {}),
        ("expect_column_values_to_not_be_null", {}),
        ("expect_column_values_to_not_be_null", {"mostly": 0.5}),
        ("expect_column_values_to_be_null", {"mostly": 0.3}),
        ("expect_column_values_to_be_unique", {}),
        ("expect_column_values_to_be_unique", {"mostly": 0.5}),
    ]
    return [
        Expectation(type_, {"column": column, **more})
        for type_, more in cases + (NUMERIC if column in NUMBERS else TEXT)
    ]


NUMERIC: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_be_between", {"min_value": 0, "max_value": 3}),
    ("expect_column_values_to_be_between", {"min_value": 1, "max_value": 3, "strict_min": True, "strict_max": True}),
    ("expect_column_values_to_be_between", {"min_value": 0.1}),
    ("expect_column_values_to_be_between", {"max_value": 2.5, "strict_max": True, "mostly": 0.6}),
    ("expect_column_values_to_be_in_set", {"value_set": [1, 3, 0.5, 0.1]}),
    ("expect_column_values_to_be_in_set", {"value_set": []}),
    ("expect_column_values_to_not_be_in_set", {"value_set": [1, 3, 0.5, 0.1]}),
    ("expect_column_values_to_not_be_in_set", {"value_set": []}),
    ("expect_column_min_to_be_between", {"min_value": -4, "max_value": 8}),
    ("expect_column_min_to_be_between", {"min_value": -4, "strict_min": True}),
    ("expect_column_max_to_be_between", {"max_value": 23}),
    ("expect_column_max_to_be_between", {"max_value": 23, "strict_max": True}),
    ("expect_column_mean_to_be_between", {"min_value": 0, "max_value": 5}),
    ("expect_column_sum_to_be_between", {"min_value": 0, "max_value": 28}),
    ("expect_column_median_to_be_between", {"min_value": 1, "max_value": 2.5}),
]
TEXT: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_be_in_set", {"value_set": ["AA", "b"]}),
    ("expect_column_values_to_be_in_set", {"value_set": []}),
    ("expect_column_values_to_not_be_in_set", {"value_set": ["AA", "b"], "mostly": 0.5}),
    ("expect_column_value_lengths_to_be_between", {"min_value": 1, "max_value": 2}),
    ("expect_column_value_lengths_to_be_between", {"min_value": 0, "strict_min": True}),
    ("expect_column_value_lengths_to_be_between", {"max_value": 3, "strict_max": True}),
    *(
        ("expect_column_values_to_match_regex", {"regex": regex})
        for regex in (r"^A+$", r"^\d$", r"^\w{1,2}$", r"\s", r"x.y", r"^(?:AA|b)$", r"[^\sA]", r"^\S\s\S$", "n|é")
    ),
]
WHOLE = [
    Expectation("expect_table_columns_to_match_set", {"column_set": ["s", "i", "f", "small", "narrow"]}),
    Expectation("expect_table_columns_to_match_set", {"column_set": ["i"], "exact_match": False}),
    Expectation("expect_table_columns_to_match_set", {"column_set": ["i", "z"], "exact_match": False}),
    Expectation("expect_table_columns_to_match_set", {"column_set": ["i"]}),
    Expectation("expect_table_row_count_to_be_between", {"min_value": 2, "max_value": 2}),
    Expectation("expect_table_row_count_to_be_between", {"max_value": 5}),
    Expectation("expect_column_to_exist", {"column": "z"}),
    Expectation("expect_column_values_to_not_be_null", {"column": "z"}),
]
EXPECTATIONS = [*WHOLE, *(one for column in (*NUMBERS, "s") for one in about(column))]


@pytest.mark.parametrize("name", TABLES)
def test_one_scan_counts_what_great_expectations_counts(name: str, tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    parquet.write_table(TABLES[name], path)
    with open_table([path]) as table:
        ours = judge(Suite("parity", "parity.json", tuple(EXPECTATIONS)), table, tmp_path)
    asked = [(one.type, one.kwargs) for one in EXPECTATIONS]
    outcomes = great_expectations.judge(parquet.read_table(path), asked)
    for mine, outcome in zip(ours, outcomes, strict=True):
        theirs = from_outcome(mine.expectation, outcome, unexpected_of(outcome), TABLES[name].num_rows)
        assert counts(mine) == counts(theirs), mine.expectation


def test_what_compiles_never_asks_great_expectations() -> None:
    columns = {name: Column(name, "integer" if name in {"i", "small"} else "float", "DOUBLE") for name in NUMBERS}
    columns["s"] = Column("s", "text", "VARCHAR")
    left = [one for one in EXPECTATIONS if compile_(one, columns) is None]
    assert {(one.type, one.column) for one in left} == {
        (f"expect_column_{word}_to_be_between", column)
        for word in ("mean", "sum", "median")
        for column in ("f", "narrow")
    }


def unexpected_of(outcome: great_expectations.Outcome) -> tuple[Unexpected, ...]:
    return tuple(Unexpected(value) for value in outcome.result.get("partial_unexpected_list") or [])


def counts(judged: Judged) -> dict[str, Any]:
    """Return what must be equal: all but the engine, the wording of an error, and where a value stands."""
    values = [one.value for one in judged.unexpected]
    found = judged.evidence() | {"engine": "", "unexpected": sorted(map(_comparable, values))}
    if judged.error or judged.expectation.type == "expect_column_to_exist":
        return {"success": judged.success}
    return found


def _comparable(value: object) -> str:
    """Return a value as text; pandas turns integers beside nulls into floats, and NaN is its null."""
    if isinstance(value, int | float):
        return "None" if math.isnan(value) else str(float(value))
    return str(value)


def test_every_compiled_type_is_compared_with_its_original() -> None:
    assert {one.type for one in EXPECTATIONS} == COMPILED


def test_the_names_we_know_are_those_that_great_expectations_ships() -> None:
    with great_expectations._quiet():
        from great_expectations.expectations.registry import list_registered_expectation_implementations

    assert set(list_registered_expectation_implementations()) == KNOWN
