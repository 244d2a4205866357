"""What an average hides: parts of the golden set on which the challenger is worse."""

from collections.abc import Iterator, Sequence

import numpy as np

from mlops_ci.errors import UsageProblem
from mlops_ci.models.golden import GoldenSet
from mlops_ci.models.metrics.metric import Metric
from mlops_ci.models.quality import doubt, quality_difference, quality_value
from mlops_ci.models.rules import Facts, relied_on
from mlops_ci.models.truth import Rows
from mlops_ci.report import Measurement, Verdict
from mlops_ci.settings.gate import SliceSettings
from mlops_ci.stats.multiplicity import holm
from mlops_ci.stats.paired import Interval

OTHER = "other"


def cut(golden: GoldenSet, by: Sequence[str], min_rows: int) -> Iterator[tuple[str, Rows]]:
    """Yield each slice's name and rows, shape (n,); what is smaller than `min_rows` is pooled into `other`."""
    for column in by:
        values = golden.columns[column]
        names, counts = np.unique(values.astype(str), return_counts=True)
        for name in names[counts >= min_rows]:
            yield f"{column}={name}", values == name
        if (counts < min_rows).any():
            yield f"{column}={OTHER}", np.isin(values.astype(str), names[counts < min_rows])


def judge_slices(settings: SliceSettings, golden: GoldenSet, facts: Facts) -> list[Measurement]:
    """Return one measurement for each slice; none without a champion.

    A slice fails when it is shown to be worse than the rule allows: over all slices together, the chance that even
    one fails without being so is 5 % (Holm). It passes when its own bound shows that it is not.

    Raises:
        UsageProblem: the metric cannot be judged by rows, or the margin is relative.
    """
    ((name, bound),) = settings.rule.items()
    margin, metric = bound.no_worse_than, facts.metrics.get(name)
    if metric is None or margin is None or margin.relative:
        raise UsageProblem(f"gate.slices.rule: {name} needs an absolute no_worse_than, and must be about quality.")
    if facts.champion is None:
        return []
    named = list(cut(golden, settings.by, settings.min_rows))
    intervals = [_difference(metric, facts, rows) for _, rows in named]
    worse = holm(np.array([one.p_below(-margin.amount) if one else 1.0 for one in intervals]))
    return [
        _slice(slice_, rows, metric, margin.amount, facts, interval, is_worse=bool(is_worse))
        for (slice_, rows), interval, is_worse in zip(named, intervals, worse, strict=True)
    ]


def _difference(metric: Metric, facts: Facts, rows: Rows) -> Interval | None:
    """Return the difference on some rows; None where they are too few, or of one class, for this metric."""
    if facts.champion is None:
        return None
    try:
        truth = facts.truth.take(rows)
        return quality_difference(metric, truth, (facts.challenger.take(rows), facts.champion.take(rows)), None, 1.0)
    except ValueError:
        return None


def _slice(
    name: str, rows: Rows, metric: Metric, margin: float, facts: Facts, interval: Interval | None, *, is_worse: bool
) -> Measurement:
    verdict: Verdict = "inconclusive"
    if is_worse:
        verdict = "fail"
    elif interval and interval.low >= -margin:
        verdict = "pass"
    truth, ours = facts.truth.take(rows), facts.challenger.take(rows)
    theirs = facts.champion.take(rows) if facts.champion else None
    alone = [quality_value(metric, truth, one) if interval and one else None for one in (theirs, ours)]
    found = Measurement(
        name=f"{name}: {metric.name} no_worse_than {margin:g}",
        metric=metric.name,
        value=interval.value if interval else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        threshold=-margin,
        n=int(rows.sum()),
        method=f"{interval.method}, Holm over slices" if interval else "too few rows of both classes",
        verdict=verdict,
        champion=alone[0],
        challenger=alone[1],
        detectable=interval.detectable if interval else None,
        evidence={"slice": name},
    )
    return relied_on(found, doubt(metric, found, truth, (ours, theirs), margin)) if interval else found
