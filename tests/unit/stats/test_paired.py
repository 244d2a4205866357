"""The bounds of a comparison: published values, independent implementations, and error rates by simulation."""

from collections.abc import Callable
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import roc_auc_score

from mlops_ci.stats import paired, shares
from mlops_ci.stats.paired import Interval
from mlops_ci.stats.units import Units

RUNS = 3_000
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def test_a_mean_has_students_bounds() -> None:
    values = np.random.default_rng(0).normal(size=30)
    oracle = stats.ttest_1samp(values, 0).confidence_interval(0.90)
    found = paired.mean(values)
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
    assert is_onesided_five_percent(misses(lambda draw: shares.difference(*correlated_shares(draw)), 0.0))


def test_the_mean_bounds_miss_in_five_percent_each() -> None:
    assert is_onesided_five_percent(misses(lambda draw: paired.mean(draw.normal(0.3, 1, 25)), 0.3))


def areas(draw: np.random.Generator) -> Interval:
    labels, one, other = scored(int(draw.integers(2**31)), n=300)
    return paired.roc_auc(labels, one, other)


def test_the_area_bounds_miss_in_five_percent_each() -> None:
    assert is_onesided_five_percent(misses(areas, 0.0))


def test_a_twosided_number_under_a_onesided_label_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (paired, shares):
        monkeypatch.setattr(module, "Z", 1.959963984540054)
    assert not is_onesided_five_percent(misses(lambda draw: shares.difference(*correlated_shares(draw)), 0.0))
    assert not is_onesided_five_percent(misses(areas, 0.0))


def test_a_broken_pairing_is_caught() -> None:
    def shuffled_shares(draw: np.random.Generator) -> Interval:
        champion, challenger = correlated_shares(draw)
        return shares.difference(draw.permutation(champion), challenger)

    def shuffled_areas(draw: np.random.Generator) -> Interval:
        labels, one, other = scored(int(draw.integers(2**31)), n=300)
        for side in (labels, ~labels):
            other[side] = draw.permutation(other[side])  # the area stays, the pairs do not
        return paired.roc_auc(labels, one, other)

    assert not is_onesided_five_percent(misses(shuffled_shares, 0.0))
    assert not is_onesided_five_percent(misses(shuffled_areas, 0.0))


def test_an_inverted_tail_is_caught() -> None:
    def inverted(draw: np.random.Generator) -> Interval:
        right = shares.difference(*correlated_shares(draw))
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
