from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mlops_ci.contracts import profiling
from mlops_ci.contracts.profile import ColumnProfile, read, write
from mlops_ci.contracts.profile_merge import merge
from mlops_ci.errors import NothingToJudge, UsageProblem
from profiled import profiled

RANDOM = np.random.default_rng(0)


def one(folder: Path, values: object) -> ColumnProfile:
    (found,) = profiled(folder, {"x": values}).columns
    return found


def test_numbers_have_moments_bins_and_their_typical_values(tmp_path: Path) -> None:
    values = RANDOM.normal(5, 2, 10_000)
    found = one(tmp_path, values)
    assert found.kind == "number"
    assert found.moments is not None
    assert (found.moments.n, found.moments.minimum, found.moments.maximum) == (10_000, values.min(), values.max())
    assert (found.moments.mean, found.moments.m2) == pytest.approx((values.mean(), values.var() * 10_000))
    assert found.bins is not None
    assert np.cumsum(found.bins.counts).tolist() == [*((values <= edge).sum() for edge in found.bins.edges), 10_000]
    assert found.bins.rank_error == 0
    assert found.bins.edges == pytest.approx(np.quantile(values, np.arange(1, 10) / 10), abs=0.05)
    assert found.bins.medians == pytest.approx(np.quantile(values, np.arange(0.05, 1, 0.1)), abs=0.05)


def test_nan_is_missing_and_infinity_is_not(tmp_path: Path) -> None:
    found = one(tmp_path, [*range(100), float("nan"), float("inf"), -float("inf"), None])
    assert (found.missing, found.count) == (2, 102)
    assert found.moments is not None
    assert (found.moments.n, found.moments.maximum) == (100, 99)
    assert found.infinite == (1, 1)
    assert found.bins is not None
    assert sum(found.bins.counts) == 102


def test_endless_times_are_infinite(tmp_path: Path) -> None:
    most = 2**63 - 1  # DuckDB's infinity
    found = one(tmp_path, pa.array([None, 0, 10**15, most, most, -most], pa.int64()).cast(pa.timestamp("us")))
    assert (found.missing, found.count, found.infinite) == (1, 5, (1, 2))
    assert found.bins is not None
    assert found.bins.counts == (2, 3)


def test_the_largest_doubles_stay_finite(tmp_path: Path) -> None:
    made = profiled(tmp_path, {"x": [1.7e308, -1.7e308, 1.7e308] * 40})
    merged = merge([made, made])
    for found in (*made.columns, *merged.columns):
        assert found.moments is not None
        assert found.moments.mean == pytest.approx(1.7e308 / 3)
        assert found.moments.m2 == profiling.MOST
    (tmp_path / "p.json").write_text(write(merged))
    assert read(tmp_path / "p.json", "p.json") == merged


def test_few_distinct_numbers_are_categories(tmp_path: Path) -> None:
    found = one(tmp_path, [1, 2, 2, 3, 3, 3])
    assert found.categories is not None
    assert found.categories.values == ((3, 3), (2, 2), (1, 1))
    assert found.compared_by == "categories"
    assert one(tmp_path, list(range(21))).compared_by == "bins"
    floats = one(tmp_path, [0.5, 0.5, float("nan")])
    assert floats.categories is not None
    assert floats.categories.values == ((0.5, 2),)


def test_repeated_values_share_a_cell(tmp_path: Path) -> None:
    found = one(tmp_path, np.concatenate([np.zeros(700), np.arange(1, 301)]))
    assert found.bins is not None
    assert found.bins.edges[0] == 0
    assert found.bins.counts[0] == 700
    assert min(found.bins.counts) > 0


def test_texts_have_categories_lengths_and_a_distinct_count(tmp_path: Path) -> None:
    found = one(tmp_path, ["ü"] * 3 + ["b"] * 2 + [None])
    assert found.categories is not None
    assert (found.categories.values, found.categories.other, found.distinct) == ((("ü", 3), ("b", 2)), 0, 2)
    assert found.moments is not None
    assert found.moments.maximum == 2  # bytes


