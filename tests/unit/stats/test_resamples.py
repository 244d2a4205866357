import os

import numpy as np
import pytest
from scipy import stats

from mlops_ci.stats.resamples import drawn, percentile, poisson


def test_units_are_drawn_with_poissons_chances() -> None:
    often = poisson(np.random.Generator(np.random.SFC64(1)), 1_001, 1_000)
    counts = np.bincount(often.ravel(), minlength=9)
    expected = stats.poisson.pmf(np.arange(9), 1) * often.size
    assert often.shape == (1_001, 1_000)
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected.max())
    assert counts[5] == pytest.approx(expected[5], rel=0.1)


def test_neither_threads_nor_their_order_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(random: np.random.Generator, size: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return random.random(size)

    values = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(os, "cpu_count", lambda threads=threads: threads)
        values.append(drawn(draw, seed=3, resamples=1_003, at_once=10))
    assert values[0].shape == (1_003,)
    assert (values[0] == values[1]).all()
    assert (values[0] == values[2]).all()
    assert np.unique(values[0]).size == 1_003  # no two parts alike
    assert (drawn(draw, seed=4, resamples=1_003, at_once=10) != values[0]).all()


def test_bounds_are_onesided_five_percent_and_mirror() -> None:
    values = np.random.default_rng(0).normal(size=10_000)
    found, mirrored = percentile(0.0, values, ""), percentile(0.0, -values, "")
    assert np.mean(values < found.low) == pytest.approx(0.05, abs=1e-3)
    assert np.mean(values > found.high) == pytest.approx(0.05, abs=1e-3)
    assert (mirrored.low, mirrored.high) == (-found.high, -found.low)
    assert found.detectable == pytest.approx(stats.norm.ppf(0.95) + stats.norm.ppf(0.8), rel=0.03)


def test_the_p_value_agrees_with_the_upper_bound_and_is_never_nought() -> None:
    found = percentile(0.0, np.random.default_rng(0).normal(size=9_999), "")
    assert found.p_below(found.high) == pytest.approx(0.05, abs=1e-3)
    assert found.p_below(found.high + 0.1) < 0.05 < found.p_below(found.high - 0.1)
    assert found.p_below(100) == pytest.approx(1e-4)
    assert found.p_below(-100) == 1


def test_undefined_resamples_widen_both_ends_until_there_are_too_many() -> None:
    values = np.arange(1_000.0)
    some = np.where(values % 50 == 0, np.nan, values)
    whole, less = percentile(500, values, ""), percentile(500, some, "")
    assert less.low < whole.low
    assert less.high > whole.high
    with pytest.raises(ValueError, match="too few rows of one class"):
        percentile(500, np.where(values % 10 == 0, np.nan, values), "")
    with pytest.raises(ValueError, match="too few rows of one class"):
        percentile(np.nan, values, "")
