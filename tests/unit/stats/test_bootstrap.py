"""Resampled units: the same for any order of work, the mirror for exchanged roles, and five percent on each side."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import average_precision_score, f1_score

from mlops_ci.stats import bootstrap, jackknife, resamples
from mlops_ci.stats.paired import Interval
from mlops_ci.stats.units import ROWS, Units

Bools = NDArray[np.bool_]
Codes = NDArray[np.intp]
Floats = NDArray[np.float64]
KINDS = ["rows", "weights", "clusters", "both"]


def f1(tables: Floats) -> Floats:
    hits = 2 * tables[..., 1, 1]
    return np.asarray(hits / (hits + tables[..., 0, 1] + tables[..., 1, 0]))


def scored(seed: int, n: int = 300) -> tuple[Bools, Floats, Floats]:
    draw = np.random.default_rng(seed)
    labels = draw.random(n) < 0.3
    shared = draw.normal(size=n) + labels
    one, other = (np.round(shared + draw.normal(size=n) * 0.7, 1) for _ in range(2))
    return labels, one, other


def coded(seed: int, n: int = 300) -> tuple[Codes, Codes, Codes]:
    labels, one, other = scored(seed, n)
    return labels.astype(np.intp), (one > 0.7).astype(np.intp), (other > 0.7).astype(np.intp)


def units_of(kind: str, n: int = 300) -> Units:
    draw = np.random.default_rng(99)
    clusters = (np.arange(n) // 3).astype(np.intp)
    weights = draw.gamma(2, size=n) + 0.1
    return {
        "rows": ROWS,
        "weights": Units(weights),
        "clusters": Units(clusters=clusters),
        "both": Units(weights, clusters),
    }[kind]


def of_counts(one: Codes, other: Codes, labels: Codes, units: Units, factor: float = 1.0) -> Interval:
    return bootstrap.counted(f1, labels, one, other, 2, seed=5, factor=factor, units=units)


def of_ranks(one: Floats, other: Floats, labels: Bools, units: Units, factor: float = 1.0) -> Interval:
    return bootstrap.ranked("average_precision", labels, one, other, seed=5, factor=factor, units=units)


@pytest.mark.parametrize("kind", KINDS)
def test_exchanging_the_roles_mirrors_exactly(kind: str) -> None:
    units = units_of(kind)
    labels, one, other = scored(1)
    codes = coded(1)
    for here, there in (
        (of_ranks(one, other, labels, units), of_ranks(other, one, labels, units)),
        (of_counts(codes[1], codes[2], codes[0], units), of_counts(codes[2], codes[1], codes[0], units)),
    ):
        assert (there.value, there.low, there.high) == pytest.approx((-here.value, -here.high, -here.low), abs=1e-15)
        assert here.low < here.value < here.high


@pytest.mark.parametrize("kind", KINDS)
def test_the_estimate_is_scikit_learns(kind: str) -> None:
    units = units_of(kind)
    weights = units.relative(300)
    labels, one, other = scored(2)
    area = [average_precision_score(labels, said, sample_weight=weights) for said in (one, other)]
    assert of_ranks(one, other, labels, units, factor=1.1).value == pytest.approx(area[0] - 1.1 * area[1])
    truth, ours, theirs = coded(2)
    score = [f1_score(truth, said, sample_weight=weights) for said in (ours, theirs)]
    assert of_counts(ours, theirs, truth, units, factor=1.1).value == pytest.approx(score[0] - 1.1 * score[1])


@pytest.mark.parametrize("kind", KINDS)
def test_it_agrees_with_the_jackknife_on_many_rows(kind: str) -> None:
    truth, one, other = coded(3, n=10_000)
    units = units_of(kind, n=10_000)
    left_out = jackknife.counted(f1, truth, one, other, 2, units=units)
    width = left_out.high - left_out.low
    drawn = of_counts(one, other, truth, units)
    assert (drawn.low, drawn.high) == pytest.approx((left_out.low, left_out.high), abs=0.08 * width)


def test_one_model_alone_has_bounds_too() -> None:
    labels, one, _ = scored(4)
    for found in (
        bootstrap.ranked("ks", labels, one, None, seed=1),
        bootstrap.counted(f1, *coded(4)[:2], None, 2, seed=1),
        bootstrap.counted(f1, *coded(4)[:2], None, 2, seed=1, units=units_of("clusters")),
    ):
        assert 0 < found.low < found.value < found.high < 1


def test_weights_times_a_constant_change_nothing() -> None:
    labels, one, other = scored(5)
    units, scaled = units_of("both"), units_of("both")
    scaled = Units(1000 * scaled.relative(300), scaled.clusters)
    here, there = of_ranks(one, other, labels, units), of_ranks(one, other, labels, scaled)
    assert (here.low, here.high) == pytest.approx((there.low, there.high))


def test_the_seed_decides_and_so_counts_do_not_know_the_order_of_rows() -> None:
    truth, one, other = coded(6)
    order = np.random.default_rng(0).permutation(300)
    here, there = of_counts(one, other, truth, ROWS), of_counts(one[order], other[order], truth[order], ROWS)
    assert (here.low, here.high) == (there.low, there.high)
    other_seed = bootstrap.counted(f1, truth, one, other, 2, seed=6)
    assert other_seed.low != here.low


def test_a_class_of_a_few_rows_is_too_little() -> None:
    labels = np.arange(50) < 2
    with pytest.raises(ValueError, match="too few rows of one class"):
        bootstrap.ranked("average_precision", labels, np.arange(50.0), None, seed=1)
    for one_class in (labels | True, labels & False):
        with pytest.raises(ValueError, match="rows of both classes"):
            bootstrap.ranked("ks", one_class, np.arange(50.0), None, seed=1)


def test_any_function_of_rows_and_clusters_are_drawn_whole() -> None:
    labels, one, other = scored(7)
    seen = []

    def difference(rows: NDArray[np.intp]) -> float:
        seen.append(np.bincount(rows, minlength=300))
        areas = [average_precision_score(labels[rows], said[rows]) for said in (one, other)]
        return float(areas[0] - areas[1])

    found = bootstrap.of_callable(difference, 300, seed=1, resamples=300, units=units_of("clusters"))
    drawn = of_ranks(one, other, labels, units_of("clusters"))
    width = drawn.high - drawn.low
    assert found.value == pytest.approx(drawn.value)
    assert (found.low, found.high) == pytest.approx((drawn.low, drawn.high), abs=0.25 * width)
    assert all((often.reshape(100, 3) == often[::3, None]).all() for often in seen)


def test_a_function_sees_resamples_that_only_the_seed_decides() -> None:
    scores = np.random.default_rng(0).normal(size=200)
    one, again, another = (
        bootstrap.of_callable(lambda rows: float(scores[rows].mean()), 200, seed=seed) for seed in (1, 1, 2)
    )
    assert one == again
    assert one.low != another.low
    oracle = stats.ttest_1samp(scores, 0).confidence_interval(0.9)
    assert (one.low, one.high) == pytest.approx((oracle.low, oracle.high), abs=0.012)


def tripled(seed: int) -> tuple[Floats, Floats, Bools]:
    """Return two models' scores and labels of rows that stand there three times."""
    labels, one, other = scored(seed, n=100)
    return np.repeat(one, 3), np.repeat(other, 3), np.repeat(labels, 3)


