"""Gaps between groups: statsmodels' numbers, and how often the bounds miss."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mlops_ci.stats import gaps, paired
from mlops_ci.stats.units import Units

Bools = NDArray[np.bool_]
RUNS = 1_000


def groups_of(*counts: tuple[int, int]) -> tuple[NDArray[np.intp], Bools]:
    """Return codes and hits of groups given as (hits, rows)."""
    codes = np.repeat(np.arange(len(counts)), [rows for _, rows in counts])
    return codes, np.concatenate([np.arange(rows) < hits for hits, rows in counts])


def everyone(codes: NDArray[np.intp]) -> Bools:
    return np.ones(codes.size, dtype=np.bool_)


def test_two_groups_have_newcombes_bounds() -> None:
    """56 of 70 and 48 of 80: Newcombe (1998), table II, method 10, published at 95 %, two-sided."""
    codes, hits = groups_of((56, 70), (48, 80))
    rates = gaps._by_rows(codes, hits, 2, Units())
    first, _ = rates.upper(0.975)
    _, lower = rates.upper(0.025)
    assert (round(lower, 4), round(first, 4)) == (0.0524, 0.3339)


def test_the_upper_bound_is_the_largest_of_all_pairs_and_its_tail_agrees() -> None:
    codes, hits = groups_of((70, 100), (80, 100), (65, 100))
    found = gaps.gap(codes, hits, [everyone(codes)])
    pair_codes, pair_hits = groups_of((80, 100), (65, 100))
    pair = gaps.gap(pair_codes, pair_hits, [everyone(pair_codes)])
    assert (found.value, found.high) == pytest.approx((0.15, pair.high))
    assert found.low < pair.low
    assert found.p_below(found.high) == pytest.approx(0.05)
    assert found.p_below(-2.0) == pytest.approx(1.0)


def test_several_masks_give_the_largest_difference_in_any() -> None:
    codes, hits = groups_of((50, 100), (50, 100))
    half = np.arange(200) % 100 < 50
    assert gaps.gap(codes, hits, [half, ~half]).value == 0
    other = gaps.gap(codes, hits ^ (half & (codes == 1)), [half, ~half])
    assert other.value == 1.0


@pytest.mark.parametrize("units", [Units(), Units(clusters=np.arange(6) // 2)])
def test_a_group_without_rows_is_named_by_its_code(units: Units) -> None:
    codes, hits = np.array([0, 1, 2, 0, 1, 2]), np.ones(6, dtype=np.bool_)
    with pytest.raises(ValueError, match="and needs") as raised:
        gaps.gap(codes, hits, [codes != 2], units=units)
    assert raised.value.args[1] == 2
    with pytest.raises(ValueError, match="and needs") as raised:
        gaps.gap_change(codes, hits, hits, [codes != 1])
    assert raised.value.args[1] == 1


def test_rows_as_weighted_units_are_close_to_the_score_interval() -> None:
    codes, hits = groups_of((700, 1_000), (800, 1_000))
    plain = gaps.gap(codes, hits, [everyone(codes)])
    weighed = gaps.gap(codes, hits, [everyone(codes)], units=Units(np.full(2_000, 3.0)))
    assert (weighed.value, weighed.high) == pytest.approx((plain.value, plain.high), abs=5e-4)
    assert "over rows" in weighed.method


def test_a_smaller_gap_favours_the_challenger_and_swapping_mirrors_exactly() -> None:
    codes, theirs = groups_of((500, 1_000), (800, 1_000))
    _, ours = groups_of((700, 1_000), (800, 1_000))
    half = np.arange(2_000) % 2 == 0
    for units in (Units(), Units(clusters=np.arange(2_000) // 10)):
        found = gaps.gap_change(codes, ours, theirs, [half, ~half], units=units)
        swapped = gaps.gap_change(codes, theirs, ours, [half, ~half], units=units)
        assert found.value == pytest.approx(0.2)
        assert 0.05 < found.low < found.value < found.high < 0.3  # half a mask's clusters are all hits, or none
        assert found.p_below(found.high) == pytest.approx(0.05, abs=1e-6)
        assert (swapped.value, swapped.low, swapped.high) == (-found.value, -found.high, -found.low)


def gap_misses(rates: tuple[float, ...], units: Units) -> tuple[float, float]:
    """Return how often the lower bound lies above the true gap, and the upper bound below it, on 300 rows."""
    random, codes, truth = np.random.default_rng(15), np.arange(300) % len(rates), max(rates) - min(rates)
    chances, all_rows = np.array(rates)[codes], everyone(codes)
    found = [gaps.gap(codes, random.random(300) < chances, [all_rows], units=units) for _ in range(RUNS)]
    return sum(one.low > truth for one in found) / RUNS, sum(one.high < truth for one in found) / RUNS


@pytest.mark.parametrize("units", [Units(), Units(np.ones(300)), Units(clusters=np.arange(300) // 4)])
def test_the_upper_bound_misses_in_five_percent_and_the_lower_one_in_less(units: Units) -> None:
    low, high = gap_misses((0.6, 0.8), units)
    assert low <= 0.04
    assert 0.03 <= high <= 0.07
    low, high = gap_misses((0.7, 0.7, 0.7), units)
    assert low <= 0.065
    assert high == 0


def test_an_inverted_tail_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "LEVEL", 0.05)
    assert gap_misses((0.6, 0.8), Units())[1] > 0.5


def test_a_twosided_level_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "LEVEL", 0.975)
    assert gap_misses((0.6, 0.8), Units())[1] < 0.03


def test_the_lower_bound_is_corrected_for_the_number_of_pairs() -> None:
    """Four equal groups: twelve ordered pairs, of which the largest would be above nothing in far more than 5 %."""
    rates, codes = (0.7, 0.7, 0.7, 0.7), np.arange(300) % 4
    assert gap_misses(rates, Units())[0] <= 0.065
    random = np.random.default_rng(16)
    measured = [gaps._by_rows(codes, random.random(300) < 0.7, 4, Units()) for _ in range(500)]
    uncorrected = [-float(one.upper(paired.LEVEL).min()) > 0 for one in measured]
    assert np.mean(uncorrected) > 0.15


def change_misses(before: tuple[float, ...], after: tuple[float, ...], size: int = 1) -> tuple[float, float]:
    """Return how often either bound of the change lies on the wrong side of the truth, on 1,000 rows."""
    random, clusters = np.random.default_rng(17), np.arange(1_000) // size
    codes, units = clusters % len(before), Units(clusters=clusters) if size > 1 else Units()
    truth, found = (max(before) - min(before)) - (max(after) - min(after)), []
    for _ in range(600):
        shared, one, other = (
            np.where(random.random(1_000) < 0.6, random.random(1_000)[clusters], random.random(1_000)) for _ in range(3)
        )
        same = random.random(1_000) < 0.9
        ours, theirs = np.where(same, shared, one), np.where(same, shared, other)
        hits = (ours < np.array(after)[codes], theirs < np.array(before)[codes])
        found.append(gaps.gap_change(codes, *hits, [everyone(codes)], units=units))
    return float(np.mean([one.low > truth for one in found])), float(np.mean([one.high < truth for one in found]))


@pytest.mark.parametrize("size", [1, 5])
def test_a_gap_that_grows_from_nought_by_the_margin_seldom_passes(size: int) -> None:
    low, high = change_misses((0.5, 0.5), (0.5, 0.55), size)
    assert 0.01 < low < 0.07
    assert high < 0.07


def test_a_gap_that_stays_is_judged_both_ways() -> None:
    assert max(change_misses((0.4, 0.6), (0.4, 0.6))) < 0.07
    assert max(change_misses((0.5, 0.5, 0.6), (0.5, 0.5, 0.6))) < 0.07


def test_the_pair_that_looks_widest_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_the_widest(self: gaps._Change, _: float) -> float:
        at = int(np.argmin(self._across[0][0]))  # the other model's widest pair, seen from this one's
        return float(self._across[0][0][at] - paired.Z * self._same[1][at])

    monkeypatch.setattr(gaps._Change, "lower", of_the_widest)
    assert change_misses((0.5, 0.5), (0.5, 0.55))[0] > 0.08


def test_a_change_is_shown_where_it_is_large() -> None:
    codes, theirs = groups_of((500, 1_000), (700, 1_000), (650, 1_000))
    _, ours = groups_of((640, 1_000), (700, 1_000), (650, 1_000))
    found = gaps.gap_change(codes, ours, theirs, [everyone(codes)])
    assert found.value == pytest.approx(0.14)
    assert 0.05 < found.low < 0.14
    assert found.p_below(0.0) > 0.99
