"""What no scan can judge is judged by Great Expectations, in a process of its own, on the engine that is named."""

import importlib.util
import sqlite3
import time
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from mlops_ci.contracts.broken_rows import broken_rows
from mlops_ci.contracts.judge import Judgement, judge
from mlops_ci.contracts.judged import DUCKDB, GREAT_EXPECTATIONS
from mlops_ci.contracts.masked import MASK
from mlops_ci.contracts.suite import Expectation, Suite
from mlops_ci.errors import ProgramFailed, ProgramMissing, UsageProblem
from mlops_ci.tools.duckdb import Sql, open_table
from mlops_ci.tools.great_expectations import Engine

pytestmark = pytest.mark.integration

REGEX = "expect_column_values_to_match_regex"
HOSTILE = 'x"; DROP TABLE data; --'


def judged(folder: Path, data: pa.Table, *expectations: Expectation, **options: object) -> Judgement:
    parquet.write_table(data, folder / "data.parquet")
    with open_table([folder / "data.parquet"]) as table:
        return judge(Suite("s", "contract.json", expectations), table, folder, **options)  # type: ignore[arg-type] # as given


def about(type_: str, line: int = 7, **kwargs: object) -> Expectation:
    return Expectation(type_, kwargs, line=line)


@pytest.mark.alone
def test_a_regex_that_never_ends_is_stopped_and_named(tmp_path: Path) -> None:
    data = pa.table({"s": ["a" * 40 + "b"]})
    began = time.monotonic()
    with pytest.raises(ProgramFailed, match=rf"contract.json:7: {REGEX}\(s\) did not finish within 15 s") as stopped:
        judged(tmp_path, data, about(REGEX, column="s", regex=r"(?=a)(a+)+$"), time_limit=15)
    assert stopped.value.exit_code == 5
    assert time.monotonic() - began < 30


def test_the_same_regex_without_look_around_is_linear_in_duckdb(tmp_path: Path) -> None:
    (found,) = judged(
        tmp_path, pa.table({"s": ["a" * 40 + "b"]}), about(REGEX, column="s", regex=r"(a+)+$")
    ).expectations
    assert (found.engine, found.unexpected_count) == (DUCKDB, 1)


def test_look_around_and_back_references_are_for_python(tmp_path: Path) -> None:
    data = pa.table({"s": ["aa", "ab", None], "secret": ["x", "y", "z"]})
    found = judged(
        tmp_path,
        data,
        about(REGEX, column="s", regex=r"(a)\1"),
        about(REGEX, column="s", regex=r"a(?=b)", row_condition='secret == "y"', condition_parser="pandas"),
        every_row=True,
    )
    first, second = found.expectations
    assert {first.engine, second.engine} == {GREAT_EXPECTATIONS}
    assert (first.missing_count, first.unexpected_count, first.positions) == (1, 1, (2,))
    assert (second.element_count, second.success) == (1, True)
    assert [(one.value, one.row, one.file) for one in first.unexpected] == [("ab", 2, "data.parquet")]


def test_every_unexpected_row_is_named_when_asked_for(tmp_path: Path) -> None:
    data = pa.table({"n": list(range(1000)), "s": ["ab"] * 1000})
    found = judged(
        tmp_path,
        data,
        about("expect_column_values_to_be_between", column="n", min_value=990),
        about("expect_column_values_to_be_increasing", column="n", strictly=True),
        about("expect_column_values_to_be_unique", column="s"),
        about(REGEX, column="s", regex=r"(a)\1"),
        every_row=True,
    )
    broken = broken_rows(found)
    assert len(broken.positions) == 1000
    assert [one.name.split("(")[0] for one in broken.reasons] == [
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_unique",
        REGEX,
    ]
    with open_table([tmp_path / "data.parquet"]) as table:
        counted = table.sample(["n"], broken.reasons[0].condition or Sql("false"), 2000)
        assert len(counted) == 990
        assert len(table.sample(["n"], broken.condition, 2000)) == 1000


def test_rows_out_of_order_are_found_again(tmp_path: Path) -> None:
    data = pa.table({"n": pa.array([1, None, 5, 4, 6], pa.int64())})
    found = judged(tmp_path, data, about("expect_column_values_to_be_increasing", column="n"))
    assert [(one.value, one.row) for one in found.expectations[0].unexpected] == [(4, 4)]


