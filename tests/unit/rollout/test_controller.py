"""The canary against a fake engine, clock and record: what moves, in which order, and what is left behind."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_ci.errors import Interrupted, ProgramFailed
from mlops_ci.release.state import Challenger, State
from unit.rollout.fakes import CHALLENGER, RELEASED
from unit.rollout.world import NEW, OLD, SETTINGS, World, back_on_champion


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_good_challenger_is_promoted_step_by_step(world: World) -> None:
    outcome = world.run()
    assert outcome.cause == "promoted"
    assert world.branch.state == State("production", "flight-delay", CHALLENGER)
    assert world.engine.split == {NEW: 100}
    assert OLD not in world.engine.started
    assert [note.weight for note in world.branch.notes] == [5, 25, 50, 100]


def test_a_new_champions_commit_is_tagged_when_all_is_done(world: World) -> None:
    world.run()
    assert world.log[-2:] == ["guard off", f"tag {NEW}"]


def test_a_tag_that_origin_refuses_stops_no_promotion(world: World) -> None:
    world.branch.tags_refused = True
    assert world.run().cause == "promoted"


def test_away_from_the_champion_the_push_comes_first(world: World) -> None:
    world.run()
    for weight in (5, 25, 50):
        assert world.position(f"push {weight} -") < world.position(f"route {OLD}={100 - weight} {NEW}={weight}")
    assert world.position("push 100 pass") < world.position(f"route {NEW}=100")


def test_toward_the_champion_traffic_comes_first(world: World) -> None:
    world.engine.errors = {NEW: 0.2}
    outcome = world.run()
    assert (outcome.cause, outcome.guardrail) == ("judged", "errors")
    assert back_on_champion(world)
    assert not [event for event in world.log if event.startswith("tag")]
    back = len(world.log) - 1 - world.log[::-1].index(f"route {OLD}=100")
    assert back < world.position("push 0 fail") < world.position(f"retire {NEW}")


def test_a_judged_challenger_is_remembered_and_the_proof_is_recorded(world: World) -> None:
    world.engine.slow = {NEW: 0.3}
    outcome = world.run()
    assert outcome.guardrail == "latency"
    assert world.branch.state.rejected == (CHALLENGER.model_digest,)
    (path,) = [path for path in world.branch.files if path.startswith("evidence/canary/")]
    proof = json.loads(world.branch.files[path])
    assert proof["predicate"]["cause"] == "judged"
    assert {one["name"] for one in proof["subject"]} == {"challenger", "champion", "commit"}


def test_without_any_counts_no_canary_begins(world: World) -> None:
    world.engine.silent = True
    with pytest.raises(ProgramFailed):
        world.run()
    assert back_on_champion(world)


def test_a_challenger_that_never_becomes_ready_gets_no_traffic(world: World) -> None:
    world.engine.never_ready = True
    outcome = world.run()
    assert outcome.cause == "never-ready"
    assert world.engine.split == {OLD: 100}
    assert world.branch.state.rejected == (CHALLENGER.model_digest,)
    assert not any(NEW in event for event in world.log if event.startswith("route"))


def test_a_challenger_that_crashes_goes_at_the_next_tick(world: World) -> None:
    world.clock.alarms[3.0] = lambda: world.engine.started.discard(NEW)
    outcome = world.run()
    assert outcome.cause == "crashed"
    assert world.engine.split == {OLD: 100}
    assert world.branch.state.rejected == (CHALLENGER.model_digest,)
    (at,) = [one["t"] for one in outcome.timeline if one["event"] == "rolled back"]
    assert at < 4.0


def test_without_traffic_it_ends_undecided_and_nothing_is_held_against_the_model(world: World) -> None:
    world.engine.rate = 0.0
    outcome = world.run()
    assert outcome.cause == "time-limit"
    assert back_on_champion(world)
    assert world.branch.state == RELEASED
    assert world.branch.notes[-1].verdict == "inconclusive"


def test_lost_evidence_returns_to_the_champion_without_a_judgement(world: World) -> None:
    world.clock.alarms[2.0] = lambda: setattr(world.engine, "silent", True)
    outcome = world.run()
    assert outcome.cause == "evidence-lost"
    assert back_on_champion(world)
    assert world.branch.state.rejected == ()


def test_a_wrong_split_returns_to_the_champion_without_a_judgement(world: World) -> None:
    world.engine.skew = {NEW: 1.6}
    outcome = world.run()
    assert outcome.cause == "split-wrong"
    assert back_on_champion(world)
    assert world.branch.state.rejected == ()
    assert world.branch.notes[-1].verdict == "inconclusive"


def test_a_short_silence_is_survived(world: World) -> None:
    world.clock.alarms[2.0] = lambda: setattr(world.engine, "silent", True)
    world.clock.alarms[6.0] = lambda: setattr(world.engine, "silent", False)
    assert world.run().cause == "promoted"


def raising(problem: BaseException) -> Callable[[], None]:
    def alarm() -> None:
        raise problem

    return alarm


@pytest.mark.parametrize(
    "problem",
    [
        Interrupted("SIGTERM arrived."),
        KeyboardInterrupt(),
        ProgramFailed("the proxy is gone"),
        ZeroDivisionError("bug"),
    ],
)
def test_whatever_stops_it_the_champion_has_all_traffic_and_the_record_says_so(
    world: World, problem: BaseException
) -> None:
    world.clock.alarms[2.0] = raising(problem)
    with pytest.raises(type(problem)):
        world.run()
    assert back_on_champion(world)
    assert world.branch.state == RELEASED
    assert world.log[-1] == "guard off"


def test_the_guard_stands_by_as_long_as_traffic_is_away_from_the_champion(world: World) -> None:
    outcome = world.run()
    first, last = world.position(f"route {OLD}=95 {NEW}=5"), world.position(f"route {NEW}=100")
    assert world.position("guard on") < first < last < world.position("guard off")
    assert world.guard.renewed >= outcome.timeline[-1]["t"] / 0.5 - len(SETTINGS.steps) - 1


def test_the_first_release_is_recorded_then_routed(world: World) -> None:
    world.branch.state = State("production", "flight-delay")
    outcome = world.run()
    assert outcome.cause == "first-release"
    assert world.position("push 100 pass") < world.position(f"route {NEW}=100")
    assert world.branch.state.champion == CHALLENGER
    assert world.branch.files[CHALLENGER.evidence] == b"{}"


def test_a_first_release_that_never_becomes_ready_is_not_recorded(world: World) -> None:
    world.branch.state = State("production", "flight-delay")
    world.engine.never_ready = True
    assert world.run().cause == "never-ready"
    assert world.branch.notes == []


def test_the_champion_itself_is_served_and_nothing_else_happens(world: World) -> None:
    world.branch.state = replace(RELEASED, champion=CHALLENGER)
    assert world.run().cause == "unchanged"
    assert world.engine.split == {NEW: 100}
    assert world.branch.notes == []


def test_a_rejected_model_does_not_start_again_unless_told(world: World) -> None:
    world.branch.state = replace(RELEASED, rejected=(CHALLENGER.model_digest,))
    assert world.run().cause == "rejected-before"
    assert world.log == []
    again = SETTINGS.model_copy(update={"again": True, "reason": "the data was wrong"})
    assert world.run(again).cause == "promoted"
    assert world.branch.state.rejected == ()


def test_another_canary_on_the_record_is_left_alone(world: World) -> None:
    other = replace(CHALLENGER, version="9", model_digest=f"sha256:{'c' * 64}")
    world.branch.state = replace(RELEASED, challenger=Challenger(other, 25, 2))
    with pytest.raises(ProgramFailed, match="stands on the record"):
        world.run()
    assert world.log == []


def test_a_refused_push_before_a_step_moves_no_traffic(world: World) -> None:
    world.branch.refuse = 1
    with pytest.raises(ProgramFailed, match="refused"):
        world.run()
    assert back_on_champion(world)
    assert not any(f"{NEW}=5" in event for event in world.log)


def test_a_refused_record_of_a_rollback_is_tried_again(world: World) -> None:
    world.engine.errors = {NEW: 0.2}
    world.clock.alarms[0.5] = lambda: setattr(world.branch, "refuse", 2)
    outcome = world.run()
    assert outcome.recorded
    assert world.branch.state.challenger is None


def test_a_rollback_that_cannot_be_recorded_says_so_and_still_moves_traffic(world: World) -> None:
    world.engine.errors = {NEW: 0.2}
    world.clock.alarms[0.5] = lambda: setattr(world.branch, "refuse", 99)
    outcome = world.run()
    assert not outcome.recorded
    assert back_on_champion(world)


def test_slow_answers_do_not_count_while_it_warms_up(world: World) -> None:
    world.engine.slow = {NEW: 0.3}
    world.clock.alarms[50.0] = world.engine.slow.clear
    assert world.run(SETTINGS.model_copy(update={"warm_up": 60.0})).cause == "promoted"


def test_a_champion_whose_every_answer_is_slow_does_not_break_the_canary(world: World) -> None:
    world.engine.slow = {OLD: 1.0, NEW: 1.0}
    world.engine.split = {OLD: 100}
    world.engine.started = {OLD}
    world.clock.sleep(10)
    outcome = world.run()
    assert outcome.cause == "time-limit"
    assert back_on_champion(world)
