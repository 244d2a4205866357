"""Rows that the champion had right and the challenger has wrong: users notice those, whatever the average says."""

import numpy as np

from mlops_ci.errors import UsageProblem
from mlops_ci.models.golden import GoldenSet
from mlops_ci.models.quality import few_clusters
from mlops_ci.models.rules import Facts, decide, relied_on
from mlops_ci.models.truth import Predictions, Rows, Truth
from mlops_ci.report import Measurement
from mlops_ci.settings.gate import FlipSettings
from mlops_ci.stats import paired, shares

SHOWN = 50


def judge_flips(settings: FlipSettings, golden: GoldenSet, facts: Facts) -> Measurement | None:
    """Return the share of rows that were right and are wrong now, the first fifty by id; None without champion.

    Raises:
        UsageProblem: the task knows no right and wrong.
    """
    if facts.champion is None:
        return None
    before = right_rows(facts.champion.predictions, facts.truth, "gate.flips")
    flipped = before & ~right_rows(facts.challenger.predictions, facts.truth, "gate.flips")
    units = facts.truth.units
    interval = shares.alone(flipped) if units.plain else paired.mean(flipped.astype(np.float64), units)
    limit = settings.at_most.amount
    found = Measurement(
        name=f"flips at_most {settings.at_most}",
        metric="flips",
        low=interval.low,
        high=interval.high,
        threshold=limit,
        n=int(flipped.size),
        method=interval.method,
        verdict=decide(passes=interval.high <= limit, fails=interval.low > limit),
        challenger=interval.value,
        detectable=interval.detectable,
        evidence={"count": int(flipped.sum()), "first_ids": [str(one) for one in golden.ids[flipped][:SHOWN]]},
    )
    return relied_on(found, few_clusters(facts.truth))


def right_rows(one: Predictions, truth: Truth, setting: str) -> Rows:
    """Return which answers are right, shape (n,).

    Raises:
        UsageProblem: the task knows no right and wrong; the message names the setting.
    """
    if truth.task in {"regression", "ranking"}:
        raise UsageProblem(f"{setting}: a {truth.task} knows no right and wrong rows. Bound a metric instead.")
    return one.right(truth)
