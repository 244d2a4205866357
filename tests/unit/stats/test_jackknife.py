"""Leaving out one unit: against doing so by hand, against scikit-learn's values, and by error rates."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import cohen_kappa_score, f1_score

from mlops_ci.stats import jackknife, paired
from mlops_ci.stats.paired import Interval
from mlops_ci.stats.units import ROWS, Units

Codes = NDArray[np.intp]
Floats = NDArray[np.float64]
Score = Callable[[Codes, Codes, Floats], float]


def f1(tables: Floats) -> Floats:
    hits = 2 * tables[..., 1, 1]
    return np.asarray(hits / (hits + tables[..., 0, 1] + tables[..., 1, 0]))


def kappa(tables: Floats) -> Floats:
    total = tables.sum(axis=(-2, -1))
    agreed = np.trace(tables, axis1=-2, axis2=-1) / total
    chance = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1) / total**2
    return np.asarray((agreed - chance) / (1 - chance))


def share(tables: Floats) -> Floats:
    return np.asarray(np.trace(tables, axis1=-2, axis2=-1) / tables.sum(axis=(-2, -1)))


def mean_of(sums: Floats) -> Floats:
    return np.asarray(sums[..., 1] / sums[..., 0])


def answers(seed: int, n: int = 120, classes: int = 2) -> tuple[Codes, Codes, Codes]:
    """Return labels and two models' answers, of which four in five are the same, right or wrong."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, classes, n)

    def model() -> Codes:
        return np.where(draw.random(n) < 0.5, labels, draw.integers(0, classes, n))

    shared = model()
    one, other = (np.where(draw.random(n) < 0.8, shared, model()) for _ in range(2))
    return labels, one, other


