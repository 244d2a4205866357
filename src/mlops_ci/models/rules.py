"""Hold one rule against the evidence: what was measured, and what that means."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mlops_ci.errors import NothingToJudge
from mlops_ci.models.answers import Answers
from mlops_ci.models.latency import Rounds
from mlops_ci.models.metrics.known import LATENCIES, SIZE
from mlops_ci.models.metrics.metric import Metric
from mlops_ci.models.quality import doubt, quality, quality_difference, quality_value
from mlops_ci.models.running import noise_floor, quantiles, running, running_difference, too_noisy
from mlops_ci.models.truth import Truth
from mlops_ci.report import Measurement, Verdict
from mlops_ci.settings.fields import Margin
from mlops_ci.settings.gate import Bound
from mlops_ci.stats.paired import Interval


@dataclass(frozen=True, slots=True)
class Facts:
    """What a gate judges: the golden set's truth, both models' answers, and the metrics that rules name."""

    truth: Truth
    challenger: Answers
    champion: Answers | None
    metrics: Mapping[str, Metric]
    noise: tuple[Rounds, Rounds] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule's numbers before they are a measurement."""

    interval: Interval | None
    threshold: float
    verdict: Verdict | None
    champion: float | None
    challenger: float


def judge(metric: str, bound: Bound, facts: Facts, *, on_estimate: bool = False) -> Measurement:
    """Return the measurement of one rule, verdict included; without a champion a comparison has none.

    Raises:
        NothingToJudge: there are too few rows for an interval, or a margin is relative to nothing.
    """
    margin = bound.improve_by or bound.no_worse_than
    try:
        if margin is None:
            judged = _alone(metric, bound, facts, on_estimate=on_estimate)
        else:
            judged = _compared(metric, bound, margin, facts, on_estimate=on_estimate)
    except ValueError as few:
        raise NothingToJudge(f"gate.rules: {metric}: {few}. Add golden rows.") from few
    found = _measurement(metric, bound, judged, facts)
    if judged.verdict is None or on_estimate:
        return found
    if metric in LATENCIES:
        return relied_on(found, too_noisy(metric, margin, found, facts.noise))
    if metric not in facts.metrics:
        return found
    pair = facts.challenger, facts.champion
    return relied_on(found, doubt(facts.metrics[metric], found, facts.truth, pair, _allowed(bound, found)))


def relied_on(found: Measurement, doubt: str) -> Measurement:
    """Return a measurement; where its interval is in doubt, undecided."""
    if not doubt:
        return found
    return replace(found, verdict="inconclusive", method=f"{found.method}, not to be relied on: {doubt}")


def _allowed(bound: Bound, found: Measurement) -> float:
    """Return by how much the challenger may be worse, as a difference."""
    margin = bound.no_worse_than
    if margin is None:
        return 0.0
    return margin.amount * (abs(found.champion or 0.0) if margin.relative else 1.0)


def describe(metric: str, bound: Bound) -> str:
    """Return a rule as it is read aloud."""
    ((kind, _),) = bound.model_dump(exclude_none=True).items()
    return f"{metric} {kind} {getattr(bound, kind)}"


def _alone(metric: str, bound: Bound, facts: Facts, *, on_estimate: bool) -> Judged:
    interval = _value(metric, facts, facts.challenger)
    low, high = (interval.value, interval.value) if on_estimate else (interval.low, interval.high)
    if bound.at_least is not None:
        limit, verdict = bound.at_least, decide(passes=low >= bound.at_least, fails=high < bound.at_least)
    elif bound.at_most is not None:
        limit, verdict = bound.at_most, decide(passes=high <= bound.at_most, fails=low > bound.at_most)
    else:  # pragma: no cover - the settings' validator demands exactly one bound
        raise AssertionError
    champion = _point(metric, facts, facts.champion) if facts.champion else None
    return Judged(interval, limit, verdict, champion, interval.value)


def _compared(metric: str, bound: Bound, margin: Margin, facts: Facts, *, on_estimate: bool) -> Judged:
    ours = _point(metric, facts, facts.challenger)
    threshold = margin.amount if bound.improve_by else -margin.amount
    if facts.champion is None:
        return Judged(None, threshold, None, None, ours)
    theirs = _point(metric, facts, facts.champion)
    relative = threshold if margin.relative else None
    interval = _difference(metric, facts, facts.champion, relative, theirs)
    low, high = (interval.value, interval.value) if on_estimate else (interval.low, interval.high)
    if bound.improve_by:
        verdict = decide(passes=low > threshold, fails=high <= threshold)
    else:
        verdict = decide(passes=low >= threshold, fails=high < threshold)
    return Judged(interval, threshold, verdict, theirs, ours)


def _value(metric: str, facts: Facts, answers: Answers) -> Interval:
    if metric in LATENCIES or metric == SIZE:
        return running(metric, answers)
    return quality(facts.metrics[metric], facts.truth, answers)


def _point(metric: str, facts: Facts, answers: Answers) -> float:
    if metric in facts.metrics:
        return quality_value(facts.metrics[metric], facts.truth, answers)
    return running(metric, answers).value


def _difference(metric: str, facts: Facts, champion: Answers, relative: float | None, theirs: float) -> Interval:
    """Return the difference, or (with a relative threshold) the ratio minus one, positive for the better."""
    if metric in LATENCIES or metric == SIZE:
        return running_difference(metric, facts.challenger, champion, is_relative=relative is not None)
    return quality_difference(facts.metrics[metric], facts.truth, (facts.challenger, champion), relative, theirs)


def decide(*, passes: bool, fails: bool) -> Verdict:
    """Return the verdict of two bounds held against a limit."""
    return "pass" if passes else "fail" if fails else "inconclusive"


def _measurement(metric: str, bound: Bound, judged: Judged, facts: Facts) -> Measurement:
    interval = judged.interval
    is_difference = bound.improve_by is not None or bound.no_worse_than is not None
    return Measurement(
        name=describe(metric, bound),
        metric=metric,
        value=interval.value if interval and is_difference else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        unit="ms" if metric in LATENCIES else "MB" if metric == SIZE else "",
        threshold=judged.threshold,
        n=_count(metric, facts),
        method=interval.method if interval else "no champion to compare with",
        verdict=judged.verdict,
        champion=judged.champion,
        challenger=judged.challenger,
        detectable=interval.detectable if interval else None,
        evidence=_evidence(metric, facts),
    )


def _evidence(metric: str, facts: Facts) -> dict[str, object]:
    """Return a latency's quantile in each round, and the noise that a model beside its own copy shows."""
    if metric not in LATENCIES:
        return {}
    arms = {"champion": facts.champion, "challenger": facts.challenger}
    found = {name: quantiles(metric, one).round(4).tolist() for name, one in arms.items() if one}
    return {"rounds": found} | ({"noise": noise_floor(metric, facts.noise)} if facts.noise else {})


def _count(metric: str, facts: Facts) -> int:
    """Return how many units the rule was judged on: rounds, queries, clusters or rows."""
    if metric in LATENCIES:
        return facts.challenger.latencies.single.shape[0] if facts.challenger.latencies else 0
    rows = facts.truth.labels.size if facts.truth.queries is None else int(facts.truth.queries.max()) + 1
    return facts.truth.units.count(rows)
