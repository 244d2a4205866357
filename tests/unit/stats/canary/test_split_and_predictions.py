"""The split's evidence, the predictions', and sums along ticks."""

import numpy as np
import pytest

from mlops_ci.stats.canary.paths import Floats, RollingSum, RunningSum
from mlops_ci.stats.canary.predictions import PredictionEvidence
from mlops_ci.stats.canary.split import SplitEvidence
from unit.stats.canary.worlds import allowed, begins, ever

BINS = np.array([0.4, 0.3, 0.15, 0.1, 0.05])


def split(share: float, ticks: int, runs: int, weight: float = 0.05) -> Floats:
    draw = np.random.default_rng(1)
    challenger = draw.binomial(100, share, (runs, ticks)).astype(np.float64)
    return SplitEvidence(runs).observe(100 - challenger, challenger, np.full((runs, ticks), weight), begins(challenger))


def test_a_right_split_is_called_wrong_at_most_as_often_as_promised() -> None:
    for level in (0.05, 0.01):
        assert ever(split(0.05, 300, 3_000), level) <= allowed(level, 3_000)


@pytest.mark.parametrize("share", [0.03, 0.07])
def test_a_wrong_split_is_noticed_on_either_side(share: float) -> None:
    assert ever(split(share, 300, 200), 0.001) >= 0.99


def test_the_evidence_of_steps_is_multiplied() -> None:
    draw = np.random.default_rng(2)
    weight = np.where(np.arange(40) < 20, 0.05, 0.5)[None]
    challenger = draw.binomial(100, weight).astype(np.float64)
    begin = np.zeros((1, 40), dtype=bool)
    begin[0, [0, 20]] = True
    whole = SplitEvidence().observe(100 - challenger, challenger, weight, begin)
    first, second = (
        SplitEvidence().observe(100 - mine, mine, share, begins(mine))
        for mine, share in ((challenger[:, :20], weight[:, :20]), (challenger[:, 20:], weight[:, 20:]))
    )
    assert whole[0, -1] == pytest.approx(first[0, -1] + second[0, -1])


def predictions(other: Floats, share: float, ticks: int, runs: int) -> Floats:
    draw = np.random.default_rng(3)
    challenger = draw.binomial(200, share, (runs, ticks))
    counts = [draw.multinomial(n, bins).astype(float) for n, bins in ((200 - challenger, BINS), (challenger, other))]
    return PredictionEvidence(len(BINS), runs).observe(counts[0], counts[1])


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_shift_within_the_limit_is_left_alone(share: float) -> None:
    at_the_limit = BINS * np.array([1.0, 1.0, 1.0, 1.25, 0.8])
    at_the_limit[0] += 1 - at_the_limit.sum()
    for other in (BINS, at_the_limit):
        assert ever(predictions(other, share, 60, 2_000), 0.05) <= allowed(0.05, 2_000)


@pytest.mark.parametrize("other", [np.array([0.2, 0.5, 0.15, 0.1, 0.05]), np.array([0.42, 0.3, 0.15, 0.1, 0.03])])
def test_a_larger_shift_is_noticed(other: Floats) -> None:
    assert ever(predictions(other, 0.5, 200, 100), 0.01) >= 0.9


def test_a_collapse_to_one_bin_is_noticed_in_few_predictions() -> None:
    path = predictions(np.array([1.0, 0, 0, 0, 0]), 0.05, 60, 100)
    assert np.median(np.argmax(path >= np.log(1000), axis=1)) < 15


def test_a_rolling_sum_is_that_of_the_window_however_it_is_cut() -> None:
    draw = np.random.default_rng(5)
    at = np.cumsum(draw.uniform(1, 20, (4, 50)), axis=1)
    values = draw.poisson(3, (4, 50, 2)).astype(np.float64)
    expected = np.array([[values[r, (at[r] > t - 60) & (at[r] <= t)].sum(axis=0) for t in at[r]] for r in range(4)])
    for step in (1, 7, 50):
        rolling = RollingSum(4, 2, 60.0)
        parts = [rolling.extend(at[:, i : i + step], values[:, i : i + step]) for i in range(0, 50, step)]
        assert np.concatenate(parts, axis=1) == pytest.approx(expected)


def test_a_running_sum_begins_anew_where_it_is_told_to() -> None:
    restart = np.array([[False, False, True, False], [True, False, False, True]])
    found = RunningSum(2).extend(np.ones((2, 4)), restart)
    assert found.tolist() == [[1, 2, 1, 2], [1, 2, 3, 1]]
