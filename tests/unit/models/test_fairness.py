"""Gaps between groups: fairlearn's definitions by hand, verdicts both ways, and groups that decide nothing."""

from typing import Any

import numpy as np
import pytest

from gate_builders import answered, binary, golden
from gate_builders import facts as facts_of
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.models.fairness import judge_fairness
from mlops_ci.models.rules import Facts
from mlops_ci.models.truth import Truth
from mlops_ci.report import Measurement
from mlops_ci.settings.gate import FairnessSettings

N = 4000
GROUPS = np.where(np.arange(N) % 2 == 0, "young", "old")
LABELS = np.random.default_rng(0).random(N) < 0.5


def treated(young: float, old: float, seed: int = 1) -> Any:  # noqa: ANN401 - an array
    """Return scores that are above one half for that share of each group's rows."""
    share = np.where(GROUPS == "young", young, old)
    return np.where(np.random.default_rng(seed).random(N) < share, 0.9, 0.1)


def judged(limit: str, challenger: Any, champion: Any = None, **bound: float) -> Measurement:  # noqa: ANN401 - arrays
    settings = FairnessSettings.model_validate({"by": "age", limit: bound})
    facts = facts_of(LABELS, challenger, champion)
    (found,) = judge_fairness(settings, golden(binary(LABELS), age=GROUPS), facts)
    return found


@pytest.mark.parametrize("limit", ["demographic_parity_gap", "equal_opportunity_gap", "equalized_odds_gap"])
def test_a_gap_passes_fails_or_is_not_decided(limit: str) -> None:
    assert judged(limit, treated(0.5, 0.5), at_most=0.1).verdict == "pass"
    assert judged(limit, treated(0.6, 0.4), at_most=0.1).verdict == "fail"
    assert judged(limit, treated(0.55, 0.45), at_most=0.1).verdict == "inconclusive"


def test_the_gap_is_the_largest_difference_of_rates() -> None:
    scores = treated(0.6, 0.4)
    positive = scores >= 0.5
    young = GROUPS == "young"
    by_hand = {
        "demographic_parity_gap": abs(positive[young].mean() - positive[~young].mean()),
        "equal_opportunity_gap": abs(positive[young & LABELS].mean() - positive[~young & LABELS].mean()),
    }
    false = abs(positive[young & ~LABELS].mean() - positive[~young & ~LABELS].mean())
    by_hand["equalized_odds_gap"] = max(by_hand["equal_opportunity_gap"], false)
    for limit, gap in by_hand.items():
        assert judged(limit, scores, at_most=0.1).challenger == pytest.approx(gap)


def test_a_change_is_positive_when_the_gap_became_smaller() -> None:
    better = judged("demographic_parity_gap", treated(0.5, 0.5), treated(0.6, 0.4), no_worse_than=0.05)
    assert better.verdict == "pass"
    assert better.value is not None
    assert better.value > 0.1
    worse = judged("demographic_parity_gap", treated(0.65, 0.35), treated(0.5, 0.5), no_worse_than=0.05)
    assert worse.verdict == "fail"
    alone = judged("demographic_parity_gap", treated(0.5, 0.5), no_worse_than=0.05)
    assert alone.verdict is None


def test_what_has_no_gap_is_refused() -> None:
    settings = FairnessSettings.model_validate({"by": "age", "equal_opportunity_gap": {"at_most": 0.1}})
    one_group = golden(binary(LABELS), age=["same"] * N)
    with pytest.raises(NothingToJudge, match="age has one group only, same"):
        judge_fairness(settings, one_group, facts_of(LABELS, treated(0.5, 0.5)))
    labels = LABELS & (GROUPS == "young")
    with pytest.raises(NothingToJudge, match="age=old"):
        judge_fairness(settings, golden(binary(labels), age=GROUPS), facts_of(labels, treated(0.5, 0.5)))
    numbers = Truth("regression", np.arange(N) * 1.0, 0)
    answers = answered(treated(0.5, 0.5))
    with pytest.raises(UsageProblem, match="for two classes"):
        judge_fairness(settings, golden(numbers, age=GROUPS), Facts(numbers, answers, None, {}))


def test_small_groups_are_pooled() -> None:
    groups = np.array(["a", "b"])[np.arange(N) % 2].astype(object)
    groups[:5] = ["c", "d", "e", "f", "g"]
    settings = FairnessSettings.model_validate({"by": "age", "demographic_parity_gap": {"at_most": 0.9}})
    (found,) = judge_fairness(settings, golden(binary(LABELS), age=groups), facts_of(LABELS, treated(0.5, 0.5)))
    assert found.challenger is not None
    assert found.challenger < 0.7
