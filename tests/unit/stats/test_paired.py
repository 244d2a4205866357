"""The bounds of a comparison: published values, independent implementations, and error rates by simulation."""

from collections.abc import Callable
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray
from scipy import optimize, stats
from sklearn.metrics import roc_auc_score

from mlops_ci.stats import paired
from mlops_ci.stats.paired import Interval
from mlops_ci.stats.units import Units

RUNS = 3_000
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def rows(gained: int, lost: int, n: int) -> tuple[Bools, Bools]:
    """Return champion and challenger with that many discordant rows."""
    same = n - gained - lost
    champion = np.array([False] * gained + [True] * lost + [True] * same)
    challenger = np.array([True] * gained + [False] * lost + [True] * same)
    return champion, challenger


def test_tango_gives_the_published_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airway hyper-responsiveness before and after treatment: Fagerland, Lydersen & Laake (2014), Stat. Med. 33."""
    monkeypatch.setattr(paired, "Z", float(stats.norm.ppf(0.975)))  # it is published at 95 %, two-sided
    found = paired.proportions(*rows(gained=1, lost=7, n=21))
    assert (round(found.low, 3), round(found.high, 3)) == (-0.517, -0.026)


@pytest.mark.parametrize("n", [5, 20, 1000])
def test_without_disagreement_tango_has_a_closed_form(n: int) -> None:
    found = paired.proportions(*rows(0, 0, n))
    expected = paired.Z**2 / (n + paired.Z**2)
    assert (found.value, found.low, found.high) == pytest.approx((0, -expected, expected))


def score(gained: int, lost: int, n: int, delta: float) -> float:
    """Return the score statistic with the nuisance parameter found by maximising the likelihood numerically."""

    def minus_likelihood(q: float) -> float:
        terms = ((gained, q + delta), (lost, q), (n - gained - lost, 1 - 2 * q - delta))
        return -sum(count * log(max(chance, 1e-300)) for count, chance in terms if count)

    low, high = max(0.0, -delta), (1 - delta) / 2
    q = optimize.minimize_scalar(minus_likelihood, bounds=(low, high), options={"xatol": 1e-12}).x
    return float((gained - lost - n * delta) / sqrt(n * (2 * q + delta - delta * delta)))


@pytest.mark.parametrize("counts", [(40, 20, 160), (1, 7, 21), (3, 0, 50), (0, 3, 50), (12, 2, 50), (100, 120, 900)])
def test_tango_agrees_with_a_numerical_likelihood(counts: tuple[int, int, int]) -> None:
    found = paired.proportions(*rows(*counts))
    assert score(*counts, found.low) == pytest.approx(paired.Z, abs=1e-3)
    assert score(*counts, found.high) == pytest.approx(-paired.Z, abs=1e-3)


@pytest.mark.parametrize(("gained", "lost", "n"), [(5, 0, 5), (0, 5, 5), (1, 0, 2), (2, 3, 5)])
def test_extreme_tables_stay_inside_the_possible(gained: int, lost: int, n: int) -> None:
    found = paired.proportions(*rows(gained, lost, n))
    assert -1 <= found.low <= found.value <= found.high <= 1
    mirrored = paired.proportions(*rows(lost, gained, n))
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


def test_a_mean_has_students_bounds() -> None:
    values = np.random.default_rng(0).normal(size=30)
    oracle = stats.ttest_1samp(values, 0).confidence_interval(0.90)
    found = paired.mean(values)
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))


@pytest.mark.parametrize(("right", "n"), [(0, 10), (7, 10), (10, 10), (480, 500)])
def test_a_share_has_wilsons_bounds(right: int, n: int) -> None:
    oracle = stats.binomtest(right, n).proportion_ci(0.90, method="wilson")
    found = paired.share(np.arange(n) < right)
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))


def scored(seed: int, n: int = 120) -> tuple[Bools, Floats, Floats]:
    draw = np.random.default_rng(seed)
    labels = draw.random(n) < 0.3
    shared = draw.normal(size=n) + labels
    one, other = (np.round(shared + draw.normal(size=n) * 0.7, 1) for _ in range(2))  # rounded: with ties
    return labels, one, other


def test_the_area_is_scikit_learns_ties_included() -> None:
    for seed in range(20):
        labels, one, other = scored(seed)
        assert paired.roc_auc(labels, one).value == pytest.approx(roc_auc_score(labels, one))
        both = roc_auc_score(labels, one) - roc_auc_score(labels, other)
        assert paired.roc_auc(labels, one, other).value == pytest.approx(both)


def test_delong_by_its_definition() -> None:
    """The covariance over placements, written out pair by pair as in the paper."""
    labels, one, other = scored(7)
    parts = []
    for scores in (one, other):
        better = scores[labels][:, None] > scores[~labels][None, :]
        equal = scores[labels][:, None] == scores[~labels][None, :]
        wins = better + 0.5 * equal
        parts.append((wins.mean(axis=1), wins.mean(axis=0)))
    contrast = np.array([1.0, -1.0])
    variance = sum(
        contrast @ np.cov(np.array([parts[0][side], parts[1][side]])) @ contrast / parts[0][side].size
        for side in (0, 1)
    )
    found = paired.roc_auc(labels, one, other)
    assert found.high - found.value == pytest.approx(paired.Z * sqrt(variance))


def test_an_area_needs_two_rows_of_each_class() -> None:
    with pytest.raises(ValueError, match="at least two rows of each class"):
        paired.roc_auc(np.array([True, False, False]), np.array([0.1, 0.2, 0.3]))
    with pytest.raises(ValueError, match="at least two rows"):
        paired.mean(np.array([1.0]))


def misses(draw_one: Callable[[np.random.Generator], Interval], truth: float) -> tuple[float, float]:
    """Return how often the lower bound lies above the truth, and how often the upper one below it."""
    draw = np.random.default_rng(11)
    found = [draw_one(draw) for _ in range(RUNS)]
    return (sum(one.low > truth for one in found) / RUNS, sum(one.high < truth for one in found) / RUNS)


def is_onesided_five_percent(rates: tuple[float, float]) -> bool:
    """Three to seven percent: four standard errors around 5 %, and far from 2.5 and from 10."""
    return all(0.033 <= rate <= 0.067 for rate in rates)


def correlated_shares(draw: np.random.Generator) -> tuple[Bools, Bools]:
    """Return two models that are right on 90 % of 400 rows and disagree on 10 %, on average half each way."""
    kind = draw.random(400)
    return (kind < 0.85) | (kind > 0.95), kind < 0.90


def test_the_share_bounds_miss_in_five_percent_each() -> None:
    assert is_onesided_five_percent(misses(lambda draw: paired.proportions(*correlated_shares(draw)), 0.0))


def test_the_mean_bounds_miss_in_five_percent_each() -> None:
    assert is_onesided_five_percent(misses(lambda draw: paired.mean(draw.normal(0.3, 1, 25)), 0.3))


def areas(draw: np.random.Generator) -> Interval:
    labels, one, other = scored(int(draw.integers(2**31)), n=300)
    return paired.roc_auc(labels, one, other)


def test_the_area_bounds_miss_in_five_percent_each() -> None:
    assert is_onesided_five_percent(misses(areas, 0.0))


def test_a_twosided_number_under_a_onesided_label_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paired, "Z", 1.959963984540054)
    assert not is_onesided_five_percent(misses(lambda draw: paired.proportions(*correlated_shares(draw)), 0.0))
    assert not is_onesided_five_percent(misses(areas, 0.0))


def test_a_broken_pairing_is_caught() -> None:
    def shuffled_shares(draw: np.random.Generator) -> Interval:
        champion, challenger = correlated_shares(draw)
        return paired.proportions(draw.permutation(champion), challenger)

    def shuffled_areas(draw: np.random.Generator) -> Interval:
        labels, one, other = scored(int(draw.integers(2**31)), n=300)
        for side in (labels, ~labels):
            other[side] = draw.permutation(other[side])  # the area stays, the pairs do not
        return paired.roc_auc(labels, one, other)

    assert not is_onesided_five_percent(misses(shuffled_shares, 0.0))
    assert not is_onesided_five_percent(misses(shuffled_areas, 0.0))


def test_an_inverted_tail_is_caught() -> None:
    def inverted(draw: np.random.Generator) -> Interval:
        right = paired.proportions(*correlated_shares(draw))
        return Interval(right.value, right.high, right.low, right.detectable, right.method)

    assert not is_onesided_five_percent(misses(inverted, 0.0))


def test_the_detectable_effect_has_eighty_percent_power() -> None:
    draw, sure = np.random.default_rng(5), 0
    for _ in range(1_000):
        noise = draw.normal(0, 1, 400)
        effect = paired.mean(noise).detectable
        sure += paired.mean(noise + effect).low > 0
    assert 0.76 < sure / 1_000 < 0.84


def test_equal_weights_and_clusters_of_one_row_change_nothing() -> None:
    labels, one, other = scored(3)
    for units in (Units(np.full(120, 4.0)), Units(clusters=np.arange(120))):
        for plain, found in (
            (paired.mean(one - other), paired.mean(one - other, units)),
            (paired.roc_auc(labels, one, other), paired.roc_auc(labels, one, other, units=units)),
        ):
            assert found.value == pytest.approx(plain.value)
            assert found.high - found.value == pytest.approx(plain.high - plain.value, rel=0.03)


def test_a_weighted_area_is_scikit_learns() -> None:
    labels, one, other = scored(3)
    weights = np.random.default_rng(0).gamma(2, size=120)
    areas = [roc_auc_score(labels, said, sample_weight=weights) for said in (one, other)]
    found = paired.roc_auc(labels, one, other, 1.1, Units(weights))
    assert found.value == pytest.approx(areas[0] - 1.1 * areas[1])


def test_a_clustered_area_by_its_definition() -> None:
    """Obuchowski (1997), equations 2 to 5: sums of placements within clusters, covariance of both classes added."""
    labels, one, other = scored(3)
    clusters = np.arange(120) // 4
    parts = []
    for said in (one, other):
        wins = (said[labels][:, None] > said[~labels]) + 0.5 * (said[labels][:, None] == said[~labels])
        placed = np.empty(120)
        placed[labels], placed[~labels] = wins.mean(axis=1), wins.mean(axis=0)
        parts.append(placed - wins.mean())
    moved = parts[0] - parts[1]
    sums = [np.bincount(clusters[side], moved[side], 30) for side in (labels, ~labels)]
    sizes = [int(side.sum()) for side in (labels, ~labels)]
    among = [np.unique(clusters[side]).size for side in (labels, ~labels)]
    variance = sum(
        count / (count - 1) * float(total @ total) / size**2
        for count, total, size in zip(among, sums, sizes, strict=True)
    )
    variance += 2 * 30 / 29 * float(sums[0] @ sums[1]) / (sizes[0] * sizes[1])
    found = paired.roc_auc(labels, one, other, units=Units(clusters=clusters))
    assert found.high - found.value == pytest.approx(stats.t.ppf(0.95, 29) * sqrt(variance))


def in_clusters(draw: np.random.Generator) -> tuple[Bools, Floats, Floats, Units]:
    """Return 60 users' rows, of which each user's are alike, and the users differ in how many they have."""
    clusters = np.repeat(np.arange(60), draw.integers(1, 10, 60))
    labels = (draw.random(60) < 0.4)[clusters]
    user = draw.normal(size=(2, 60))[:, clusters]
    one, other = user + 0.5 * draw.normal(size=user.shape) + labels
    return labels, one, other, Units(clusters=clusters)


def clustered_mean(draw: np.random.Generator) -> Interval:
    _, one, other, units = in_clusters(draw)
    return paired.mean(one - other, units)


def clustered_area(draw: np.random.Generator) -> Interval:
    labels, one, other, units = in_clusters(draw)
    return paired.roc_auc(labels, one, other, units=units)


def test_clustered_bounds_miss_in_five_percent_each_and_rows_taken_for_units_are_seen() -> None:
    assert is_onesided_five_percent(misses(clustered_mean, 0.0))
    assert is_onesided_five_percent(misses(clustered_area, 0.0))

    def as_rows(draw: np.random.Generator) -> Interval:
        _, one, other, _ = in_clusters(draw)
        return paired.mean(one - other)

    assert min(misses(as_rows, 0.0)) > 0.1


@settings(deadline=None)
@given(seed=some.integers(0, 2**32))
def test_order_scale_and_roles_do_not_matter(seed: int) -> None:
    draw = np.random.default_rng(seed)
    labels, one, other, units = in_clusters(draw)
    weights, order = draw.gamma(2, size=labels.size) + 0.1, draw.permutation(labels.size)
    clusters = units.codes(labels.size)
    here, moved = Units(weights, clusters), Units(1000 * weights[order], clusters[order])

    def area(a: Floats, b: Floats, y: Bools, who: Units) -> Interval:
        return paired.roc_auc(y, a, b, units=who)

    def mean(a: Floats, b: Floats, _: Bools, who: Units) -> Interval:
        return paired.mean(a - b, who)

    for judge in (area, mean):
        first = judge(one, other, labels, here)
        again = judge(one[order], other[order], labels[order], moved)
        mirror = judge(other, one, labels, here)
        assert (again.value, again.low, again.high) == pytest.approx((first.value, first.low, first.high))
        assert (mirror.value, mirror.low, mirror.high) == pytest.approx((-first.value, -first.high, -first.low))


@settings(deadline=None)
@given(gained=some.integers(0, 30), lost=some.integers(0, 30), both=some.integers(1, 200))
def test_exchanging_the_roles_mirrors_shares(gained: int, lost: int, both: int) -> None:
    champion, challenger = rows(gained, lost, gained + lost + both)
    here, there = paired.proportions(champion, challenger), paired.proportions(challenger, champion)
    assert (there.value, there.low, there.high) == pytest.approx((-here.value, -here.high, -here.low), abs=1e-8)
