from pathlib import Path

import pytest

from mlops_ci.contracts import cells
from mlops_ci.contracts.profile import Bins, Categories, ColumnProfile
from mlops_ci.tools.duckdb import Column
from profiled import opened, write_table

HOSTILE = ["'; DROP VIEW data; --", 'a"b', "", "\\", "ünï\N{PILE OF POO}", "NULL", "nan", "%s ? $1"]


def counted(folder: Path, profile: ColumnProfile, values: object) -> tuple[int, tuple[int, ...]]:
    with opened(write_table(folder / "a.parquet", {profile.name: values})) as table:
        return cells.counts(profile, iter(table.aggregate(cells.expressions(profile, table.columns[0]))))


def test_a_value_on_an_edge_belongs_to_the_lower_cell(tmp_path: Path) -> None:
    profile = ColumnProfile("x", "number", 0, 9, bins=Bins((1, 2.5), (3, 3, 3), (0.0, 2.0, 3.0)))
    values = [1.0, 1.1, 2.5, 2.6, float("inf"), float("-inf"), float("nan"), None]
    assert counted(tmp_path, profile, values) == (6, (2, 2, 2))
    assert counted(tmp_path, profile, [1, 2, 3, None]) == (3, (1, 1, 1))


@pytest.mark.parametrize("name", ["x", 'we"ird; --', "two words", "SELECT"])
def test_hostile_names_and_values_are_found_as_themselves(tmp_path: Path, name: str) -> None:
    profile = ColumnProfile(name, "text", 0, 9, categories=Categories(tuple((one, 1) for one in HOSTILE)))
    found = counted(tmp_path, profile, [*HOSTILE, HOSTILE[0], "new", None])
    assert found == (10, (2, *[1] * (len(HOSTILE) - 1), 1))
    with opened(tmp_path / "a.parquet") as table:
        rows = table.sample([name], cells.is_new(profile, table.columns[0]), 9)
    assert [one.values[name] for one in rows] == ["new"]


def test_numbers_and_booleans_are_found_by_value(tmp_path: Path) -> None:
    numbers = ColumnProfile("x", "number", 0, 9, categories=Categories(((1, 5), (2.5, 4))))
    assert counted(tmp_path, numbers, [1.0, 2.5, 2.5, 3.0, float("nan"), None]) == (4, (1, 2, 1))
    assert "NOT DISTINCT" in cells.is_new(numbers, Column("x", "float", "DOUBLE")).text
    flags = ColumnProfile("x", "boolean", 0, 9, categories=Categories(((True, 5),)))
    assert counted(tmp_path, flags, [True, False, None]) == (2, (1, 1))


def test_of_what_is_not_compared_only_values_are_counted(tmp_path: Path) -> None:
    assert counted(tmp_path, ColumnProfile("x", "other", 0, 9), [[1], None]) == (1, ())
