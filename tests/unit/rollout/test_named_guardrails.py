"""Labels, events and segments share the error budget: equal versions stay within it, harmful ones are named."""

import numpy as np
import pytest

from mlops_ci.rollout.judge import Baseline, Evidence, Judge, Policy
from mlops_ci.rollout.ticks import Arm, Ticks
from mlops_ci.stats.canary.paths import Floats

NAMED = ("schema", "labels", "complaint")
RATES = np.array([0.0, 0.1, 0.01])
TICKS, REQUESTS = 300, 50  # per tick, both arms together
NONE = np.zeros(0)


def simulated(releases: int, rates: Floats, seed: int = 5, *, named: tuple[str, ...] = NAMED) -> Evidence:
    """Return the evidence of releases at half the traffic whose challenger has these rates of bad cases."""
    draw = np.random.default_rng(seed)
    at = np.tile(np.arange(TICKS) * 5.0, (releases, 1))
    mine = draw.binomial(REQUESTS, 0.5, (releases, TICKS))
    arms = [_arm(draw, REQUESTS - mine, RATES), _arm(draw, mine, rates)]
    yes, first = np.ones_like(at, dtype=bool), at == 0.0
    ticks = Ticks(at, np.full_like(at, 50.0), first, yes & ~first, yes, yes, *arms)
    baseline = Baseline(np.full(releases, 0.005), np.zeros((releases, 1)), np.ones(releases))
    return Judge(baseline, Policy(), NONE, named=named).observe(ticks)


def _arm(draw: np.random.Generator, requests: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", rates: Floats) -> Arm:
    n = requests.astype(np.float64)
    cases = np.stack([np.stack([n, draw.binomial(requests, rate)], -1) for rate in rates], -2)
    empty = np.zeros((*requests.shape, 0))
    return Arm(n, draw.binomial(requests, 0.005).astype(np.float64), empty, empty, n, cases)


def test_equal_versions_are_rolled_back_no_more_often_than_the_budget_says() -> None:
    evidence = simulated(3000, RATES)
    back = evidence.rolls_back.any(axis=1).sum()
    assert back <= 45, "of 3,000 at α = 1 %, three standard errors above 30"


@pytest.mark.parametrize(("place", "rate"), [(0, 0.5), (1, 0.2), (2, 0.05)])
def test_a_harmful_challenger_is_seen_and_the_guardrail_named(place: int, rate: float) -> None:
    rates = RATES.copy()
    rates[place] = rate
    evidence = simulated(20, rates)
    assert evidence.rolls_back.any(axis=1).all()
    last = {name: float(one[:, -1].min()) for name, one in evidence.harm_by.items()}
    assert max(last, key=lambda name: last[name]) == NAMED[place]


def test_the_budget_is_shared_among_what_is_measured_and_nothing_else_changes() -> None:
    baseline = Baseline(np.array([0.005]), np.zeros((1, 1)), np.ones(1))
    assert Judge(baseline, Policy(), NONE).shares == {"errors": 1.0}
    shares = Judge(baseline, Policy(), NONE, bins=3, named=("schema", "labels", "segment=odd")).shares
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["labels"] > shares["segment=odd"] > shares["schema"] > 0
    alone = simulated(5, RATES, named=())
    assert np.array_equal(alone.harm, alone.harm_by["errors"])
