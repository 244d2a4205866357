"""How good answers are: one model's metric, and the difference of two, absolute or relative."""

from dataclasses import replace

import numpy as np

from mlops_ci.errors import NothingToJudge
from mlops_ci.models.answers import Answers
from mlops_ci.models.metrics import tables
from mlops_ci.models.metrics.metric import Metric
from mlops_ci.models.truth import Truth
from mlops_ci.report import Measurement
from mlops_ci.stats import doubt as evidence
from mlops_ci.stats.paired import Interval

RANKED = ("roc_auc", "average_precision", "ks")
_NEAR_ONE = 0.97


def quality(metric: Metric, truth: Truth, answers: Answers) -> Interval:
    """Return the metric of one model's answers.

    Raises:
        NothingToJudge: the metric needs probabilities or costs, and the model gave none.
        ValueError: there are too few rows for an interval.
    """
    demand_answers(metric, answers)
    return metric.alone(truth, answers.predictions)


def quality_value(metric: Metric, truth: Truth, answers: Answers) -> float:
    """Return the metric of one model's answers without bounds; it raises what `quality` does."""
    demand_answers(metric, answers)
    return metric.value(truth, answers.predictions)


def demand_answers(metric: Metric, answers: Answers) -> None:
    """Raise NothingToJudge unless the model gave what the metric needs."""
    if metric.needs_scores and answers.predictions.scores is None:
        raise NothingToJudge(f"gate.rules: {metric.name} needs scores, and a model answered with labels only.")
    if metric.name == "cost" and answers.predictions.costs is None:
        raise NothingToJudge("gate.rules: cost needs a column `cost` in the answers of both models.")


def quality_difference(
    metric: Metric, truth: Truth, pair: tuple[Answers, Answers], relative: float | None, theirs: float
) -> Interval:
    """Return challenger minus champion, positive for the better; with a relative threshold the ratio minus one.

    Args:
        metric: what is compared.
        truth: the golden set's.
        pair: the challenger's and the champion's answers.
        relative: the threshold as a share of the champion's value; None for an absolute one. The interval then is
            that of challenger − (1 ± threshold) × champion, which is exact at the threshold, where it is decided.
        theirs: the champion's value.

    Raises:
        NothingToJudge: the margin is relative, and the champion's value is 0.
        ValueError: there are too few rows for an interval.
    """
    challenger, champion = (one.predictions for one in pair)
    if relative is None:
        return metric.compared(truth, challenger, champion)
    if not theirs:
        raise NothingToJudge(f"gate.rules: {metric.name} is 0 for the champion, and no percentage of that is a margin.")
    turn = (relative if metric.greater_is_better else -relative) * np.sign(theirs)
    got = metric.compared(truth, challenger, champion, 1 + turn)
    scale = abs(theirs)
    return replace(
        got,
        value=got.value / scale + relative,
        low=got.low / scale + relative,
        high=got.high / scale + relative,
        detectable=got.detectable / scale,
    )


def doubt(
    metric: Metric, found: Measurement, truth: Truth, pair: tuple[Answers, Answers | None], allowed: float
) -> str:
    """Return why an interval cannot be relied on; empty when it can.

    Args:
        metric: what was measured.
        found: with its verdict.
        truth: the golden set's, or a slice's.
        pair: the challenger's and the champion's answers.
        allowed: by how much the challenger may be worse, as a difference; 0 where it may not.
    """
    thin = few_clusters(truth) or evidence.doubt(
        ranked_class=_smaller_class(truth) if metric.name in RANKED else None,
        smaller_class=_smaller_class(truth) if metric.name in tables.VALUES else None,
        differing=_too_few_differ(metric, found, truth, pair, allowed),
    )
    if thin or metric.name != "roc_auc":
        return thin
    near = max(found.champion or 0.0, found.challenger or 0.0)
    is_margin = found.value is not None and found.threshold != 0
    return f"an area of {near:.3f} is too near 1 for a margin" if is_margin and near > _NEAR_ONE else ""


def few_clusters(truth: Truth) -> str:
    """Return why no interval over these rows' clusters can be relied on; empty when one can, or rows are the units."""
    return evidence.doubt(clusters=None if truth.units.clusters is None else truth.units.count(truth.labels.size))


def _too_few_differ(
    metric: Metric, found: Measurement, truth: Truth, pair: tuple[Answers, Answers | None], allowed: float
) -> int | None:
    """Return how many rows the models answer differently where that may be too few for a table's interval.

    It is enough, however few they are, when not even as many as may be expected at most could move the metric by the
    margin: then a challenger passes that is nearly the champion.
    """
    ours, theirs = pair
    if theirs is None or found.value is None or metric.name not in tables.VALUES:
        return None
    differing = int((ours.predictions.labels != theirs.predictions.labels).sum())
    if differing >= evidence.LEAST_DIFFERING or found.verdict != "pass" or not truth.units.plain:
        return differing
    at_most = evidence.expected_at_most(differing) * tables.largest_move(metric.name, truth, theirs.predictions)
    return None if at_most <= allowed else differing


def _smaller_class(truth: Truth) -> int:
    return int(np.bincount(truth.codes, minlength=len(truth.classes)).min())