def misses(judge: Callable[[int], Interval], runs: int = 500) -> tuple[float, float]:
    found = [judge(seed) for seed in range(runs)]
    return float(np.mean([one.low > 0 for one in found])), float(np.mean([one.high < 0 for one in found]))


def is_onesided_five_percent(rates: tuple[float, float]) -> bool:
    """Between 1.5 and 9 %: four standard errors around 5 %, with fewer resamples than in earnest."""
    return all(0.015 <= rate <= 0.09 for rate in rates)


def test_the_bounds_miss_in_five_percent_each_and_mutants_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 300)

    def right(seed: int) -> Interval:
        labels, one, other = scored(seed)
        return of_ranks(one, other, labels, ROWS)

    def unpaired(seed: int) -> Interval:
        labels, one, other = scored(seed)
        for side in (labels, ~labels):
            other[side] = np.random.default_rng(seed).permutation(other[side])
        return of_ranks(one, other, labels, ROWS)

    def rows_taken_for_units(seed: int) -> Interval:
        return of_ranks(*tripled(seed), ROWS)

    def clusters(seed: int) -> Interval:
        return of_ranks(*tripled(seed), units_of("clusters"))

    assert is_onesided_five_percent(misses(right))
    assert is_onesided_five_percent(misses(clusters))
    assert not is_onesided_five_percent(misses(unpaired))
    assert not is_onesided_five_percent(misses(rows_taken_for_units))
    monkeypatch.setattr(resamples, "LEVEL", 0.995)
    assert not is_onesided_five_percent(misses(right))
