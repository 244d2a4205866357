"""What goes wrong while a canary is watched: guards without statistics, and what is set right again."""

import time
from pathlib import Path

import pytest

from mlops_ci.errors import ProgramFailed
from mlops_ci.rollout.guards import LEAST_PATIENCE, NoAnswer, Unready, patience
from mlops_ci.rollout.watch import TICK
from mlops_ci.traffic.engine import Counts, NeverReady, Workload
from unit.rollout.fakes import RELEASED
from unit.rollout.world import NEW, OLD, SETTINGS, World, back_on_champion


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def rolled_back_at(world: World, *, from_: float) -> float:
    """Return how many seconds after a time the champion had all traffic."""
    (at,) = [one["t"] for one in world.parts.timeline if one["event"] == "rolled back"]
    return float(at) - from_


def test_a_challenger_that_hangs_is_rolled_back_within_two_seconds(world: World) -> None:
    world.clock.alarms[3.0] = lambda: world.engine.hanging.add(NEW)
    outcome = world.run()
    assert outcome.cause == "no-answer"
    assert back_on_champion(world)
    assert world.branch.state.rejected
    assert rolled_back_at(world, from_=3.0) <= 2.0


def test_when_both_hang_nothing_would_be_won(world: World) -> None:
    world.clock.alarms[3.0] = lambda: world.engine.hanging.update({OLD, NEW})
    world.clock.alarms[9.0] = world.engine.hanging.clear
    assert world.run().cause == "promoted"


def test_a_failing_health_check_needs_no_statistics(world: World) -> None:
    world.clock.alarms[3.0] = lambda: world.engine.unready.add(NEW)
    assert world.run().cause == "unhealthy"
    assert rolled_back_at(world, from_=3.0) <= 2.0


def test_weights_that_somebody_else_changed_are_set_right(world: World) -> None:
    world.clock.alarms[3.0] = lambda: world.engine.split.update({OLD: 20, NEW: 80})
    outcome = world.run()
    assert outcome.cause == "promoted"
    assert "weights mended" in [one["event"] for one in outcome.timeline]


def test_whoever_changes_them_again_and_again_ends_the_canary(world: World) -> None:
    for second in range(3, 30):
        world.clock.alarms[float(second)] = lambda: world.engine.split.update({OLD: 20, NEW: 80})
    outcome = world.run()
    assert (outcome.cause, outcome.rejected) == ("split-wrong", False)
    assert f"route {OLD}=100" in world.log


def test_a_champion_that_dies_is_started_again(world: World) -> None:
    world.clock.alarms[3.0] = lambda: world.engine.started.discard(OLD)
    outcome = world.run()
    assert outcome.cause == "promoted"
    assert "champion down" in [one["event"] for one in outcome.timeline]


def test_the_lease_is_renewed_while_a_champion_takes_long_to_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, renewed = world.engine.start, []

    def slowly(workload: Workload) -> None:
        renewed.append(world.guard.renewed)
        time.sleep(3 * TICK)
        renewed.append(world.guard.renewed)
        start(workload)

    def die() -> None:
        world.engine.started.discard(OLD)
        monkeypatch.setattr(world.engine, "start", slowly)

    world.clock.alarms[3.0] = die
    assert world.run().cause == "promoted"
    assert renewed[1] - renewed[0] >= 2


def test_a_champion_that_does_not_start_again_ends_nothing_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, tries = world.engine.start, []

    def refuse(workload: Workload) -> None:
        tries.append(workload.name)
        if len(tries) < 3:
            raise NeverReady(f"{workload.name} ended before it became ready.")
        start(workload)

    def die() -> None:
        world.engine.started.discard(OLD)
        monkeypatch.setattr(world.engine, "start", refuse)

    world.clock.alarms[3.0] = die
    assert world.run().cause == "promoted"
    assert tries == [OLD] * 3


def test_a_proxy_that_dies_is_started_again(world: World) -> None:
    world.clock.alarms[3.0] = lambda: setattr(world.engine, "proxy_down", True)
    outcome = world.run()
    assert outcome.cause == "promoted"
    assert "proxy down" in [one["event"] for one in outcome.timeline]


