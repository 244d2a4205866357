"""The judge as a whole, by simulation: guardrails share one budget, and an incident that hits both arms is none."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from mlops_ci.rollout import judge as module
from mlops_ci.rollout.judge import Baseline, Judge, Policy
from mlops_ci.rollout.ticks import Arm, Ticks
from mlops_ci.stats.canary.paths import Flags, Floats
from unit.stats.canary.worlds import BOUNDS, cells

STEPS = (5, 25, 50)
TICK = 5.0  # seconds


@dataclass(frozen=True)
class World:
    """Simulated traffic; the challenger differs as it says."""

    rate: float = 0.005
    ratio: float = 1.0
    factor: float = 1.0  # of answering times
    requests: int = 250  # a tick
    share: float = 1.0  # of the share that was set
    incident: tuple[int, int, float] = (0, 0, 0.0)  # first tick, last, errors added to both arms


@dataclass
class Ends:
    """How simulated canaries ended: parts of all."""

    rolled_back: float
    promoted: float
    invalid: float


def canaries(world: World, runs: int, ticks: int = 500, seed: int = 1) -> Ends:
    """Run canaries side by side; each climbs when its own evidence lets it."""
    draw = np.random.default_rng(seed)
    judge = Judge(baseline(world, runs), Policy(), BOUNDS)
    step, begins = np.zeros(runs, dtype=int), np.ones(runs, dtype=bool)
    ended = {name: np.zeros(runs, dtype=bool) for name in ("rolled_back", "promoted", "invalid")}
    for number in range(1, ticks + 1):
        weight = np.array(STEPS)[step].astype(float)
        found = judge.observe(tick(draw, world, number, weight, begins))
        running = ~np.any(list(ended.values()), axis=0)
        ended["invalid"] |= running & found.invalid[:, 0]
        ended["rolled_back"] |= running & ~found.invalid[:, 0] & found.rolls_back[:, 0]
        on = running & found.goes_on[:, 0] & ~np.any(list(ended.values()), axis=0)
        ended["promoted"] |= on & (step == len(STEPS) - 1)
        begins = on & (step < len(STEPS) - 1)
        step[begins] += 1
    return Ends(**{name: float(np.mean(one)) for name, one in ended.items()})


def baseline(world: World, runs: int) -> Baseline:
    return Baseline(np.full(runs, world.rate), np.tile(cells(70.0, 0.5) * 20_000, (runs, 1)), np.ones(runs))


def tick(draw: np.random.Generator, world: World, number: int, weight: Floats, begins: Flags) -> Ticks:
    mine = draw.binomial(world.requests, np.minimum(weight / 100 * world.share, 1))
    first, last, added = world.incident
    added = added if first <= number < last else 0.0
    flag = np.ones((len(weight), 1), dtype=bool)
    return Ticks(
        np.full((len(weight), 1), number * TICK), weight[:, None], begins[:, None], flag, flag, flag,
        arm(draw, world.requests - mine, world.rate + added, 1.0),
        arm(draw, mine, min(world.rate * world.ratio, 1.0) + added, world.factor),
    )  # fmt: skip


def arm(draw: np.random.Generator, requests: np.ndarray, rate: float, factor: float) -> Arm:
    n = requests[:, None].astype(np.float64)
    errors = draw.binomial(requests, min(rate, 1.0))[:, None].astype(np.float64)
    latency = draw.multinomial(requests, cells(70.0 * factor, 0.5))[:, None].astype(np.float64)
    return Arm(n, errors, latency, np.zeros((len(requests), 1, 0)), n)


def test_identical_arms_are_promoted_and_at_most_one_percent_rolled_back() -> None:
    ends = canaries(World(), 2_000)
    assert ends.rolled_back <= 0.01 + 0.009
    assert ends.promoted >= 0.95
    assert ends.invalid <= 0.004


@pytest.mark.parametrize("world", [World(ratio=4), World(ratio=10), World(factor=1.5)])
def test_bad_challengers_are_rolled_back_and_next_to_none_promoted(world: World) -> None:
    ends = canaries(world, 200)
    assert ends.rolled_back >= 0.97
    assert ends.promoted == 0


def test_twice_the_errors_are_not_promoted_even_through_an_incident() -> None:
    assert canaries(World(ratio=2), 1_000).promoted <= 0.004
    assert canaries(World(ratio=2, incident=(60, 96, 0.1)), 1_000).promoted <= 0.004


def test_an_incident_that_hits_both_arms_rolls_nobody_back() -> None:
    ends = canaries(World(incident=(40, 76, 0.3)), 1_000)
    assert ends.rolled_back <= 0.02
    assert ends.promoted >= 0.9


def test_a_service_that_never_fails_is_promoted() -> None:
    assert canaries(World(rate=0.0), 200, ticks=250).promoted >= 0.97


def test_a_wrong_split_ends_without_a_judgement() -> None:
    ends = canaries(World(share=1.4), 100)
    assert ends.invalid >= 0.99


def test_without_the_incident_rule_a_defect_hides_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = World(ratio=2, incident=(2, 500, 0.1))
    kept = canaries(hidden, 300).promoted
    monkeypatch.setattr(module, "_INCIDENT_TIMES", 1e9)
    assert canaries(hidden, 300).promoted > kept + 0.2


def test_each_guardrail_with_the_whole_budget_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    class Greedy(Judge):
        def __init__(self, *given: object, **more: object) -> None:
            super().__init__(*given, **more)  # type: ignore[arg-type]
            self.shares = dict.fromkeys(self.shares, 20.0)

    monkeypatch.setitem(globals(), "Judge", Greedy)
    with pytest.raises(AssertionError):
        test_identical_arms_are_promoted_and_at_most_one_percent_rolled_back()


def test_shares_are_of_the_guardrails_that_are_measured() -> None:
    assert Judge(baseline(World(), 1), Policy(), BOUNDS, bins=4).shares == pytest.approx(module.SHARES)
    alone = replace(baseline(World(), 1), latency=np.zeros((1, 0)))
    assert Judge(alone, Policy(), np.zeros(0)).shares == {"errors": 1.0}
    assert sum(Judge(baseline(World(), 1), Policy(), BOUNDS).shares.values()) == pytest.approx(1)
