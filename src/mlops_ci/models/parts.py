"""What an average hides: slices that are worse, rows that flipped, cases that must be right."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.models.golden import GoldenSet
from mlops_ci.models.metrics import METRICS
from mlops_ci.models.rules import Facts
from mlops_ci.report import Measurement, Verdict
from mlops_ci.settings.gate import FlipSettings, SliceSettings
from mlops_ci.stats import paired
from mlops_ci.stats.multiplicity import holm
from mlops_ci.stats.paired import Interval

Rows = NDArray[np.bool_]
OTHER = "other"


def cut(golden: GoldenSet, by: list[str], min_rows: int) -> Iterator[tuple[str, Rows]]:
    """Yield each slice's name and rows, shape (n,); what is smaller than `min_rows` is pooled into `other`."""
    for column in by:
        values = golden.columns[column]
        names, counts = np.unique(values, return_counts=True)
        for name in names[counts >= min_rows]:
            yield f"{column}={name}", values == name
        if (counts < min_rows).any():
            yield f"{column}={OTHER}", np.isin(values, names[counts < min_rows])


def judge_slices(settings: SliceSettings, golden: GoldenSet, facts: Facts) -> list[Measurement]:
    """Return one measurement for each slice; none without a champion.

    A slice fails when it is shown to be worse than the rule allows: over all slices together, the chance that even
    one fails without being so is 5 % (Holm). It passes when its own bound shows that it is not.

    Raises:
        UsageProblem: the metric cannot be judged by rows, or the margin is relative.
    """
    ((metric, bound),) = settings.rule.items()
    margin = bound.no_worse_than
    if metric not in METRICS or margin is None or margin.relative:
        raise UsageProblem(
            f"gate.slices.rule: {metric} needs an absolute no_worse_than, and must be one of {', '.join(METRICS)}."
        )
    if facts.champion is None:
        return []
    named = list(cut(golden, settings.by, settings.min_rows))
    intervals = [_difference(metric, facts, rows) for _, rows in named]
    worse = holm(np.array([one.p_below(-margin.amount) if one else 1.0 for one in intervals]))
    return [
        _slice(name, rows, metric, margin.amount, facts, interval, is_worse=bool(is_worse))
        for (name, rows), interval, is_worse in zip(named, intervals, worse, strict=True)
    ]


def _difference(metric: str, facts: Facts, rows: Rows) -> Interval | None:
    """Return the difference on some rows; None where they are too few, or of one class, for this metric."""
    if facts.champion is None:
        return None
    try:
        scores = facts.challenger.scores[rows], facts.champion.scores[rows]
        return METRICS[metric].compared(facts.labels[rows], *scores)
    except ValueError:
        return None


def _slice(
    name: str, rows: Rows, metric: str, margin: float, facts: Facts, interval: Interval | None, *, is_worse: bool
) -> Measurement:
    verdict: Verdict = "inconclusive"
    if is_worse:
        verdict = "fail"
    elif interval and interval.low >= -margin:
        verdict = "pass"
    alone = [
        METRICS[metric].alone(facts.labels[rows], one.scores[rows]).value if interval and one else None
        for one in (facts.champion, facts.challenger)
    ]
    return Measurement(
        name=f"{name}: {metric} no_worse_than {margin:g}",
        metric=metric,
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


def judge_flips(settings: FlipSettings, golden: GoldenSet, facts: Facts) -> Measurement | None:
    """Return the share of rows that were right and are wrong now, the first fifty by id; None without champion."""
    if facts.champion is None:
        return None
    flipped = _right(facts, facts.champion.scores) & ~_right(facts, facts.challenger.scores)
    interval, limit = paired.share(flipped), settings.at_most.amount
    verdict: Verdict = "pass" if interval.high <= limit else "fail" if interval.low > limit else "inconclusive"
    return Measurement(
        name=f"flips at_most {settings.at_most}",
        metric="flips",
        low=interval.low,
        high=interval.high,
        threshold=limit,
        n=int(flipped.size),
        method=interval.method,
        verdict=verdict,
        challenger=interval.value,
        detectable=interval.detectable,
        evidence={"count": int(flipped.sum()), "first_ids": [str(one) for one in golden.ids[flipped][:50]]},
    )


def failed_cases(ids: list[str], golden: GoldenSet, facts: Facts) -> list[str]:
    """Return which of the must-pass rows the challenger has wrong."""
    wrong = set(golden.ids[~_right(facts, facts.challenger.scores)].tolist())
    return [one for one in ids if one in wrong]


def read_cases(path: Path, golden: GoldenSet) -> list[str]:
    """Return the ids in a must-pass file.

    Raises:
        NothingToJudge: the file is missing or holds no case.
        UsageProblem: a line is not an object with an `id` of the golden set.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as problem:
        raise NothingToJudge(f"{path} cannot be read: {problem.strerror}.") from problem
    known, ids = set(golden.ids.tolist()), []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = str(json.loads(line)["id"])
        except (ValueError, KeyError, TypeError) as problem:
            raise UsageProblem(f'{path}:{number}: a case is an object such as {{"id": "…"}}.') from problem
        if case not in known:
            raise UsageProblem(f"{path}:{number}: the golden set has no row with id {case!r}.")
        ids.append(case)
    if not ids:
        raise NothingToJudge(f"{path} holds no case. Take gate.must_pass away, or name rows.")
    return ids


def _right(facts: Facts, scores: paired.Floats) -> Rows:
    return np.asarray((scores >= 0.5) == facts.labels)  # noqa: PLR2004 - the decision threshold of a probability