def test_other_aggregates_are_answered_by_the_same_scan(tmp_path: Path) -> None:
    found = judged(
        tmp_path, pa.table({"n": [1, 2]}), about("expect_column_to_exist", column="n"), also=[Sql("sum(n + ?)", (1,))]
    )
    assert found.also == (5,)


def test_no_sensitive_value_is_reported_by_either_engine(tmp_path: Path) -> None:
    data = pa.table({"card": ["4711", "0815"], "n": [1, 2]})
    found = judged(
        tmp_path,
        data,
        about(REGEX, column="card", regex=r"(x)\1"),
        about("expect_column_values_to_be_in_set", column="card", value_set=["x"]),
        about("expect_column_distinct_values_to_be_in_set", column="card", value_set=["x"]),
        about("expect_column_most_common_value_to_be_in_set", column="card", value_set=["x"]),
        about("expect_column_values_to_match_strftime_format", column="card", strftime_format="%Y-%m"),
        sensitive=frozenset({"card"}),
    )
    said = str([one.evidence() for one in found.expectations])
    assert "4711" not in said
    assert "0815" not in said
    assert MASK in said
    assert [one.unexpected_count for one in found.expectations] == [2, 2, 2, None, 2]


def test_hostile_names_values_and_patterns_change_nothing(tmp_path: Path) -> None:
    data = pa.table({HOSTILE: ["'); DROP TABLE data; --", "b"], "it's": [1, 2]})
    hostile = "'); DROP TABLE data; --"
    found = judged(
        tmp_path,
        data,
        about("expect_column_values_to_be_in_set", column=HOSTILE, value_set=[hostile]),
        about(REGEX, column=HOSTILE, regex=r"'\); DROP TABLE data; --"),
        about("expect_column_values_to_match_like_pattern", column=HOSTILE, like_pattern="'); DROP%"),
        about("expect_column_values_to_match_like_pattern_list", column=HOSTILE, like_pattern_list=["b", "'%"]),
        about("expect_column_values_to_be_unique", column="it's"),
        about("expect_compound_columns_to_be_unique", column_list=[HOSTILE, "it's"]),
        about("expect_column_values_to_not_match_like_pattern", column=HOSTILE, like_pattern="^_%", escape="^"),
    )
    assert {one.engine for one in found.expectations} == {DUCKDB}
    assert [one.unexpected_count for one in found.expectations] == [1, 1, 1, 0, 0, 0, 0]


def test_a_database_is_asked_itself(tmp_path: Path) -> None:
    data = {"n": [1, 2, 3], "s": ["ab", "b", None]}
    database = tmp_path / "data.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE flights (n INTEGER, s TEXT)")
        connection.executemany("INSERT INTO flights VALUES (?, ?)", list(zip(*data.values(), strict=True)))
    suite = (
        about("unexpected_rows_expectation", unexpected_rows_query="SELECT * FROM {batch} WHERE n > 2"),
        about("expect_column_values_to_not_be_null", column="s"),
    )
    for source in ({"table": "flights"}, {"query": "SELECT * FROM flights WHERE n > 0"}):
        engine = Engine("sql", f"sqlite:///{database}", **source)
        first, second = judged(tmp_path, pa.table(data), *suite, engine=engine).expectations
        assert (first.engine, first.success, first.observed_value) == (GREAT_EXPECTATIONS, False, 1)
        assert (second.engine, second.unexpected_count) == (DUCKDB, 1)


@pytest.mark.skipif(importlib.util.find_spec("pyspark") is not None, reason="Spark is installed here")
def test_without_spark_it_is_said_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="pip install pyspark"):
        judged(tmp_path, pa.table({"s": ["a"]}), about(REGEX, column="s", regex=r"(a)\1"), engine=Engine("spark"))


def test_arguments_that_make_no_sense_are_a_usage_problem_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"^contract\.json:7: expect_column_values_to_be_in_set\(s\): "):
        judged(tmp_path, pa.table({"s": ["a"]}), about("expect_column_values_to_be_in_set", column="s"))
