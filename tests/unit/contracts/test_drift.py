from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from mlops_ci.contracts.drift import ColumnDrift, check_ignored, compare
from mlops_ci.contracts.profile import SCHEMA, Bins, Categories, ColumnProfile, Profile
from mlops_ci.contracts.profile_merge import merge
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.settings.drift import DriftSettings
from mlops_ci.stats import drift as stats
from mlops_ci.tools.duckdb import Column
from profiled import drifts, profiled

AIRPORTS = ["JFK", "LGA", "EWR", "SFO"]


def columns(seed: int, rows: int = 5_000, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any values
    random = np.random.default_rng(seed)
    made = {
        "number": random.normal(10, 3, rows),
        "skewed": random.lognormal(0, 3, rows),
        "whole": random.integers(0, 1_000, rows),
        "month": random.integers(1, 13, rows),
        "text": random.choice(AIRPORTS, rows, p=[0.4, 0.3, 0.2, 0.1]).tolist(),
        "note": [f"a note {at} " * int(at % 5) for at in random.integers(0, 10**9, rows)],
        "flag": random.random(rows) < 0.3,
        "gaps": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)),
        "time": pa.array(random.integers(seed * 10**9, (seed + 1) * 10**9, rows), pa.timestamp("us")),
        "secret": random.choice(["a", "b"], rows).tolist(),
    }
    return made | changed


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    return profiled(tmp_path_factory.mktemp("reference"), columns(0), "secret")


def alarmed(found: dict[str, ColumnDrift]) -> set[str]:
    return {name for name, one in found.items() if one.drifted or one.missing_drifted or one.problem}


def test_more_of_the_same_is_no_drift_though_time_goes_on(tmp_path: Path, profile: Profile) -> None:
    found = drifts(tmp_path, profile, columns(1))
    assert alarmed(found) == set()
    compared = {name for name, one in found.items() if one.test}
    assert compared == {"number", "skewed", "whole", "month", "text", "note", "flag", "gaps"}
    assert all(one.missing_test for one in found.values())


