"""A canary in several processes: discrete steps, one that goes on where another died, and one that may not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_ci.errors import Inconclusive, Interrupted, ProgramFailed, UsageProblem
from mlops_ci.release.state import Challenger
from mlops_ci.rollout.journal import Journal, Underway
from unit.rollout.fakes import CANDIDATE, CHALLENGER, RELEASED, with_canary
from unit.rollout.world import NEW, OLD, SETTINGS, World, back_on_champion

SHORT = SETTINGS.model_copy(update={"steps": [25, 50]})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_canary_in_discrete_steps_comes_to_the_same_end(world: World) -> None:
    assert world.canary(SHORT).start(CANDIDATE).decision == "hold"
    assert world.engine.split == {OLD: 75, NEW: 25}
    assert world.guard.promise == SHORT.attendance, "nobody steers now, and somebody will"
    with pytest.raises(Inconclusive, match="not decided"):
        world.canary(SHORT).step()
    assert world.engine.split == {OLD: 75, NEW: 25}, "asking too early changes nothing"
    assert world.canary(SHORT).judge().decision == "go-on"
    with pytest.raises(Inconclusive, match="50 % is still to come"):
        world.canary(SHORT).promote()
    assert world.canary(SHORT).step().decision == "hold"
    assert world.engine.split == {OLD: 50, NEW: 50}
    assert world.canary(SHORT).judge().decision == "go-on"
    with pytest.raises(UsageProblem, match="last step"):
        world.canary(SHORT).step()
    assert world.canary(SHORT).promote().decision == "promote"
    assert world.engine.split == {NEW: 100}
    assert world.branch.state == replace(RELEASED, champion=CHALLENGER)
    with pytest.raises(UsageProblem, match="No canary"):
        world.canary(SHORT).judge()


def test_judging_returns_the_traffic_by_itself(world: World) -> None:
    world.canary(SHORT).start(CANDIDATE)
    world.engine.errors = {NEW: 0.2}
    assert world.canary(SHORT).judge().cause == "judged"
    assert back_on_champion(world)
    assert world.branch.state.rejected == (CHALLENGER.model_digest,)


def test_a_command_watches_as_long_as_it_may_and_the_next_goes_on(world: World) -> None:
    world.engine.rate = 40.0
    brief = SETTINGS.model_copy(update={"watch_for": 20.0})
    outcome = world.run(brief)
    assert (outcome.cause, outcome.decision) == ("held", "hold")
    assert world.engine.split == {OLD: 95, NEW: 5}
    seen = [one["requests"] for one in outcome.timeline if one["event"] == "judged"]
    again = world.run(brief)
    assert again.timeline[0]["event"] == "resumed"
    more = [one["requests"] for one in again.timeline if one["event"] == "judged"]
    assert more[0] > seen[0], "what the first has seen counts"
    assert world.run().cause == "promoted"
    assert [note.weight for note in world.branch.notes] == [5, 25, 50, 100], "nothing is recorded twice"


def test_on_another_machine_the_record_suffices(world: World, tmp_path: Path) -> None:
    world.branch.state = with_canary()
    outcome = world.run()
    assert outcome.cause == "promoted"
    assert [note.weight for note in world.branch.notes] == [50, 100]
    assert world.position(f"route {OLD}=75 {NEW}=25") < world.position("push 50 -")


def test_evidence_of_another_machine_counts_against_the_challenger(world: World) -> None:
    """The chance of a false rollback is shared by all its processes, and so is what speaks against it."""
    world.engine.errors = {NEW: 0.02, OLD: 0.005}
    world.branch.state = with_canary()
    alone = world.run()
    other = World(world.folder / "other")
    other.engine.errors = {NEW: 0.02, OLD: 0.005}
    place = Challenger(CHALLENGER, 25, 2, (("errors", 30.0), ("latency", 1.0)))
    other.branch.state = replace(RELEASED, challenger=place)
    known = other.run()
    assert (alone.cause, known.cause) == ("judged", "judged")
    assert known.timeline[-1]["t"] < alone.timeline[-1]["t"]


def test_what_another_machine_steers_is_left_alone(world: World) -> None:
    world.branch.state = with_canary()
    world.guard.elsewhere = "on another machine"
    with pytest.raises(ProgramFailed, match="steered on another machine"):
        world.run()
    with pytest.raises(ProgramFailed, match="steered on another machine"):
        world.canary().judge()
    assert world.log == []


def test_a_canary_whose_end_could_not_be_recorded_is_not_gone_on_with(world: World) -> None:
    world.canary(SHORT).start(CANDIDATE)
    assert Journal(world.folder).underway() == Underway(OLD, NEW, returning=False)
    Journal(world.folder).write("returning", release=NEW, rejected=True, subject="Roll back")
    assert Journal(world.folder).underway() == Underway(OLD, NEW, returning=True)
    before = list(world.log)
    with pytest.raises(ProgramFailed, match="the record does not say so yet"):
        world.canary(SHORT).run(CANDIDATE)
    assert world.log == before, "nothing was touched"


def test_a_journal_knows_no_canary_once_it_may_be_promoted(world: World) -> None:
    assert Journal(world.folder).underway() is None
    world.canary(SHORT).start(CANDIDATE)
    Journal(world.folder).write("promote")
    assert Journal(world.folder).underway() is None, "the record may name the challenger by now"
    Journal(world.folder).write("go-on", step=1)
    assert Journal(world.folder).underway() == Underway(OLD, NEW, returning=False), "origin did not take it"
    world.run()
    assert Journal(world.folder).underway() is None


def test_a_challenger_that_does_not_start_again_ends_the_canary(world: World) -> None:
    world.branch.state = with_canary()
    world.engine.never_ready = True
    assert world.run().cause == "never-ready"
    assert world.engine.split == {OLD: 100}
    assert world.branch.state == replace(RELEASED, rejected=(CHALLENGER.model_digest,))


def test_the_journal_is_a_log_of_ticks_as_well(world: World) -> None:
    world.run()
    lines = [json.loads(line) for line in (world.folder / "ticks.jsonl").read_text().splitlines()]
    assert {line["weight"] for line in lines} == {0, 5, 25, 50, 95}
    assert all(line["arms"]["champion"]["latency_ms_le"]["+Inf"] >= 0 for line in lines)


def test_a_torn_line_is_no_obstacle(world: World) -> None:
    world.canary().start(CANDIDATE)
    for name in ("journal.jsonl", "ticks.jsonl"):
        with (world.folder / name).open("a") as stream:
            stream.write('{"event": "go-')
    assert world.run().cause == "promoted"


def test_an_interruption_during_the_bake_leaves_the_promotion(world: World) -> None:
    def stop() -> None:
        raise Interrupted("SIGTERM")

    world.engine.routed[f"route {OLD}=5 {NEW}=95"] = lambda: world.clock.alarms.update({world.clock.time + 1: stop})
    with pytest.raises(Interrupted):
        world.run()
    assert world.engine.split == {NEW: 100}
    assert world.branch.state == replace(RELEASED, champion=CHALLENGER)


def test_a_defect_that_shows_in_the_bake_brings_the_old_champion_back(world: World) -> None:
    world.engine.routed[f"route {OLD}=5 {NEW}=95"] = lambda: world.engine.errors.update({NEW: 0.5})
    outcome = world.run(SETTINGS.model_copy(update={"bake": 60.0}))
    assert outcome.cause == "judged"
    assert back_on_champion(world)
    assert world.branch.state == replace(RELEASED, rejected=(CHALLENGER.model_digest,))


def test_a_journal_that_another_machine_has_outrun_counts_no_more(world: World) -> None:
    """Elsewhere a later step was taken: what spoke against the challenger there is known by the record alone."""
    world.canary(SHORT).start(CANDIDATE)
    world.canary(SHORT).judge()
    place = Challenger(CHALLENGER, 50, 2, (("errors", 40.0),))
    world.branch.state = replace(RELEASED, challenger=place)
    with pytest.raises(Inconclusive, match="not decided"):
        world.canary(SHORT).promote()
    world.engine.errors = {NEW: 0.02, OLD: 0.005}
    outcome = world.canary(SHORT).judge()
    assert outcome.cause == "judged"
    fresh = World(world.folder / "fresh")
    fresh.engine.errors = dict(world.engine.errors)
    fresh.branch.state = world.branch.state = replace(RELEASED, challenger=place)
    assert outcome.evidence_by["errors"] > 0.9 * fresh.canary(SHORT).judge().evidence_by["errors"]


def test_a_step_that_was_gone_on_with_is_gone_on_with_again(world: World) -> None:
    world.branch.state = with_canary()
    assert world.canary().judge().decision == "go-on"
    assert world.canary().step().decision == "hold", "the second process knows what the first has decided"
