from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats
from scipy.spatial.distance import jensenshannon

from mlops_ci.stats import drift

Ints = NDArray[np.int64]

REFERENCE, CURRENT = [100, 300, 400, 200], [150, 150, 500, 200]


def drawn(size: int, cells: int = 10, seed: int = 0, times: int = 400) -> list[list[int]]:
    """Return samples over equally likely cells."""
    found: list[list[int]] = np.random.default_rng(seed).multinomial(size, [1 / cells] * cells, size=times).tolist()
    return found


def raw_psi(reference: Sequence[int], current: Sequence[int]) -> float:
    """Return the index as everybody else computes it, bias and all."""
    ours, theirs = ((np.asarray(one) + 0.5) / (np.sum(one) + 0.5 * len(one)) for one in (reference, current))
    return float(np.sum((theirs - ours) * np.log(theirs / ours)))


def test_the_index_is_that_of_the_books_less_its_bias() -> None:
    expected = sum((n - o) * np.log(n / o) for o, n in ((0.1, 0.15), (0.3, 0.15), (0.4, 0.5), (0.2, 0.2)))
    many = [one * 1000 for one in REFERENCE], [one * 1000 for one in CURRENT]
    assert drift.psi(*many) == pytest.approx(expected, abs=1e-4)
    assert drift.psi(REFERENCE, CURRENT) == pytest.approx(raw_psi(REFERENCE, CURRENT) - 0.006)
    assert drift.chance(REFERENCE, CURRENT) == pytest.approx(3 * (1 / 1000 + 1 / 1000))


@pytest.mark.parametrize("size", [200, 1000])
def test_without_drift_the_index_is_nothing_but_the_bias_that_is_subtracted(size: int) -> None:
    reference = [100_000] * 10
    raw = np.mean([raw_psi(reference, one) for one in drawn(size)])
    assert raw == pytest.approx(9 / size, rel=0.1)


def test_an_index_whose_bias_stays_in_is_seen() -> None:
    """With 90 rows the bias is 0.1: half of all columns without drift lie over the usual limit."""
    samples = drawn(90)
    over = np.mean([raw_psi([1000] * 10, one) > 0.1 for one in samples])
    corrected = np.mean([drift.psi([1000] * 10, one) > 0.1 for one in samples])
    assert over > 0.3
    assert corrected < 0.06


def test_an_empty_cell_is_finite() -> None:
    assert 0 < drift.psi([0, 500, 500], [500, 500, 0]) < 20


def test_jensen_shannon_agrees_with_scipy_once_chance_is_negligible() -> None:
    reference, current = [one * 10**6 for one in REFERENCE], [one * 10**6 for one in CURRENT]
    assert drift.jensen_shannon(reference, current) == pytest.approx(jensenshannon(reference, current, 2), rel=1e-4)
    assert drift.jensen_shannon([10**9, 0], [0, 10**9]) == pytest.approx(1)


def test_jensen_shannon_loses_what_chance_adds() -> None:
    square = np.mean([jensenshannon([1] * 10, one, 2) ** 2 for one in drawn(500)])
    assert square == pytest.approx(9 / 500 / 8 / np.log(2), rel=0.1)
    assert np.mean([drift.jensen_shannon([10**7] * 10, one) for one in drawn(500)]) < 0.03


def test_wasserstein_agrees_with_scipy() -> None:
    values = [-1.0, 0.5, 2.0, 7.0]
    spread = np.std(np.repeat(values, REFERENCE))
    expected = stats.wasserstein_distance(values, values, REFERENCE, CURRENT) / spread
    assert drift.wasserstein(REFERENCE, CURRENT, values) == pytest.approx(expected)


def test_wasserstein_of_a_shift_is_the_shift() -> None:
    edges, medians = stats.norm.ppf(np.arange(1, 10) / 10), stats.norm.ppf((np.arange(10) + 0.5) / 10)
    shares = np.diff([0, *stats.norm.cdf(edges - 0.3), 1])
    current = [round(one * 10**6) for one in shares]
    assert drift.wasserstein([10**5] * 10, current, medians.tolist()) == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("unit", [1e-300, 1e12, 1e308])
def test_wasserstein_does_not_depend_on_the_unit(unit: float) -> None:
    values = [-1.0, 0.5, 1.0, 1.5]
    expected = drift.wasserstein(REFERENCE, CURRENT, values)
    assert drift.wasserstein(REFERENCE, CURRENT, [one * unit for one in values]) == pytest.approx(expected)


def test_a_reference_of_one_value_has_no_spread() -> None:
    assert drift.wasserstein([5, 0], [5, 0], [1.0, 2.0]) == 0
    assert drift.wasserstein([5, 0], [0, 5], [1.0, 2.0]) == np.inf


def test_kolmogorov_smirnov_is_the_largest_gap_at_the_edges() -> None:
    assert drift.kolmogorov_smirnov(REFERENCE, CURRENT) == pytest.approx(0.1)