def test_ids_are_not_listed_in_full(tmp_path: Path) -> None:
    found = one(tmp_path, [f"id {at}" for at in range(5_000)])
    assert found.categories is not None
    assert len(found.categories.values) == profiling.LISTED
    assert found.categories.other == 4_000
    assert found.compared_by == "bins"
    assert found.distinct == pytest.approx(5_000, rel=0.06)


def test_long_texts_are_no_categories(tmp_path: Path) -> None:
    found = one(tmp_path, ["x" * 201] * 3 + ["y"])
    assert found.categories is not None
    assert (found.categories.values, found.categories.other) == ((("y", 1),), 3)


def test_booleans_and_times(tmp_path: Path) -> None:
    flag = one(tmp_path, [True, True, False])
    assert flag.categories is not None
    assert flag.categories.values == ((True, 2), (False, 1))
    days = pa.array([None, *range(500, 900)], pa.int32()).cast(pa.date32())
    for type_ in (pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.date32()):
        time = one(tmp_path, days.cast(type_))
        assert (time.kind, time.missing, time.compared_by) == ("time", 1, None)
        assert time.moments is not None
        assert time.moments.n == 400


@pytest.mark.parametrize("type_", [pa.decimal128(22, 2), pa.decimal128(38, 0), pa.uint64()])
def test_wide_numbers_are_numbers(tmp_path: Path, type_: pa.DataType) -> None:
    many = one(tmp_path, pa.array(range(500), pa.int64()).cast(type_))
    assert (many.kind, many.compared_by) == ("number", "bins")
    assert many.bins is not None
    assert many.bins.counts == (50,) * 10
    few = one(tmp_path, pa.array([1, 1, 2], pa.int64()).cast(type_))
    assert few.categories is not None
    assert few.categories.values == ((1.0, 2), (2.0, 1))


def test_a_sensitive_column_shows_nothing_but_what_is_missing(tmp_path: Path) -> None:
    found = profiled(tmp_path, {"pin": ["s3cr3t-4711", None] * 50, "age": [4711, 4712] * 50}, "pin", "age")
    assert found.columns[0] == ColumnProfile("pin", "text", 50, 50, sensitive=True)
    assert found.columns[1] == ColumnProfile("age", "number", 0, 100, sensitive=True)
    assert "4711" not in write(found)


def test_what_has_no_values_or_no_kind_is_only_counted(tmp_path: Path) -> None:
    lists = pa.array([[1], [2]], pa.list_(pa.decimal128(22, 2)))
    found = profiled(tmp_path, {"n": pa.array([None, None], pa.float64()), "l": lists})
    assert found.columns == (ColumnProfile("n", "number", 2, 0), ColumnProfile("l", "other", 0, 2))


def test_the_same_data_gives_the_same_file(tmp_path: Path) -> None:
    columns = {"x": RANDOM.normal(size=150_000), "t": RANDOM.integers(0, 3000, 150_000).astype(str).tolist()}
    assert write(profiled(tmp_path, columns)) == write(profiled(tmp_path, columns))


def test_names_and_values_are_never_taken_for_sql(tmp_path: Path) -> None:
    columns = {'a"; DROP VIEW data; --': ["'; DROP VIEW data; --", "'", "\\", ""] * 5}
    (found,) = profiled(tmp_path, columns).columns
    assert found.categories is not None
    assert {value for value, _ in found.categories.values} == {"'; DROP VIEW data; --", "'", "\\", ""}


def test_a_sensitive_column_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="no column pni"):
        profiled(tmp_path, {"pin": [1]}, "pni")


def test_no_rows_are_nothing_to_compare_with(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="not one row"):
        profiled(tmp_path, {"x": pa.array([], pa.int64())})
