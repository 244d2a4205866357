import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.contracts.profile import Profile, read, write
from mlops_ci.contracts.profile_merge import merge
from mlops_ci.errors import NothingToJudge
from profiled import profiled


def columns(seed: int, rows: int) -> dict[str, list[object]]:
    random = np.random.default_rng(seed)
    numbers = np.where(random.random(rows) < 0.1, np.nan, random.gamma(2, 1 + seed % 3, rows))
    return {
        "number": numbers.tolist(),
        "whole": random.integers(0, 500, rows).tolist(),
        "month": random.integers(1, 13, rows).tolist(),
        "text": [None if at % 7 == 0 else f"kind {at % 5}" for at in random.integers(0, 50, rows)],
        "id": [f"{seed}-{at}" for at in range(rows)],
        "flag": (random.random(rows) < 0.3).tolist(),
        "secret": ["x"] * rows,
    }


def made(folder: Path, parts: list[dict[str, list[object]]]) -> Profile:
    together = {name: [one for part in parts for one in part[name]] for name in parts[0]}
    return profiled(folder, together, "secret")


@settings(max_examples=4, deadline=None)
@given(sizes=st.lists(st.integers(1, 1_500), min_size=2, max_size=4), order=st.randoms(use_true_random=False))
def test_merged_profiles_are_the_profile_of_the_whole_in_any_order(sizes: list[int], order: Random) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [columns(seed, size) for seed, size in enumerate(sizes)]
        profiles = [made(folder, [part]) for part in parts]
        order.shuffle(profiles)
        assert_alike(merge(profiles), made(folder, parts))


def assert_alike(merged: Profile, whole: Profile) -> None:
    assert merged.rows == whole.rows
    for got, wanted in zip(merged.columns, whole.columns, strict=True):
        assert (got.name, got.kind, got.count, got.missing) == (wanted.name, wanted.kind, wanted.count, wanted.missing)
        if wanted.moments:
            assert got.moments is not None
            assert got.moments.n == wanted.moments.n
            assert (got.moments.minimum, got.moments.maximum) == (wanted.moments.minimum, wanted.moments.maximum)
            assert (got.moments.mean, got.moments.m2) == pytest.approx((wanted.moments.mean, wanted.moments.m2))
        if wanted.name in {"month", "text", "flag"}:
            assert got.categories is not None
            assert wanted.categories is not None
            assert dict(got.categories.values) == dict(wanted.categories.values)
        if wanted.name == "id":
            assert got.distinct == pytest.approx(wanted.distinct, rel=0.1)


def test_bins_of_a_merge_are_right_within_the_error_that_it_states(tmp_path: Path) -> None:
    parts = [columns(seed, 30_000) for seed in range(3)]
    merged = merge([made(tmp_path, [part]) for part in parts])
    for name in ("number", "whole"):
        (bins,) = [one.bins for one in merged.columns if one.name == name]
        values = np.array([one for part in parts for one in part[name]], dtype=float)
        values = values[~np.isnan(values)]
        assert bins is not None
        estimated = np.cumsum(bins.counts)[:-1] / values.size
        exact = [(values <= edge).mean() for edge in bins.edges]
        assert 0 < bins.rank_error < 0.01
        assert np.abs(estimated - exact).max() <= bins.rank_error + 1 / values.size


def test_infinities_stand_in_the_end_cells_of_a_merge(tmp_path: Path) -> None:
    values = [[*np.arange(1_000.0), *[np.inf] * 300, *[-np.inf] * 100, np.nan], np.arange(500.0)]
    (merged,) = merge([profiled(tmp_path, {"x": one}) for one in values]).columns
    assert merged.bins is not None
    finite = np.concatenate([np.arange(1_000), np.arange(500)])
    edges = merged.bins.edges
    assert merged.infinite == (100, 300)
    exact = [100 + (finite <= edges[0]).sum(), 300 + (finite > edges[-1]).sum()]
    assert [merged.bins.counts[0], merged.bins.counts[-1]] == pytest.approx(exact, abs=merged.sketch_error)
    assert merged.sketch_error < 10


@pytest.mark.parametrize("parts", [2, 10, 40])
def test_many_parts_lose_hardly_more_than_two(tmp_path: Path, parts: int) -> None:
    merged = merge([profiled(tmp_path, {"x": np.random.default_rng(at).normal(size=3_000)}) for at in range(parts)])
    bins = merged.columns[0].bins
    assert bins is not None
    assert 0 < bins.rank_error < 0.003


def test_a_merged_profile_is_written_and_read(tmp_path: Path) -> None:
    merged = merge([made(tmp_path, [columns(seed, 500)]) for seed in (0, 1)])
    (tmp_path / "p.json").write_text(write(merged))
    assert read(tmp_path / "p.json", "p.json") == merged


def test_truncated_lists_say_how_far_off_their_counts_may_be(tmp_path: Path) -> None:
    texts = [[f"common {at % 10}" for at in range(4_000)] + [f"{part} {at}" for at in range(2_000)] for part in (0, 1)]
    profiles = [profiled(tmp_path, {"t": one}) for one in texts]
    (column,) = merge(profiles).columns
    assert column.categories is not None
    assert column.categories.error == 2  # in each part a text that is not listed stands once at most
    assert column.categories.values[0] == ("common 0", 800)
    assert sum(count for _, count in column.categories.values) + column.categories.other == 12_000
    assert column.compared_by == "bins"


def test_an_empty_part_changes_nothing(tmp_path: Path) -> None:
    some = profiled(tmp_path, {"t": ["a", "b"], "x": [1.5, 2.5]})
    blank: dict[str, Any] = {"count": 0, "missing": 3, "moments": None, "sketch": (), "bins": None, "categories": None}
    empty = replace(some, rows=3, columns=tuple(replace(one, **blank, distinct_sketch=None) for one in some.columns))
    merged = merge([some, empty])
    assert merged.columns[0].categories == some.columns[0].categories
    assert (merged.columns[1].missing, merged.columns[1].bins) == (3, some.columns[1].bins)


def test_parts_with_other_columns_are_refused(tmp_path: Path) -> None:
    one, other = profiled(tmp_path, {"x": [1]}), profiled(tmp_path, {"x": ["1"]})
    with pytest.raises(NothingToJudge, match="differ in x"):
        merge([one, other])


BROKEN = [("sketch", ("!",)), ("sketch", ("AAAA",)), ("sketch", ("AAAAAAAA8D8=",)), ("distinct_sketch", "AAAA")]


@pytest.mark.parametrize(("part", "value"), BROKEN)
def test_a_broken_sketch_is_named(tmp_path: Path, part: str, value: Any) -> None:  # noqa: ANN401 - what a file holds
    one = profiled(tmp_path, {"x": ["a", "b"]})
    broken = replace(one, columns=(replace(one.columns[0], **{part: value}),))
    with pytest.raises(NothingToJudge, match="sketch in a profile cannot be read"):
        merge([one, broken])
