"""Hold one rule against the evidence: what was measured, and what that means."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlops_ci.errors import NothingToJudge
from mlops_ci.models.answers import Answers
from mlops_ci.models.metrics import LATENCIES, METRICS
from mlops_ci.report import Measurement, Verdict
from mlops_ci.settings.fields import Margin
from mlops_ci.settings.gate import Bound
from mlops_ci.stats import paired
from mlops_ci.stats.paired import Interval

_FEW_ROWS = 100  # in the smaller class: below, DeLong's interval covers too little
_NEAR_ONE = 0.97


@dataclass(frozen=True, slots=True)
class Facts:
    """What a gate judges: labels of shape (n,), and both models' answers to the same rows."""

    labels: NDArray[np.bool_]
    challenger: Answers
    champion: Answers | None


def judge(metric: str, bound: Bound, facts: Facts, *, on_estimate: bool) -> Measurement:
    """Return the measurement of one rule, verdict included; without a champion a comparison has none.

    Raises:
        NothingToJudge: there are too few rows for an interval, or a margin is relative to nothing.
    """
    try:
        found = _judge(metric, bound, facts, on_estimate=on_estimate)
    except ValueError as few:
        raise NothingToJudge(f"gate.rules: {metric}: {few}. Add golden rows.") from few
    if metric == "roc_auc" and found.verdict and not on_estimate and (doubt := _doubt(found, facts)):
        return replace(found, verdict="inconclusive", method=f"{found.method}, not to be relied on: {doubt}")
    return found


def _doubt(found: Measurement, facts: Facts) -> str:
    """Return why a normal interval for an area under the ROC curve cannot be relied on; empty when it can."""
    smaller = int(min(facts.labels.sum(), (~facts.labels).sum()))
    if smaller < _FEW_ROWS:
        return f"the smaller class has {smaller} rows, fewer than {_FEW_ROWS}"
    near = max(found.champion or 0.0, found.challenger or 0.0)
    is_margin = found.value is not None and found.threshold != 0
    return f"an area of {near:.3f} is too near 1 for a margin" if is_margin and near > _NEAR_ONE else ""


def _judge(metric: str, bound: Bound, facts: Facts, *, on_estimate: bool) -> Measurement:
    margin = bound.improve_by or bound.no_worse_than
    if margin is not None:
        return _compared(metric, bound, margin, facts, on_estimate=on_estimate)
    limit = bound.at_least if bound.at_least is not None else bound.at_most
    if limit is None:  # pragma: no cover - the settings' validator demands exactly one bound
        raise AssertionError
    return _alone(metric, bound, limit, facts, on_estimate=on_estimate)


def describe(metric: str, bound: Bound) -> str:
    """Return a rule as it is read aloud."""
    ((kind, _),) = bound.model_dump(exclude_none=True).items()
    return f"{metric} {kind} {getattr(bound, kind)}"


def _alone(metric: str, bound: Bound, limit: float, facts: Facts, *, on_estimate: bool) -> Measurement:
    interval = _value(metric, facts, facts.challenger)
    low, high = (interval.value, interval.value) if on_estimate else (interval.low, interval.high)
    if bound.at_least is not None:
        verdict = _decide(passes=low >= limit, fails=high < limit)
    else:
        verdict = _decide(passes=high <= limit, fails=low > limit)
    champion = _value(metric, facts, facts.champion).value if facts.champion else None
    return _measurement(metric, bound, interval, limit, verdict, (champion, interval.value), facts)


def _compared(metric: str, bound: Bound, margin: Margin, facts: Facts, *, on_estimate: bool) -> Measurement:
    ours = _value(metric, facts, facts.challenger).value
    sign = 1.0 if bound.improve_by else -1.0
    threshold = sign * margin.amount
    if facts.champion is None:
        nothing = Interval(float("nan"), float("nan"), float("nan"), float("nan"), "no champion to compare with")
        return _measurement(metric, bound, nothing, threshold, None, (None, ours), facts)
    theirs = _value(metric, facts, facts.champion).value
    interval = _difference(metric, facts, facts.champion, threshold if margin.relative else 0.0, theirs)
    low, high = (interval.value, interval.value) if on_estimate else (interval.low, interval.high)
    if bound.improve_by:
        verdict = _decide(passes=low > threshold, fails=high <= threshold)
    else:
        verdict = _decide(passes=low >= threshold, fails=high < threshold)
    return _measurement(metric, bound, interval, threshold, verdict, (theirs, ours), facts)


def _difference(metric: str, facts: Facts, champion: Answers, relative: float, theirs: float) -> Interval:
    """Return the difference, or (with `relative` other than 0) the ratio minus one, positive for the better."""
    if metric in LATENCIES:
        level = LATENCIES[metric]
        ratio = np.log(_quantiles(facts.challenger, level) / _quantiles(champion, level))
        got = paired.mean(ratio)
        value, low, high = (1 - float(np.exp(one)) for one in (got.value, got.high, got.low))
        if not relative:
            value, low, high = (one * theirs for one in (value, low, high))
        return Interval(value, low, high, got.detectable, "rounds in ABBA order, ratio by Student's t")
    if relative and not theirs:
        raise NothingToJudge(f"gate.rules: {metric} is 0 for the champion, and no percentage of that is a margin.")
    one = METRICS[metric]
    turn = relative if one.greater_is_better else -relative
    got = one.compared(facts.labels, facts.challenger.scores, champion.scores, 1 + turn)
    if not relative:
        return got
    scale = abs(theirs)
    value, low, high = (edge / scale + relative for edge in (got.value, got.low, got.high))
    return Interval(value, low, high, got.detectable / scale, got.method)


def _value(metric: str, facts: Facts, answers: Answers) -> Interval:
    if metric in LATENCIES:
        got = paired.mean(_quantiles(answers, LATENCIES[metric]))
        return Interval(got.value, got.low, got.high, got.detectable, "rounds in ABBA order, Student's t")
    return METRICS[metric].alone(facts.labels, answers.scores)


def _quantiles(answers: Answers, level: float) -> paired.Floats:
    return np.asarray(np.quantile(answers.latencies, level, axis=1))


def _decide(*, passes: bool, fails: bool) -> Verdict:
    return "pass" if passes else "fail" if fails else "inconclusive"


def _measurement(
    metric: str,
    bound: Bound,
    interval: Interval,
    threshold: float,
    verdict: Verdict | None,
    sides: tuple[float | None, float],
    facts: Facts,
) -> Measurement:
    is_latency, known = metric in LATENCIES, verdict is not None
    is_difference = bound.improve_by is not None or bound.no_worse_than is not None
    return Measurement(
        name=describe(metric, bound),
        metric=metric,
        value=interval.value if known and is_difference else None,
        low=interval.low if known else None,
        high=interval.high if known else None,
        unit="ms" if is_latency else "",
        threshold=threshold,
        n=facts.challenger.latencies.shape[0] if is_latency else int(facts.labels.size),
        method=interval.method,
        verdict=verdict,
        champion=sides[0],
        challenger=sides[1],
        detectable=interval.detectable if known else None,
    )
