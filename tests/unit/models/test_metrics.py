import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as oracle

from mlops_ci.errors import UsageProblem
from mlops_ci.models.metrics import METRICS, demand_known

Labels = NDArray[np.bool_]
Scores = NDArray[np.float64]


def data(seed: int, n: int = 200) -> tuple[Labels, Scores, Scores]:
    draw = np.random.default_rng(seed)
    labels = draw.random(n) < 0.4
    one, other = (np.clip(labels * 0.3 + draw.random(n) * 0.7, 0, 1) for _ in range(2))
    return labels, one, other


def by_scikit_learn(name: str, labels: Labels, scores: Scores) -> float:
    if name == "accuracy":
        return float(oracle.accuracy_score(labels, scores >= 0.5))
    return float(getattr(oracle, name)(labels, scores) if name != "roc_auc" else oracle.roc_auc_score(labels, scores))


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("seed", range(5))
def test_values_are_scikit_learns(name: str, seed: int) -> None:
    labels, one, other = data(seed)
    expected = by_scikit_learn(name, labels, one), by_scikit_learn(name, labels, other)
    metric = METRICS[name]
    assert metric.alone(labels, one).value == pytest.approx(expected[0])
    sign = 1 if metric.greater_is_better else -1
    assert metric.compared(labels, one, other).value == pytest.approx(sign * (expected[0] - expected[1]))


def test_certain_and_wrong_is_as_bad_as_scikit_learn_says() -> None:
    labels, scores = np.array([True, False, True]), np.array([0.0, 1.0, 1.0])
    assert METRICS["log_loss"].alone(labels, scores).value == pytest.approx(oracle.log_loss(labels, scores))


@pytest.mark.parametrize("name", METRICS)
def test_a_better_challenger_is_positive_whatever_the_metrics_direction(name: str) -> None:
    labels = np.array([True, False] * 50)
    good = np.where(labels, 0.8, 0.2) + np.linspace(-0.05, 0.05, 100)
    bad = np.where(np.arange(100) % 10 < 4, 1 - good, good)
    found = METRICS[name].compared(labels, good, bad)
    assert found.low > 0
    assert METRICS[name].compared(labels, bad, good).high < 0


@pytest.mark.parametrize("name", METRICS)
def test_the_order_of_rows_does_not_matter(name: str) -> None:
    labels, one, other = data(3)
    mixed = np.random.default_rng(0).permutation(labels.size)
    straight, shuffled = (
        METRICS[name].compared(labels, one, other),
        METRICS[name].compared(labels[mixed], one[mixed], other[mixed]),
    )
    assert (straight.low, straight.high) == pytest.approx((shuffled.low, shuffled.high))


def test_an_unknown_metric_is_suggested() -> None:
    for name in METRICS:
        demand_known(name)
    with pytest.raises(UsageProblem, match="Did you mean 'log_loss'"):
        demand_known("logloss")
    with pytest.raises(UsageProblem, match="Known are accuracy"):
        demand_known("zzz")
