"""Every metric beside scikit-learn's, in value and in the direction of its difference."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from gate_builders import ROOT, Floats, binary, scored
from mlops_ci.errors import UsageProblem
from mlops_ci.models.metrics import ranking
from mlops_ci.models.metrics.known import METRICS, find, task_of
from mlops_ci.models.truth import Predictions, Truth

BY_LABEL = ("accuracy", "f1", "precision", "recall", "balanced_accuracy", "cohen_kappa", "matthews_corrcoef")
ALIASES: dict[str, Callable[..., float]] = {
    "r2": oracle.r2_score,
    "ks": lambda labels, scores: float(stats.ks_2samp(scores[labels], scores[~labels]).statistic),
    "f1_macro": lambda a, b: oracle.f1_score(a, b, average="macro"),
    "f1_weighted": lambda a, b: oracle.f1_score(a, b, average="weighted"),
    "precision_macro": lambda a, b: oracle.precision_score(a, b, average="macro", zero_division=0),
    "recall_macro": lambda a, b: oracle.recall_score(a, b, average="macro"),
}


def by_scikit_learn(name: str) -> Callable[..., float]:
    known: Any = ALIASES.get(name)
    for suffix in ("", "_score"):
        known = known or getattr(oracle, f"{name}{suffix}", None)
    assert known is not None, name
    return known  # type: ignore[no-any-return]


def two_models(seed: int, n: int = 300) -> tuple[Truth, Predictions, Predictions]:
    draw = np.random.default_rng(seed)
    labels = draw.random(n) < 0.4
    one, other = (np.round(np.clip(labels * 0.3 + draw.random(n) * 0.7, 0.01, 0.99), 2) for _ in range(2))
    return binary(labels), scored(one), scored(other)


BINARY = [name for name, one in METRICS.items() if "binary" in one.tasks and name != "cost"]


def expected(name: str, truth: Truth, one: Predictions) -> float:
    if name == "expected_calibration_error":
        return calibration_error(truth.labels, one.scores if one.scores is not None else one.labels)
    answers = one.labels if name in BY_LABEL else one.scores
    return float(by_scikit_learn(name)(truth.labels, answers))


def calibration_error(labels: Any, scores: Any) -> float:  # noqa: ANN401 - arrays
    bins = np.minimum((scores * 10).astype(int), 9)
    parts = [(bins == one) for one in range(10) if (bins == one).any()]
    return float(sum(rows.mean() * abs(scores[rows].mean() - labels[rows].mean()) for rows in parts))


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("seed", range(3))
def test_values_of_two_classes_are_scikit_learns(name: str, seed: int) -> None:
    truth, one, other = two_models(seed)
    values = expected(name, truth, one), expected(name, truth, other)
    metric = METRICS[name]
    assert metric.alone(truth, one).value == pytest.approx(values[0])
    sign = 1 if metric.greater_is_better else -1
    assert metric.compared(truth, one, other).value == pytest.approx(sign * (values[0] - values[1]))
    assert metric.compared(truth, one, other, 1.1).value == pytest.approx(sign * (values[0] - 1.1 * values[1]))


@pytest.mark.parametrize("name", BINARY)
def test_swapping_the_models_mirrors_the_interval(name: str) -> None:
    truth, one, other = two_models(5)
    straight, swapped = METRICS[name].compared(truth, one, other), METRICS[name].compared(truth, other, one)
    assert (straight.value, straight.low, straight.high) == pytest.approx((-swapped.value, -swapped.high, -swapped.low))
    assert straight.low <= straight.value <= straight.high


@pytest.mark.parametrize("name", BINARY)
def test_a_better_challenger_is_positive_whatever_the_metrics_direction(name: str) -> None:
    labels = np.array([True, False] * 150)
    draw = np.random.default_rng(0)
    good = np.clip(np.where(labels, 0.93, 0.07) + draw.uniform(-0.05, 0.05, 300), 0, 1)
    bad = np.where(draw.random(300) < 0.4, 1 - good, good)
    found = METRICS[name].compared(binary(labels), scored(good), scored(bad))
    assert found.low > 0
    turned = METRICS[name].compared(binary(labels), scored(bad), scored(good))
    assert turned.high < 0
    assert found.p_below(0.0) > 0.9
    assert turned.p_below(0.0) < 0.1


CLASSES = ("a", "b", "c", "d")


def many(seed: int, n: int = 240) -> tuple[Truth, Predictions]:
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 4, n)
    scores = draw.dirichlet(np.ones(4), n) * 0.6 + 0.4 * np.eye(4)[labels] * (draw.random(n) < 0.5)[:, None]
    scores /= scores.sum(axis=1, keepdims=True)
    return Truth("multiclass", labels, 3, CLASSES), Predictions(np.argmax(scores, axis=1), scores)


@pytest.mark.parametrize(
    "name", [name for name, one in METRICS.items() if "multiclass" in one.tasks and name != "cost"]
)
def test_values_of_many_classes_are_scikit_learns(name: str) -> None:
    truth, one = many(1)
    answers = one.scores if METRICS[name].needs_scores else one.labels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = float(by_scikit_learn(name)(truth.labels, answers))
    assert METRICS[name].alone(truth, one).value == pytest.approx(value)


def test_a_class_that_the_truth_does_not_know_is_simply_wrong() -> None:
    truth, one = many(2)
    labels = one.labels.copy()
    labels[:20] = len(CLASSES)
    strange = Predictions(labels)
    right = float((labels == truth.labels).mean())
    assert METRICS["accuracy"].alone(truth, strange).value == pytest.approx(right)
    assert METRICS["f1_macro"].alone(truth, strange).value == pytest.approx(
        oracle.f1_score(truth.labels, labels, average="macro")
    )


NUMBERS = [name for name, one in METRICS.items() if one.tasks == {"regression"}]


@pytest.mark.parametrize("name", NUMBERS)
def test_values_of_numbers_are_scikit_learns(name: str) -> None:
    draw = np.random.default_rng(4)
    y = draw.normal(1000, 3, 200)
    one, other = y + draw.normal(0, 1, 200), y + draw.normal(0.2, 1.2, 200)
    truth = Truth("regression", y, 1)
    values = [float(by_scikit_learn(name)(y, found)) for found in (one, other)]
    metric = METRICS[name]
    assert metric.alone(truth, Predictions(one)).value == pytest.approx(values[0])
    sign = 1 if metric.greater_is_better else -1
    found = metric.compared(truth, Predictions(one), Predictions(other))
    assert found.value == pytest.approx(sign * (values[0] - values[1]))
    assert found.low < found.value < found.high


def rankings(seed: int = 0) -> tuple[Truth, Floats]:
    draw = np.random.default_rng(seed)
    queries = np.repeat(np.arange(30), draw.integers(3, 25, 30))
    gains = draw.integers(0, 4, queries.size).astype(float) * (draw.random(queries.size) < 0.4)
    return Truth("ranking", gains, 11, queries=queries), gains + draw.normal(0, 1.5, queries.size)


@pytest.mark.parametrize("k", [1, 5, 10])
def test_ndcg_is_scikit_learns(k: int) -> None:
    truth, scores = rankings()
    metric = ranking.find(f"ndcg@{k}")
    assert metric is not None
    assert truth.queries is not None
    values = [
        oracle.ndcg_score([truth.labels[rows]], [scores[rows]], k=k) if truth.labels[rows].any() else 0.0
        for rows in (truth.queries == query for query in range(30))
    ]
    found = metric.alone(truth, Predictions(scores, scores))
    assert found.value == pytest.approx(np.mean(values))


def test_rankings_by_hand() -> None:
    """Query 0 ranks relevant, not, relevant; query 1 has its only relevant row last; query 2 has none."""
    truth = Truth("ranking", np.array([1.0, 0, 1, 0, 0, 1, 0, 0]), 0, queries=np.array([0, 0, 0, 1, 1, 1, 2, 2]))
    scores = np.array([0.9, 0.8, 0.7, 0.9, 0.8, 0.1, 0.5, 0.4])
    by_hand = {"precision@2": (0.5, 0, 0), "recall@2": (0.5, 0, 0), "mrr": (1, 1 / 3, 0), "mrr@2": (1, 0, 0),
               "map": ((1 + 2 / 3) / 2, 1 / 3, 0)}  # fmt: skip
    for name, values in by_hand.items():
        metric = ranking.find(name)
        assert metric is not None
        assert metric.alone(truth, Predictions(scores, scores)).value == pytest.approx(np.mean(values)), name


def test_equal_scores_are_in_no_order_that_the_labels_know() -> None:
    gains = np.tile([1.0] + [0.0] * 19, 400)
    truth = Truth("ranking", gains, 5, queries=np.repeat(np.arange(400), 20))
    metric = ranking.find("mrr")
    assert metric is not None
    found = metric.alone(truth, Predictions(gains, np.zeros(gains.size)))
    assert found.value == pytest.approx(np.mean(1 / np.arange(1, 21)), abs=0.04)


def test_text() -> None:
    truth = Truth("text", np.array(["The cat sat on the mat.", "yes", "a b c"], dtype=object), 0)
    one = Predictions(np.array(["the cat sat", "yes", "c b a"], dtype=object))
    assert METRICS["exact_match"].alone(truth, one).value == pytest.approx(1 / 3)
    assert METRICS["token_f1"].alone(truth, one).value == pytest.approx((2 * 3 / 9 + 1 + 1) / 3)
    assert METRICS["rouge_l"].alone(truth, one).value == pytest.approx((2 * 3 / 9 + 1 + 2 / 6) / 3)


def test_an_unknown_metric_is_suggested() -> None:
    for name in (*METRICS, "precision@3", "mrr", "latency_p95_ms", "model_size_mb"):
        find(name, ROOT)
    with pytest.raises(UsageProblem, match="Did you mean 'log_loss'"):
        find("logloss", ROOT)
    with pytest.raises(UsageProblem, match="Did you mean 'root_mean_squared_error'"):
        find("rmse", ROOT)
    with pytest.raises(UsageProblem, match="Known are accuracy"):
        find("zzzzzz", ROOT)
    with pytest.raises(UsageProblem, match=r"nowhere.profit cannot be imported"):
        find("nowhere.profit", ROOT)


def test_the_task_is_what_all_metrics_are_for() -> None:
    assert task_of([METRICS["accuracy"]], has_queries=False) is None
    assert task_of([METRICS["accuracy"], METRICS["roc_auc"]], has_queries=False) == "binary"
    assert task_of([METRICS["r2"]], has_queries=False) == "regression"
    with pytest.raises(UsageProblem, match="r2 and roc_auc are never for the same kind"):
        task_of([METRICS["r2"], METRICS["roc_auc"]], has_queries=False)
    with pytest.raises(UsageProblem, match=r"gate\.query"):
        task_of([m for m in [ranking.find("mrr")] if m], has_queries=False)
    with pytest.raises(UsageProblem, match=r"Take gate\.query away"):
        task_of([METRICS["accuracy"]], has_queries=True)