NORMAL, UNIFORM = np.random.default_rng(5).normal, np.random.default_rng(6).random
PLANTED = {
    "number": NORMAL(11, 3, 5_000),
    "skewed": np.exp(NORMAL(0.5, 3, 5_000)),
    "whole": np.random.default_rng(7).integers(0, 700, 5_000),
    "month": np.where(UNIFORM(5_000) < 0.3, 12, np.random.default_rng(8).integers(1, 13, 5_000)),
    "text": np.random.default_rng(9).choice(AIRPORTS, 5_000).tolist(),
    "note": ["short"] * 5_000,
    "flag": UNIFORM(5_000) < 0.6,
    "gaps": np.where(UNIFORM(5_000) < 0.2, np.nan, NORMAL(size=5_000)),
    "secret": [None, "a"] * 2_500,
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_drift_is_found_in_its_column_and_nowhere_else(tmp_path: Path, profile: Profile, name: str) -> None:
    found = drifts(tmp_path, profile, columns(1, **{name: PLANTED[name]}))
    assert alarmed(found) == {name}
    assert found[name].missing_drifted == (name in {"gaps", "secret"})


def test_a_sensitive_column_is_judged_by_what_is_missing_alone(tmp_path: Path, profile: Profile) -> None:
    found = drifts(tmp_path, profile, columns(1, secret=["q"] * 5_000))
    assert alarmed(found) == set()
    assert found["secret"].current == ()


def test_significant_but_small_is_no_alarm_and_large_but_uncertain_is_none(tmp_path: Path, profile: Profile) -> None:
    small = drifts(tmp_path, profile, columns(1, 50_000, number=NORMAL(10.15, 3, 50_000)))["number"]
    assert small.test is not None
    assert small.test.corrected < 0.01
    assert not small.drifted
    uncertain = drifts(tmp_path, profile, columns(3, 150))
    large = [one for one in uncertain.values() if one.worst and one.worst.excess >= 1]
    assert large
    assert alarmed(uncertain) == set()


def test_a_gone_column_and_one_of_another_kind(tmp_path: Path, profile: Profile) -> None:
    data = columns(1, whole=["1"] * 5_000)
    del data["text"]
    found = drifts(tmp_path, profile, data)
    assert (found["text"].problem, found["whole"].problem, found["whole"].kind) == ("gone", "kind", "text")
    assert alarmed(found) == {"text", "whole"}


def test_whole_numbers_may_come_as_floats_and_empty_columns_as_anything(tmp_path: Path, profile: Profile) -> None:
    whole = columns(1)["whole"].astype(float)
    assert alarmed(drifts(tmp_path, profile, columns(1, whole=whole))) == set()
    empty = drifts(tmp_path, profile, columns(1, whole=pa.array([None] * 5_000, pa.string())))["whole"]
    assert empty.problem == "few"
    assert empty.missing_drifted


def test_too_few_rows_are_undecided_in_every_column(tmp_path: Path, profile: Profile) -> None:
    found = drifts(tmp_path, profile, columns(1, 99))
    assert {one.problem for one in found.values()} == {"few"}


def test_a_reference_of_too_few_rows_decides_nothing(tmp_path: Path) -> None:
    small = profiled(tmp_path, columns(0, 50))
    assert {one.problem for one in drifts(tmp_path, small, columns(1)).values()} == {"few"}


def test_too_few_values_in_one_column_are_undecided_there(tmp_path: Path, profile: Profile) -> None:
    sparse = np.where(np.arange(5_000) < 50, 1.0, np.nan)
    found = drifts(tmp_path, profile, columns(1, number=sparse), missing=1.0)
    assert (found["number"].problem, alarmed(found)) == ("few", {"number"})


def test_a_column_that_was_always_empty_is_judged_by_that(tmp_path: Path) -> None:
    empty = profiled(tmp_path, {"x": pa.array([None] * 1_000, pa.float64())})
    assert alarmed(drifts(tmp_path, empty, {"x": pa.array([None] * 1_000, pa.float64())})) == set()
    assert drifts(tmp_path, empty, {"x": np.arange(1_000.0)})["x"].missing_drifted


def test_too_few_values_in_one_column_of_the_reference_are_undecided_there(tmp_path: Path) -> None:
    sparse = np.where(np.arange(1_000) < 50, np.linspace(0, 1, 1_000), np.nan)
    reference = profiled(tmp_path, {"x": sparse})
    current = np.where(np.arange(4_000) < 200, 1_000.0 + np.arange(4_000), np.nan)
    found = drifts(tmp_path, reference, {"x": current})["x"]
    assert (found.present, found.profile.count, found.problem) == (200, 50, "few")


TAIL = [f"name {at}" for at in np.random.default_rng(11).integers(0, 300, 1_000)]


def test_a_new_value_in_place_of_a_long_tail_is_drift(tmp_path: Path) -> None:
    reference = profiled(tmp_path, {"t": TAIL})
    found = drifts(tmp_path, reference, {"t": ["X"] * 20_000})["t"]
    assert found.drifted
    assert found.new == ("X",)
    assert found.worst is not None
    assert found.worst.value > 0.5


@pytest.mark.parametrize("value", ["FRAUD", TAIL[0]])
def test_one_value_in_place_of_the_tail_is_drift_known_or_not(tmp_path: Path, value: str) -> None:
    common = ["A"] * 550
    reference = profiled(tmp_path, {"t": common + TAIL[:450]})
    assert drifts(tmp_path, reference, {"t": common + [value] * 450})["t"].drifted


def test_another_sample_of_a_long_tail_is_none(tmp_path: Path) -> None:
    again = [f"name {at}" for at in np.random.default_rng(12).integers(0, 300, 20_000)]
    found = drifts(tmp_path, profiled(tmp_path, {"t": TAIL}), {"t": again})["t"]
    assert (found.drifted, found.problem) == (False, None)


def test_ids_have_nothing_in_common_so_that_nothing_is_decided(tmp_path: Path) -> None:
    reference = profiled(tmp_path, {"id": [f"id {at}" for at in range(900)]})
    found = drifts(tmp_path, reference, {"id": [f"later {at}" for at in range(900)]})["id"]
    assert (found.problem, found.distances) == ("few", ())


def test_a_constant_that_stays_is_decided(tmp_path: Path) -> None:
    reference = profiled(tmp_path, {"t": ["US"] * 500})
    same, other = (drifts(tmp_path, reference, {"t": [value] * 500})["t"] for value in ("US", "DE"))
    assert (same.problem, same.drifted, other.drifted) == (None, False, True)


def test_an_ignored_name_that_the_profile_does_not_have_is_a_mistake(profile: Profile) -> None:
    check_ignored(profile, DriftSettings(ignore=["number", "text"]))
    with pytest.raises(UsageProblem, match=r"names numbr, which the profile does not have\. Did you mean number\?"):
        check_ignored(profile, DriftSettings(ignore=["numbr", "text"]))


def test_a_profile_of_which_all_is_ignored_judges_nothing(tmp_path: Path) -> None:
    reference = profiled(tmp_path, {"x": np.arange(500.0)})
    with pytest.raises(NothingToJudge, match="No column of the profile is left"):
        drifts(tmp_path, reference, {"x": np.arange(500.0)}, ignore=["x"])


def test_infinities_in_merged_parts_are_no_drift_from_a_part(tmp_path: Path) -> None:
    random = np.random.default_rng(13)

    def part() -> NDArray[np.float64]:
        values = random.normal(size=2_000)
        return np.where(random.random(2_000) < 0.2, np.inf, values)

    parts = [part(), part()]
    reference = merge([profiled(tmp_path, {"x": one}) for one in parts])
    found = drifts(tmp_path, reference, {"x": parts[0]})["x"]
    assert not found.drifted
    assert found.worst is not None
    assert found.worst.excess < 0.5
    assert drifts(tmp_path, reference, {"x": np.where(parts[0] > 0, -parts[0], parts[0])})["x"].drifted


def test_ignored_columns_are_not_looked_at(tmp_path: Path, profile: Profile) -> None:
    data = columns(1, number=np.zeros(5_000))
    del data["text"]
    found = drifts(tmp_path, profile, data, ignore=["number", "text"])
    assert "number" not in found
    assert alarmed(found) == set()


def test_new_categories_are_named_the_most_frequent_first(tmp_path: Path, profile: Profile) -> None:
    texts = ["'; DROP VIEW data; --"] * 900 + ['B"'] * 600 + ["JFK"] * 3_500
    found = drifts(tmp_path, profile, columns(1, text=texts, month=[13] * 900 + [5] * 4_100))
    assert found["text"].new == ("'; DROP VIEW data; --", 'B"')
    assert found["month"].new == (13,)
    assert found["number"].new == ()


def test_nan_is_missing_also_where_the_file_says_that_nothing_is_above(tmp_path: Path) -> None:
    """A Parquet file's extremes leave NaN out, and DuckDB trusts them."""
    reference = profiled(tmp_path, {"x": np.linspace(0, 1, 1_000)})
    values = np.where(np.arange(1_000) < 300, np.nan, np.linspace(0, 0.05, 1_000))
    found = drifts(tmp_path, reference, {"x": values})["x"]
    assert (found.present, sum(found.current), found.current[0]) == (700, 700, 700)


def test_a_merged_reference_is_given_the_benefit_of_its_error() -> None:
    bins = Bins((1, 2), (300_000, 300_000, 400_000), (0.5, 1.5, 2.5))
    column = ColumnProfile("x", "number", 0, 1_000_000, bins=bins)
    exact = Profile(SCHEMA, 1_000_000, (column,))
    merged = replace(exact, columns=(replace(column, bins=replace(bins, rank_error=0.01)),))
    values = [100_000, 100_000, 31_000, 60_000]
    there = [Column("x", "float", "DOUBLE")]
    certain, lenient = (compare(one, there, values, DriftSettings())[0].test for one in (exact, merged))
    assert certain is not None
    assert lenient is not None
    assert certain.p_value < 1e-6
    assert lenient.p_value > 0.9


def test_the_values_of_a_billion_new_categories_do_not_come_back(tmp_path: Path, profile: Profile) -> None:
    found = drifts(tmp_path, profile, columns(1, 20_000, text=[f"new {at}" for at in range(20_000)]))["text"]
    assert found.current == (0, 0, 0, 0, 20_000)
    assert len(found.new) == 5


@pytest.mark.parametrize(("m", "n"), [(1_000, 1_000), (1_000, 20_000), (20_000, 500)])
def test_a_long_tail_brings_new_categories_without_drift(m: int, n: int) -> None:
    """Five hundred categories by Zipf's law: a thousand rows miss a third of them, other rows bring them."""
    weights = 1 / np.arange(1, 501)
    random, alarms, ignorant = np.random.default_rng(m), 0, 0
    for _ in range(200):
        old, new = random.multinomial(m, weights / weights.sum()), random.multinomial(n, weights / weights.sum())
        listed = Categories(tuple((str(at), int(count)) for at, count in enumerate(old) if count))
        profile = Profile(SCHEMA, m, (ColumnProfile("t", "text", 0, m, categories=listed),))
        values = [n, n, {str(at): int(count) for at, count in enumerate(new)}]
        (one,) = compare(profile, [Column("t", "text", "VARCHAR")], values, DriftSettings())
        alarms += one.drifted
        ignorant += stats.chi_square(one.reference, one.current)[1] <= 0.05
    assert alarms / 200 <= 0.03
    assert ignorant / 200 > 0.1


COLUMNS = 20
NAMES = [f"x{at}" for at in range(COLUMNS)]


def without_drift(m: int, n: int, families: int) -> list[tuple[ColumnDrift, ...]]:
    """Return judgements of samples from the reference's own population; deciles of a sample follow Dirichlet's law."""
    random, there = np.random.default_rng(m + n), [Column(name, "float", "DOUBLE") for name in NAMES]
    bins = Bins(tuple(range(1, 10)), (m // 10,) * 10, tuple(np.arange(0.5, 10)))
    reference = Profile(SCHEMA, m, tuple(ColumnProfile(name, "number", 0, m, bins=bins) for name in NAMES))
    found = []
    for _ in range(families):
        drawn = random.multinomial(n, random.dirichlet([m / 10] * 10, COLUMNS))
        values = [[n, *np.cumsum(row)[:-1].tolist()] for row in drawn]
        found.append(compare(reference, there, [n, *(one for row in values for one in row)], DriftSettings()))
    return found


def share(found: list[tuple[ColumnDrift, ...]], alarm: Any) -> float:  # noqa: ANN401 - a function of a drift
    return float(np.mean([any(alarm(one) for one in family) for family in found]))


@pytest.mark.parametrize(("m", "n"), [(1_000, 200), (1_000_000, 200), (1_000, 100_000), (30_000, 5_000)])
def test_without_drift_few_data_sets_alarm(m: int, n: int) -> None:
    found = without_drift(m, n, 200)
    significant = share(found, lambda one: one.test is not None and one.test.corrected <= 0.05)
    assert share(found, lambda one: one.drifted) <= significant <= 0.08
    # The tests are not idle, and an uncorrected family would be seen.
    assert share(found, lambda one: one.test is not None and one.test.p_value <= 0.05) > 0.15


def test_an_index_with_its_bias_would_alarm_where_this_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def index(found: list[tuple[ColumnDrift, ...]]) -> NDArray[np.float64]:
        return np.array([one.distances[0].value for family in found for one in family])

    right = index(without_drift(1_000, 200, 30))
    monkeypatch.setattr("mlops_ci.stats.drift.chance", lambda *_: 0.0)
    wrong = index(without_drift(1_000, 200, 30))
    assert (right >= 0.1).mean() < 0.01
    assert (wrong >= 0.1).mean() > 0.05
