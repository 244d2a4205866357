"""Rank metrics with weights: what scikit-learn and scipy say of the rows, each as often as it weighs."""

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import average_precision_score, roc_curve

from mlops_ci.stats.ranking import RankMetric, metric, ranked, summed

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def scored(seed: int, share: float, n: int = 203) -> tuple[Bools, Floats]:
    """Return labels and scores with ties."""
    draw = np.random.default_rng(seed)
    labels = draw.random(n) < share
    return labels, np.round(draw.normal(size=n) + labels, 1)


def oracle(name: str, labels: Bools, scores: Floats, weights: NDArray[np.uint8] | Floats) -> float:
    if name == "average_precision":
        return float(average_precision_score(labels, scores, sample_weight=weights))
    false, true, _ = roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)
    return float(np.abs(true - false).max())


@pytest.mark.parametrize("name", get_args(RankMetric))
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("whole", [True, False])
def test_weighted_values_are_scikit_learns(name: RankMetric, share: float, whole: bool) -> None:  # noqa: FBT001 - pytest
    for seed in range(5):
        labels, scores = scored(seed, share)
        ranking = ranked(labels, scores)
        draw = np.random.default_rng(seed)
        shape = labels.size, 16
        weights = draw.poisson(1, shape).astype(np.uint8) if whole else draw.gamma(1, size=shape)
        found = metric(name, ranking)(weights[ranking.order])
        assert found == pytest.approx([oracle(name, labels, scores, one) for one in weights.T])


def test_without_weights_it_is_scipys_distance_of_two_samples() -> None:
    labels, scores = scored(1, 0.3)
    found = metric("ks", ranked(labels, scores))(np.ones((labels.size, 1), dtype=np.uint8))
    assert found[0] == pytest.approx(stats.ks_2samp(scores[labels], scores[~labels]).statistic)


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_the_distance_without_ties_is_scikit_learns_too(share: float) -> None:
    draw = np.random.default_rng(2)
    labels, scores = draw.random(100) < share, draw.normal(size=100)
    weights = draw.poisson(1, (100, 7)).astype(np.uint8)
    ranking = ranked(labels, scores)
    found = metric("ks", ranking)(weights[ranking.order])
    assert found == pytest.approx([oracle("ks", labels, scores, one) for one in weights.T])


def test_eight_resamples_in_a_word_add_up_as_one_by_one_and_no_byte_overflows() -> None:
    weights = np.full((203, 16), 8, dtype=np.uint8)  # as often as a unit can be drawn
    places = np.array([0, 15, 16, 202])
    assert summed(weights, places).tolist() == [[8 * (place + 1)] * 16 for place in places.tolist()]
    weights = np.random.default_rng(1).poisson(1, (203, 16)).astype(np.uint8)
    assert (summed(weights, places) == np.cumsum(weights, axis=0, dtype=np.int64)[places]).all()


def test_the_best_row_first_and_all_rows_tied() -> None:
    labels = np.array([False, True, False, True])
    best = metric("average_precision", ranked(labels, labels.astype(np.float64)))
    tied = metric("average_precision", ranked(labels, np.zeros(4)))
    assert best(np.ones((4, 1))).tolist() == [1]
    assert tied(np.ones((4, 1))).tolist() == [0.5]
    assert metric("ks", ranked(labels, np.zeros(4)))(np.ones((4, 1))).tolist() == [0]