def units_of(kind: str, n: int) -> Units:
    draw = np.random.default_rng(99)
    clusters = np.concatenate([np.arange(n // 4), draw.integers(0, n // 4, n - n // 4)]).astype(np.intp)
    weights = draw.gamma(2, size=n) + 0.1
    return {
        "rows": ROWS,
        "weights": Units(weights),
        "clusters": Units(clusters=clusters),
        "both": Units(weights, clusters),
    }[kind]


def f1_of(labels: Codes, said: Codes, weights: Floats) -> float:
    return float(f1_score(labels, said, sample_weight=weights))


def kappa_of(labels: Codes, said: Codes, weights: Floats) -> float:
    return float(cohen_kappa_score(labels, said, sample_weight=weights))


def by_hand(score: Score, data: tuple[Codes, Codes, Codes], units: Units, factor: float) -> tuple[float, Floats]:
    """Return the difference, and by how much it is another without each unit, calling scikit-learn each time."""
    labels, one, other = data
    weights, codes = units.relative(labels.size), units.codes(labels.size)

    def difference(kept: NDArray[np.bool_]) -> float:
        ours, theirs = (score(labels[kept], said[kept], weights[kept]) for said in (one, other))
        return ours - factor * theirs

    whole = difference(np.ones(labels.size, dtype=np.bool_))
    return whole, np.array([difference(codes != at) for at in range(codes.max() + 1)]) - whole


@pytest.mark.parametrize("kind", ["rows", "weights", "clusters", "both"])
@pytest.mark.parametrize(
    ("value", "score", "classes", "factor"), [(f1, f1_of, 2, 1.0), (f1, f1_of, 2, 1.05), (kappa, kappa_of, 4, 1.0)]
)
def test_it_is_what_leaving_out_each_unit_by_hand_gives(
    value: Callable[[Floats], Floats], score: Score, classes: int, factor: float, kind: str
) -> None:
    data = answers(1, classes=classes)
    units = units_of(kind, 120)
    found = jackknife.counted(value, *data, classes, factor=factor, units=units)
    whole, moved = by_hand(score, data, units, factor)
    assert found.value == pytest.approx(whole)
    assert found.low < whole < found.high
    square, third, fourth = (float(np.sum(moved**power)) for power in (2, 3, 4))
    error, skewness = (square * (moved.size - 1) / moved.size) ** 0.5, -third / square**1.5
    for bound, sign in ((found.low, 1), (found.high, -1)):
        t = (whole - bound - sign * (fourth / square) ** 0.5 / 3) / error
        hall = t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / 6
        assert hall == pytest.approx(sign * stats.t.ppf(0.95, moved.size - 1))
    assert found.p_below(found.high) == pytest.approx(0.05)


@pytest.mark.parametrize("kind", ["rows", "weights", "clusters", "both"])
def test_a_mean_as_a_function_of_sums_is_the_mean(kind: str) -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 120))
    units = units_of(kind, 120)
    parts = [np.column_stack([np.ones(120), arm]) for arm in (one, other)]
    found, mean = jackknife.summed(mean_of, *parts, units=units), paired.mean(one - other, units)
    assert (found.value, found.low, found.high) == pytest.approx((mean.value, mean.low, mean.high))


def test_an_accuracy_alone_has_nearly_students_bounds() -> None:
    labels, said, _ = answers(3)
    found, mean = jackknife.counted(share, labels, said, None, 2), paired.mean((labels == said).astype(np.float64))
    assert (found.value, found.low, found.high) == pytest.approx((mean.value, mean.low, mean.high), abs=0.01)


def test_large_tables_are_judged_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    data = answers(5, classes=4)
    whole = [jackknife.counted(kappa, *data, 4, units=units_of(kind, 120)) for kind in ("rows", "both", "weights")]
    monkeypatch.setattr(jackknife, "_AT_ONCE", 50)
    parts = [jackknife.counted(kappa, *data, 4, units=units_of(kind, 120)) for kind in ("rows", "both", "weights")]
    assert [one.high for one in parts] == pytest.approx([one.high for one in whole])


@settings(deadline=None)
@given(seed=some.integers(0, 2**32), kind=some.sampled_from(["rows", "weights", "clusters", "both"]))
def test_what_must_not_matter_does_not(seed: int, kind: str) -> None:
    labels, one, other = answers(seed)
    units = units_of(kind, labels.size)
    here = jackknife.counted(f1, labels, one, other, 2, units=units)
    there = jackknife.counted(f1, labels, other, one, 2, units=units)
    assert (there.value, there.low, there.high) == pytest.approx((-here.value, -here.high, -here.low))
    order = np.random.default_rng(seed).permutation(labels.size)
    moved = Units(
        None if units.weights is None else 1000 * units.weights[order],
        None if units.clusters is None else units.clusters[order],
    )
    again = jackknife.counted(f1, labels[order], one[order], other[order], 2, units=moved)
    assert (again.value, again.low, again.high) == pytest.approx((here.value, here.low, here.high))


def test_what_is_undefined_without_a_unit_is_refused() -> None:
    labels = np.array([0, 0, 0, 1])
    with pytest.raises(ValueError, match="undefined without one of the rows"):
        jackknife.counted(lambda tables: tables[..., 1, 1] / tables[..., 1, :].sum(axis=-1), labels, labels, None, 2)
    with pytest.raises(ValueError, match="undefined on these rows"):
        jackknife.counted(
            lambda tables: tables[..., 1, 1] / tables[..., 1, :].sum(axis=-1), labels * 0, labels, None, 2
        )
    with pytest.raises(ValueError, match="at least two clusters"):
        jackknife.counted(share, labels, labels, None, 2, units=Units(clusters=np.zeros(4, dtype=np.intp)))


RUNS = 2_000


def misses(judge: Callable[[Codes, Codes, Codes, Units], Interval], clustered: int = 1) -> tuple[float, float]:
    """Return how often each bound of the difference in F1, truly nought, lies on the wrong side of it."""
    found, units = [], Units(clusters=np.arange(300) // clustered) if clustered > 1 else ROWS
    for seed in range(RUNS):
        labels, one, other = np.repeat(answers(seed, n=300 // clustered), clustered, axis=1)
        found.append(judge(labels, one, other, units))
    return float(np.mean([one.low > 0 for one in found])), float(np.mean([one.high < 0 for one in found]))


def judged(labels: Codes, one: Codes, other: Codes, units: Units) -> Interval:
    return jackknife.counted(f1, labels, one, other, 2, units=units)


def is_onesided_five_percent(rates: tuple[float, float]) -> bool:
    return all(0.032 <= rate <= 0.068 for rate in rates)


def test_the_bounds_miss_in_five_percent_each() -> None:
    assert is_onesided_five_percent(misses(judged))
    assert is_onesided_five_percent(misses(judged, clustered=3))


def only_losses(differing: float) -> tuple[float, float]:
    """Return how often a challenger passes, and fails, that loses so many rows on average and gains none.

    Its margin is what it loses: F1 falls in nearly equal steps.
    """
    draw, labels = np.random.default_rng(3), np.arange(2_000) % 4 == 0
    champion, found = labels.astype(np.intp), []
    margin = 1 - f1_of(champion, np.where(np.arange(2_000) < 4 * differing, 0, champion), np.ones(2_000))
    for lost in draw.poisson(differing, 1_000):
        challenger = np.where(np.arange(2_000) < 4 * lost, 0, champion)
        found.append(jackknife.counted(f1, champion, challenger, champion, 2))
    return float(np.mean([one.low >= -margin for one in found])), float(np.mean([one.high < -margin for one in found]))


@pytest.mark.parametrize("differing", [12, 15, 20, 40])
def test_few_rows_that_all_are_losses_pass_or_fail_wrongly_in_about_five_percent(differing: float) -> None:
    assert max(only_losses(differing)) < 0.07  # three standard errors over 5 %


def test_bounds_without_skewness_and_steps_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jackknife, "studentised", lambda *them: paired.studentised(*them[:4]))
    assert only_losses(12)[0] > 0.07


def test_planted_mutants_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def inverted(labels: Codes, one: Codes, other: Codes, units: Units) -> Interval:
        right = judged(labels, one, other, units)
        return Interval(right.value, right.high, right.low, right.detectable, right.method)

    def unpaired(labels: Codes, one: Codes, other: Codes, units: Units) -> Interval:
        """The other model's rows are sorted by label and then in no order: its F1 stays, the pairs do not."""
        order = np.argsort(labels, kind="stable")
        draw, shuffled = np.random.default_rng(int(one.sum())), other[order]
        for label in (0, 1):
            shuffled[labels[order] == label] = draw.permutation(shuffled[labels[order] == label])
        return judged(labels[order], one[order], shuffled, units)

    assert not is_onesided_five_percent(misses(inverted))
    assert not is_onesided_five_percent(misses(unpaired))
    assert misses(lambda a, b, c, _: judged(a, b, c, ROWS), clustered=3)[0] > 0.1  # rows taken for units
    monkeypatch.setattr(paired, "LEVEL", 0.975)
    assert not is_onesided_five_percent(misses(judged))