def test_metrics_that_are_away_for_minutes_are_caught_up_with(world: World) -> None:
    world.clock.alarms[3.0] = lambda: setattr(world.engine, "silent", True)
    world.clock.alarms[303.0] = lambda: setattr(world.engine, "silent", False)
    assert world.run().cause == "promoted"


def test_the_split_does_not_move_while_metrics_are_away(world: World) -> None:
    world.clock.alarms[3.0] = lambda: setattr(world.engine, "silent", True)
    outcome = world.run(SETTINGS.model_copy(update={"metrics_timeout": 100.0}))
    assert outcome.cause == "evidence-lost"
    assert not any(f"{NEW}=25" in event for event in world.log)


def test_an_origin_that_is_away_for_a_while_is_waited_for(world: World) -> None:
    world.clock.alarms[3.0] = lambda: setattr(world.branch, "away", True)
    world.clock.alarms[120.0] = lambda: setattr(world.branch, "away", False)
    outcome = world.run()
    assert outcome.cause == "promoted"
    assert "origin away" in [one["event"] for one in outcome.timeline]


def test_while_origin_is_away_the_challenger_is_watched(world: World) -> None:
    world.clock.alarms[3.0] = lambda: setattr(world.branch, "away", True)
    world.clock.alarms[30.0] = lambda: world.engine.errors.update({NEW: 0.3})
    outcome = world.run()
    assert outcome.cause == "judged"
    assert not outcome.recorded
    assert world.engine.split == {OLD: 100}
    assert rolled_back_at(world, from_=30.0) < 10


def counts(started: int, requests: int) -> Counts:
    return Counts(started, requests, 0, (requests, 0))


def test_no_answer_at_all_is_told_from_slow_answers() -> None:
    guard = NoAnswer(2.0)
    for tick in range(20):
        assert not guard.look(tick / 2, counts(tick * 9, tick * 9), counts(tick * 9 + 9, tick))
    guard = NoAnswer(2.0)
    seen = [guard.look(tick / 2, counts(tick * 9, tick * 9), counts(tick * 9 + 9, 0)) for tick in range(8)]
    assert seen == [False] * 4 + [True] * 4


def test_users_who_all_wait_for_the_challenger_ask_the_champion_nothing() -> None:
    guard = NoAnswer(2.0)
    seen = [guard.look(tick / 2, counts(90, 90), counts(8, 0)) for tick in range(6)]
    assert seen == [False] * 4 + [True] * 2
    guard = NoAnswer(2.0)
    assert not any(guard.look(tick / 2, counts(90, 89), counts(8, 0)) for tick in range(6)), "it may hang, too"


def test_a_single_request_without_an_answer_is_nothing() -> None:
    guard = NoAnswer(2.0)
    assert not any(guard.look(tick / 2, counts(tick, tick), counts(2, 0)) for tick in range(40))


def test_counters_that_begin_anew_are_no_silence() -> None:
    guard = NoAnswer(2.0)
    guard.look(0.0, counts(90, 90), counts(900, 890))
    guard.look(1.0, counts(9, 9), counts(9, 4))
    assert not guard.look(2.0, counts(18, 18), counts(18, 4))


@pytest.mark.parametrize(
    ("latency", "seconds"),
    [((0, 0, 0), LEAST_PATIENCE), ((1000, 0, 0), LEAST_PATIENCE), ((900, 100, 0), 10.0), ((900, 90, 10), 10.0)],
)
def test_patience_follows_the_champions_slowest_answers(latency: tuple[int, ...], seconds: float) -> None:
    assert patience(Counts(1000, 1000, 0, latency), (50.0, 5_000.0)) == seconds


def test_a_health_check_without_an_answer_is_no_failure() -> None:
    guard = Unready()
    assert not any(guard.look(ready=ready) for ready in (False, False, None, False, False, True, False, False))
    assert guard.look(ready=False)


def test_a_canary_that_somebody_else_ended_on_the_record_is_not_gone_on_with(world: World) -> None:
    """Its next step is refused by the record itself: that is no origin out of reach, and waiting mends nothing."""
    world.clock.alarms[3.0] = lambda: setattr(world.branch, "state", RELEASED)
    with pytest.raises(ProgramFailed, match="Somebody else has ended"):
        world.run()
    assert back_on_champion(world)
    assert world.clock.time < 60
    assert "origin away" not in [one["event"] for one in world.parts.timeline]
