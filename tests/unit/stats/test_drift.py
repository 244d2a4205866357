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


def test_small_cells_are_pooled_and_unknown_values_stay_apart() -> None:
    assert drift.pooled([1000, 1000, 3, 4, 0], [1000, 1000, 4, 3, 0]) == [[0], [1], [3, 2]]
    assert drift.pooled([1000, 500, 3, 4, 2], [1000, 500, 4, 3, 0]) == [[0], [1], [3, 2], [4]]
    assert drift.pooled([1000, 500, 0], [1000, 500, 7]) == [[0], [1], [2]]
    assert drift.pooled([1000, 500, 0], [1000, 500, 0]) == [[0], [1]]


def test_what_stands_once_leaves_room_for_unknown_values() -> None:
    assert drift.pooled([1000, 500, 1, 0], [1000, 500, 0, 0]) == [[0], [1], [3]]


def test_a_rare_category_that_becomes_frequent_leaves_its_pool() -> None:
    assert drift.pooled([1000, 9, 8, 7, 0], [1000, 9, 900, 7, 0]) == [[0], [2], [1, 3]]


def test_pools_of_a_long_tail_hold_enough_and_every_rank() -> None:
    groups = drift.pooled([1000, *[100] * 300, 0], [30, *[3] * 300, 0])
    assert groups[0] == [0]
    assert len(groups) - 1 == 45  # 300 times 3.0, in pools of at least 20
    assert groups[1][:3] == [1, 46, 91]
    assert sorted(at for group in groups for at in group) == list(range(301))


def test_values_that_all_share_a_pool_are_not_compared() -> None:
    assert drift.hides([[0, 1]], [9, 9, 0])
    assert drift.hides([[2]], [1, 1, 0])
    assert drift.hides(drift.pooled([0, 0], [0, 0]), [0, 0])
    assert not drift.hides([[0]], [1000, 0])
    assert not drift.hides([[0, 1], [2]], [9, 9, 4])


def test_a_held_out_reference_does_not_know_what_stands_once() -> None:
    assert drift.held_out([5, 2, 1, 1, 0]) == ([5, 2, 0, 0, 2], 2.0)
    assert drift.held_out([5, 2, 2, 0]) == ([5, 2, 2, 0], 5.0)
    assert drift.held_out([50, 3, 2, 2, 9])[0] == [50, 3, 0, 0, 13]
    assert drift.held_out([500, 400, 300]) == ([500, 400, 300], 1.0)


def test_the_unseen_share_is_what_another_sample_brings() -> None:
    random, shares = np.random.default_rng(4), 1 / np.arange(1, 501)
    old = random.multinomial(1_000, shares / shares.sum(), size=200)
    unseen = [float(shares[one == 0].sum() / shares.sum()) for one in old]
    estimated = [drift.held_out([*one.tolist(), 0])[0][-1] / 1_000 for one in old]
    assert np.mean(estimated) == pytest.approx(np.mean(unseen), rel=0.02)
    unsure = np.mean([drift.held_out([*one.tolist(), 0])[1] for one in old])
    spread = np.var(np.subtract(estimated, unseen)) * 1_000 / np.mean(estimated)
    assert spread == pytest.approx(unsure, rel=0.25)


def test_a_small_pool_is_tested_exactly() -> None:
    """Fifty new rows among a thousand are no chance, though only one or two of them were to be expected."""
    assert drift.same_shares([20_000, 10_000, 0], [640, 310, 50])[1] < 1e-12
    assert drift.same_shares([20_000, 10_000, 0], [667, 333, 1])[1] > 0.05
    assert drift.same_shares([20_000, 10_000, 0], [400, 600, 0])[1] < 1e-12


def test_an_estimated_share_is_no_surer_than_its_estimate() -> None:
    assert drift.same_tail([900, 100], [180, 35], 1.0)[1] < 0.05 < drift.same_tail([900, 100], [180, 35], 10.0)[1]
    assert drift.same_tail([964, 36], [0, 20_000], 3.0)[1] < 1e-12
    assert drift.same_tail([600, 300, 100], [600, 300, 100], 2.0) == (0, 1)


LAWS = {"zipf": 1 / np.arange(1, 501), "steeper": 1 / np.arange(1, 501) ** 1.2, "even": np.ones(300),
        "truncated": 1 / np.arange(1, 5_001) ** 1.1}  # fmt: skip
SIZES = [(1_000, 200), (1_000, 1_000), (1_000, 20_000), (30_000, 5_000), (500, 500), (1_000_000, 200)]


def sampled(random: np.random.Generator, law: str, m: int, n: int) -> tuple[list[int], list[int]]:
    """Return counts as a profile lists them: at most a thousand, the most frequent first, then all other values."""
    shares = LAWS[law] / LAWS[law].sum()
    old, new = random.multinomial(m, shares), random.multinomial(n, shares)
    order = np.argsort(-old, kind="stable")[: min(1_000, np.count_nonzero(old))]
    return [*old[order].tolist(), int(m - old[order].sum())], [*new[order].tolist(), int(n - new[order].sum())]


def judged(old: list[int], new: list[int]) -> float:
    groups, (counts, unsure) = drift.pooled(old, new), drift.held_out(old)
    before, now = ([sum(one[at] for at in group) for group in groups] for one in (counts, new))
    return (
        drift.same_tail(before, now, unsure)[1] if groups[-1] == [len(old) - 1] else drift.same_shares(before, now)[1]
    )


@pytest.mark.parametrize(("m", "n"), SIZES)
@pytest.mark.parametrize("law", LAWS)
def test_pooling_keeps_the_level_with_hundreds_of_rare_categories(law: str, m: int, n: int) -> None:
    random = np.random.default_rng(3)
    rejected = [judged(*sampled(random, law, m, n)) <= 0.05 for _ in range(200)]
    assert np.mean(rejected) < 0.1


def test_a_tail_that_shrinks_as_if_nothing_were_unseen_would_be_seen() -> None:
    """Without room for what a reference missed, every other sample of a long tail is far too new."""
    random = np.random.default_rng(3)
    rejected = []
    for _ in range(100):
        old, new = sampled(random, "zipf", 1_000, 1_000)
        rejected.append(drift.two_shares((old[-1], 1_000), (new[-1], 1_000)) <= 0.05)
    assert np.mean(rejected) > 0.9


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