def test_the_kolmogorov_tail_agrees_with_scipy() -> None:
    m, n = 4_000, 1_000
    root = np.sqrt(m * n / (m + n))
    for distance in (0.0, 0.001, 0.008, 0.02, 0.034, 0.036, 0.05, 0.09, 0.5):
        expected = special.kolmogorov((root + 0.12 + 0.11 / root) * distance)
        assert drift.kolmogorov_tail(distance, m, n) == pytest.approx(expected, rel=1e-6, abs=1e-10)


def test_chi_square_agrees_with_scipy() -> None:
    statistic, p_value = drift.chi_square(REFERENCE, CURRENT)
    expected = stats.chi2_contingency([REFERENCE, CURRENT])
    assert (statistic, p_value) == pytest.approx((expected.statistic, expected.pvalue))


@pytest.mark.parametrize("freedom", [1, 2, 3, 8, 19, 999])
def test_the_chi_square_tail_agrees_with_scipy(freedom: int) -> None:
    for statistic in (0.01, 1.0, freedom, 2.0 * freedom + 5, 60.0):
        assert drift.chi_square_tail(statistic, freedom) == pytest.approx(stats.chi2.sf(statistic, freedom), rel=1e-9)
    assert drift.chi_square_tail(1e6, freedom) == 0


def test_one_cell_leaves_nothing_to_compare() -> None:
    assert drift.same_shares([10], [20]) == (0, 1)


def test_small_cells_are_pooled() -> None:
    assert drift.pooled([1000, 1000, 3, 4], [1000, 1000, 4, 3]) == [[0], [1], [2, 3]]
    assert drift.pooled([1000, 500, 1], [1000, 500, 0]) == [[0], [1], [2]]
    assert drift.pooled([1000, 500], [1000, 500]) == [[0], [1]]


def test_what_is_rare_in_the_reference_is_pooled_with_what_it_does_not_know() -> None:
    assert drift.pooled([1000, 10, 9, 0], [1000, 10, 900, 900]) == [[0], [1], [2, 3]]


def test_a_small_pool_is_tested_exactly() -> None:
    """Fifty new rows among a thousand are no chance, though only one or two of them were to be expected."""
    assert drift.same_shares([20_000, 10_000, 0], [640, 310, 50])[1] < 1e-12
    assert drift.same_shares([20_000, 10_000, 0], [667, 333, 1])[1] > 0.05
    assert drift.same_shares([20_000, 10_000, 0], [400, 600, 0])[1] < 1e-12


def test_nothing_at_all_is_one_pool() -> None:
    assert drift.pooled([0, 0], [0, 0]) == [[0, 1]]


@pytest.mark.parametrize(("m", "n"), [(1_000_000, 200), (30_000, 5_000), (500, 500)])
def test_pooling_keeps_the_level_with_hundreds_of_rare_categories(m: int, n: int) -> None:
    shares = 1 / np.arange(1, 501) ** 1.2
    random, shares = np.random.default_rng(3), shares / shares.sum()
    rejected = 0
    for _ in range(300):
        old, new = random.multinomial(m, shares).tolist(), random.multinomial(n, shares).tolist()
        groups = drift.pooled(old, new)
        cells = [[sum(one[at] for at in group) for group in groups] for one in (old, new)]
        rejected += drift.same_shares(*cells)[1] <= 0.05
    assert rejected / 300 < 0.09


def test_two_shares_agree_with_fishers_test() -> None:
    for old, new in [((3, 1000), (9, 200)), ((0, 10**6), (3, 200)), ((500, 1000), (250, 500)), ((40, 90), (10, 80))]:
        tails = [stats.hypergeom(old[1] + new[1], old[0] + new[0], new[1]).sf(new[0] - 1),
                 stats.hypergeom(old[1] + new[1], old[0] + new[0], new[1]).cdf(new[0])]  # fmt: skip
        assert drift.two_shares(old, new) == pytest.approx(min(1, 2 * min(tails)), rel=1e-5)


def test_two_shares_hold_for_the_largest_tables() -> None:
    assert drift.two_shares((10**8, 10**9), (10**7, 10**8)) == pytest.approx(1)
    assert drift.two_shares((10**8, 10**9), (2 * 10**7, 10**8)) == 0
    assert drift.two_shares((0, 100), (0, 100)) == 1
    assert drift.two_shares((100, 100), (50, 50)) == 1


Test = Callable[[list[int], list[int]], float]


def by_edges(old: list[int], new: list[int]) -> float:
    return drift.kolmogorov_tail(drift.kolmogorov_smirnov(old, new), sum(old), sum(new))


def one_sample(old: list[int], new: list[int]) -> float:
    """Forget that the reference is a sample, too."""
    return drift.kolmogorov_tail(drift.kolmogorov_smirnov(old, new), 10**12, sum(new))


def level(test: Test) -> float:
    references, samples = drawn(2_000, seed=1, times=2_000), drawn(2_000, seed=2, times=2_000)
    return float(np.mean([test(old, new) <= 0.05 for old, new in zip(references, samples, strict=True)]))


def test_the_tests_keep_their_level_and_a_forgotten_sample_is_seen() -> None:
    assert 0.035 < level(lambda old, new: drift.chi_square(old, new)[1]) < 0.065
    assert level(by_edges) < 0.05
    assert level(one_sample) > 0.1
