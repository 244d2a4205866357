"""The judge as a whole, by simulation: two guardrails, one error budget, and an incident that hits both arms."""

import numpy as np
import pytest

from mlops_ci.rollout import judge as rollout_judge
from mlops_ci.rollout.judge import SHARES, Decision, Judge
from mlops_ci.stats.sequential import Tick

STEPS = (5, 25, 50)
TICK = 5.0  # seconds
GOOD = 0.005


def tick(draw: np.random.Generator, weight: int, champion: float, challenger: float, requests: int) -> Tick:
    mine = int(draw.binomial(requests, weight / 100))
    theirs = requests - mine
    return Tick(theirs, int(draw.binomial(theirs, champion)), mine, int(draw.binomial(mine, challenger)))


def canary(seed: int, *, ratio: float = 1.0, rate: float = GOOD, requests: int = 2_000, ticks: int = 200) -> Decision:
    """Return how a canary ends in which the challenger errs `ratio` times as often; hold when it never ends."""
    draw = np.random.default_rng(seed)
    judge, step = Judge({"errors": rate, "slow": rate}, alpha=0.01, beta=0.05), 0
    judge.begin_step(STEPS[step])
    for number in range(ticks):
        errors = tick(draw, STEPS[step], rate, min(rate * ratio, 1), requests)
        slow = tick(draw, STEPS[step], rate, rate, requests)
        decision = judge.observe(number * TICK, {"errors": errors, "slow": slow})
        if decision == "roll-back":
            return decision
        if decision == "go-on":
            step += 1
            if step == len(STEPS):
                return "go-on"
            judge.begin_step(STEPS[step])
    return "hold"


def test_identical_arms_are_promoted_and_at_most_one_percent_rolled_back() -> None:
    ends = [canary(seed) for seed in range(2_000)]
    assert ends.count("roll-back") / 2_000 <= 0.01 + 0.009
    assert ends.count("go-on") / 2_000 >= 0.97


@pytest.mark.parametrize("ratio", [4.0, 10.0])
def test_bad_challengers_are_rolled_back_and_next_to_none_promoted(ratio: float) -> None:
    ends = [canary(seed, ratio=ratio) for seed in range(200)]
    assert ends.count("roll-back") / 200 >= 0.97
    assert ends.count("go-on") == 0


def through_an_incident(seed: int) -> Decision:
    """Return the best that a ×4 defect reaches while half of all answers fail in both arms."""
    draw = np.random.default_rng(seed)
    judge = Judge({"errors": GOOD, "slow": GOOD}, alpha=0.01, beta=0.05)
    judge.begin_step(5)
    for number in range(36):  # three minutes
        errors = tick(draw, 5, 0.5, min(0.5 + GOOD * 3, 1), 2_000)
        slow = tick(draw, 5, GOOD, GOOD, 2_000)
        if judge.observe(number * TICK, {"errors": errors, "slow": slow}) == "go-on":
            return "go-on"
    return "hold"


def check_an_incident_promotes_nothing() -> None:
    assert [through_an_incident(seed) for seed in range(100)].count("go-on") == 0


def test_an_incident_that_hits_both_arms_does_not_promote() -> None:
    check_an_incident_promotes_nothing()


def test_without_the_rule_about_incidents_it_would_and_that_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout_judge, "_INCIDENT_TIMES", 1e9)
    with pytest.raises(AssertionError):
        check_an_incident_promotes_nothing()


def test_an_incident_is_no_reason_to_roll_back_either() -> None:
    draw = np.random.default_rng(3)
    judge = Judge({"errors": GOOD, "slow": GOOD}, alpha=0.01, beta=0.05)
    judge.begin_step(5)
    found = {
        judge.observe(number * TICK, {"errors": tick(draw, 5, 0.5, 0.5, 2_000), "slow": tick(draw, 5, 0, 0, 2_000)})
        for number in range(36)
    }
    assert found == {"hold"}


def test_evidence_counts_again_a_minute_after_an_incident() -> None:
    judge = Judge({"errors": GOOD, "slow": GOOD}, alpha=0.01, beta=0.05)
    judge.begin_step(50)
    quiet, incident = Tick(1_000, 5, 1_000, 5), Tick(1_000, 500, 1_000, 500)
    judge.observe(0, {"errors": incident, "slow": quiet})
    for number in range(1, 12):
        judge.observe(number * TICK, {"errors": quiet, "slow": quiet})
    before = judge.guardrails["errors"].safety.value
    judge.observe(12 * TICK, {"errors": quiet, "slow": quiet})
    assert before == 1.0 < judge.guardrails["errors"].safety.value


def test_one_silent_guardrail_is_enough_to_hold() -> None:
    judge = Judge({"errors": GOOD, "slow": GOOD}, alpha=0.01, beta=0.05)
    judge.begin_step(50)
    quiet = Tick(100_000, 500, 100_000, 500)
    assert judge.observe(0, {"errors": quiet}) == "hold"
    assert judge.observe(1, {"slow": quiet}) == "go-on"


def test_the_error_budget_is_shared_out_whole() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
    assert Judge({}, alpha=0.01, beta=0.05).evidence == pytest.approx(1)


def test_the_culprit_is_the_guardrail_with_the_evidence() -> None:
    judge = Judge({"errors": GOOD, "slow": GOOD}, alpha=0.01, beta=0.05)
    judge.begin_step(50)
    assert judge.observe(0, {"errors": Tick(500, 2, 500, 2), "slow": Tick(500, 2, 500, 90)}) == "roll-back"
    assert judge.culprit == "slow"
    assert {one.guardrail for one in judge.progress()} == {"errors", "slow"}
