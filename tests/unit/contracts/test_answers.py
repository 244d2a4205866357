from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from mlops_ci.contracts import answers
from mlops_ci.contracts.plan import compile_
from mlops_ci.contracts.scan import Counted
from mlops_ci.contracts.suite import Expectation
from mlops_ci.tools.duckdb import Sql, Table, open_table

ABOUT = {"column": "s"}
SUITE = [
    Expectation("expect_column_values_to_be_unique", ABOUT),
    Expectation("expect_column_unique_value_count_to_be_between", {**ABOUT, "max_value": 9}),
    Expectation("expect_column_proportion_of_unique_values_to_be_between", {**ABOUT, "max_value": 1}),
    Expectation("expect_compound_columns_to_be_unique", {"column_list": ["s", "n"]}),
    Expectation("expect_column_values_to_be_unique", {"column": "n"}),
]


def counted(folder: Path) -> tuple[int, tuple[object, ...], dict[int, Counted]]:
    data = {"s": ["a", "b", "a", None, "c", "é", "c", "c"], "n": [1, 2, 1, 4, 5, 6, 7, 8]}
    parquet.write_table(pa.table(data), folder / "data.parquet")
    with open_table([folder / "data.parquet"]) as table:
        columns = {column.name: column for column in table.columns}
        scans = {at: scan for at, one in enumerate(SUITE) if (scan := compile_(one, columns))}
        return answers.answered(table, scans, [Sql("max(n) + ?", (1,))])


def test_values_counted_in_parts_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = counted(tmp_path)
    monkeypatch.setattr(answers, "AT_ONCE", 3)
    assert counted(tmp_path) == whole
    rows, also, found = whole
    assert (rows, also) == (8, (9,))
    assert [found[at].unexpected_count for at in (0, 3, 4)] == [5, 2, 2]
    assert found[1].observed_value == 4


def test_equal_questions_are_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    original = Table.aggregate

    def aggregate(self: Table, expressions: list[Sql], relation: Sql) -> tuple[object, ...]:
        asked.append(len(expressions))
        return original(self, expressions, relation)

    monkeypatch.setattr(Table, "aggregate", aggregate)
    counted(tmp_path)
    assert asked[0] == 3  # rows, the other expression, rows that the compound expectation judges
    assert len(asked) == 4  # the data, each of both columns by value, and both together
