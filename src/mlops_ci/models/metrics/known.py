"""Every metric by its name, and the task that the rules' metrics are for."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from mlops_ci.errors import UsageProblem
from mlops_ci.models.metrics import custom, ranking, ranks, rows, sums, tables, text
from mlops_ci.models.metrics.metric import Metric
from mlops_ci.models.truth import Task

METRICS = {one.name: one for one in (*rows.METRICS, *ranks.METRICS, *tables.METRICS, *sums.METRICS, *text.METRICS)}
RANKINGS = ("precision@10", "recall@10", "ndcg@10", "mrr", "map")  # any number may follow the @
SINGLE = {"latency_p50_ms": 0.50, "latency_p95_ms": 0.95, "latency_p99_ms": 0.99}
BATCH = {"batch_latency_p50_ms": 0.50, "batch_latency_p95_ms": 0.95}
LATENCIES = SINGLE | BATCH
SIZE = "model_size_mb"
_OTHER_NAMES = {
    "auc": "roc_auc", "mae": "mean_absolute_error", "mse": "mean_squared_error", "rmse": "root_mean_squared_error",
    "mape": "mean_absolute_percentage_error", "brier": "brier_score_loss", "ece": "expected_calibration_error",
    "mcc": "matthews_corrcoef", "kappa": "cohen_kappa", "r2_score": "r2", "rouge": "rouge_l",
    "latency": "latency_p95_ms",
}  # fmt: skip


def find(name: str, root: Path) -> Metric | None:
    """Return a metric of quality; None for latencies and size, which answers alone do not tell.

    Raises:
        UsageProblem: there is no such metric; the nearest is suggested.
    """
    if name in LATENCIES or name == SIZE:
        return None
    found = METRICS.get(name) or ranking.find(name) or custom.find(name, root)
    if found is None:
        known = [*METRICS, *RANKINGS, *LATENCIES, SIZE]
        near = [_OTHER_NAMES[name]] if name in _OTHER_NAMES else difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}, and a function's dotted path."
        raise UsageProblem(f"gate.rules: there is no metric {name!r}. {hint}")
    return found


def task_of(metrics: Sequence[Metric], *, has_queries: bool) -> Task | None:
    """Return the task that all metrics are for; None where they leave it to the labels.

    Raises:
        UsageProblem: no task has all of them.
    """
    if has_queries:
        _demand(metrics, {"ranking"})
        return "ranking"
    left: set[Task] = {"binary", "multiclass", "regression", "text"}
    _demand(metrics, left)
    for one in metrics:
        if not left & one.tasks:
            other = next(each for each in metrics if not each.tasks & one.tasks)
            raise UsageProblem(f"gate.rules: {other.name} and {one.name} are never for the same kind of model.")
        left &= one.tasks
    return next(iter(left)) if len(left) == 1 else None


def _demand(metrics: Sequence[Metric], tasks: set[Task]) -> None:
    for one in metrics:
        if not one.tasks & tasks:
            hint = (
                "Name the column of the queries as gate.query" if one.tasks == {"ranking"} else "Take gate.query away"
            )
            raise UsageProblem(f"gate.rules: {one.name} is for {', '.join(sorted(one.tasks))}. {hint}.")
