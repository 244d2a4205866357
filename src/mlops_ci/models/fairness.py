"""How differently groups are treated: the largest gap between their rates, and its change since the champion."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.models.golden import GoldenSet
from mlops_ci.models.quality import few_clusters
from mlops_ci.models.rules import Facts, decide, relied_on
from mlops_ci.models.slices import OTHER
from mlops_ci.models.truth import Predictions, Rows
from mlops_ci.report import Measurement, Verdict
from mlops_ci.settings.gate import FairnessSettings, GapBound
from mlops_ci.stats import gaps
from mlops_ci.stats.paired import Interval

_TWO_GROUPS = 2


def judge_fairness(settings: FairnessSettings, golden: GoldenSet, facts: Facts) -> list[Measurement]:
    """Return one measurement for each limit; a change without a champion has no verdict.

    Raises:
        UsageProblem: the task is not binary.
        NothingToJudge: there are not two groups, or one has no row that the limit is about.
    """
    if facts.truth.task != "binary":
        raise UsageProblem("gate.fairness: gaps between groups are for two classes.")
    names, groups = _groups(golden.columns[settings.by], settings.min_rows)
    if len(names) < _TWO_GROUPS:
        raise NothingToJudge(f"gate.fairness: {settings.by} has one group only, {', '.join(names)}: no gap to judge.")
    found = [_judge(limit, bound, settings.by, names, groups, facts) for limit, bound in settings.limits.items()]
    return [relied_on(one, few_clusters(facts.truth)) if one.verdict else one for one in found]


def _groups(values: NDArray[np.object_], min_rows: int) -> tuple[list[str], NDArray[np.intp]]:
    """Return the groups' names and each row's code; groups of fewer rows are pooled."""
    texts = values.astype(str)
    names, codes, counts = np.unique(texts, return_inverse=True, return_counts=True)
    texts = np.where(counts[codes] >= min_rows, texts, OTHER)
    names, codes = np.unique(texts, return_inverse=True)
    return names.tolist(), codes


def _judge(
    limit: str, bound: GapBound, by: str, names: Sequence[str], groups: NDArray[np.intp], facts: Facts
) -> Measurement:
    ours = _positive(facts.challenger.predictions)
    theirs = _positive(facts.champion.predictions) if facts.champion else None
    among = _among(limit, facts)
    try:
        alone = gaps.gap(groups, ours, among, units=facts.truth.units)
        before = gaps.gap(groups, theirs, among, units=facts.truth.units) if theirs is not None else None
        change = None
        if bound.no_worse_than is not None and theirs is not None:
            change = gaps.gap_change(groups, ours, theirs, among, units=facts.truth.units)
    except ValueError as empty:
        where = f" ({by}={names[empty.args[1]]})" if len(empty.args) > 1 else ""
        raise NothingToJudge(f"gate.fairness: {limit}: {empty.args[0]}{where}. Add golden rows.") from empty
    sides = before.value if before else None, alone.value
    if bound.at_most is not None:
        verdict = decide(passes=alone.high <= bound.at_most, fails=alone.low > bound.at_most)
        return _measurement(f"{limit} by {by} at_most {bound.at_most:g}", limit, alone, bound.at_most, verdict, sides)
    margin = bound.no_worse_than or 0.0
    name = f"{limit} by {by} no_worse_than {margin:g}"
    if change is None:
        return _measurement(name, limit, None, -margin, None, sides)
    verdict = decide(passes=change.low >= -margin, fails=change.high < -margin)
    return _measurement(name, limit, change, -margin, verdict, sides, value=change.value)


def _positive(one: Predictions) -> Rows:
    return np.asarray(one.labels == 1)


def _among(limit: str, facts: Facts) -> list[Rows]:
    """Return the rows that each rate is taken over."""
    true = facts.truth.labels.astype(np.bool_)
    every = {
        "demographic_parity_gap": [np.ones(true.size, dtype=np.bool_)],
        "equal_opportunity_gap": [true],
        "equalized_odds_gap": [true, ~true],
    }
    return every[limit]


def _measurement(
    name: str,
    limit: str,
    interval: Interval | None,
    threshold: float,
    verdict: Verdict | None,
    sides: tuple[float | None, float],
    value: float | None = None,
) -> Measurement:
    return Measurement(
        name=name,
        metric=limit,
        value=value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        threshold=threshold,
        method=interval.method if interval else "no champion to compare with",
        verdict=verdict,
        champion=sides[0],
        challenger=sides[1],
        detectable=interval.detectable if interval else None,
    )
