"""Copies of requests are compared in pairs, and a challenger that answers none of them gets no traffic."""

import json
from pathlib import Path

import pytest

from mlops_ci.errors import ProgramFailed
from mlops_ci.rollout.shadow import compare
from mlops_ci.rollout.sources.requests import Request
from unit.rollout.fakes import CHALLENGER, CHAMPION
from unit.rollout.world import SETTINGS, World, back_on_champion

OLD, NEW = CHAMPION.name, CHALLENGER.name
SHADOWED = SETTINGS.model_copy(update={"shadow": 5.0})


def asked(ident: str, answer: object, status: int = 200, ms: float = 4.0) -> Request:
    return Request(ident, 0.0, status, answer, ms, None, None)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.engine.folder = tmp_path
    made.engine.split = {OLD: 100}
    for name in (OLD, NEW):
        made.engine.request_log(name).touch()
    return made


def copies(world: World, status: int) -> None:
    """Have both versions answer the same ten requests, two seconds from now."""

    def answer() -> None:
        for name, code in ((OLD, 200), (NEW, status)):
            with world.engine.request_log(name).open("a") as log:
                for at in range(10):
                    raw = {
                        "schema": "mlops-ci.request/v1", "time": "2027-01-15T08:00:00Z", "request_id": f"r{at}",
                        "output": {"prediction": at}, "latency_ms": 3.0, "status": code,
                    }  # fmt: skip
                    log.write(json.dumps(raw) + "\n")

    world.clock.alarms[world.clock.time + 2.0] = answer


def test_pairs_are_matched_by_id_and_ids_that_come_twice_are_none() -> None:
    theirs = [asked("1", {"prediction": "a"}), asked("2", {"prediction": "a"}), asked("3", None, 500), asked("4", 1)]
    mine = [asked("1", {"prediction": "b"}), asked("2", {"prediction": "a"}), asked("3", {"prediction": "a"}, ms=9.0)]
    found = compare([*theirs, asked("5", 1), asked("5", 2)], [*mine, asked("5", 1), asked("9", 1)], "prediction")
    assert (found.pairs, found.different, found.champion_failed, found.challenger_failed) == (3, 1, 1, 0)
    assert (found.champion_ms, found.challenger_ms) == (4.0, 4.0)


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        ({"prediction": 0.1 + 0.2}, {"prediction": 0.3}, 0),
        ({"score": [1, 2]}, {"score": [1, 3]}, 1),
        ({"score": 1}, {"score": 1, "more": 2}, 1),
        ({"prediction": "a", "trace": 1}, {"prediction": "a", "trace": 2}, 0),
        ({"prediction": "a"}, ["a"], 1),
    ],
)
def test_what_is_the_same_answer(one: object, other: object, different: int) -> None:
    assert compare([asked("1", one)], [asked("1", other)], "prediction").different == different


def test_a_challenger_that_answers_is_given_traffic_after_the_shadow_step(world: World) -> None:
    copies(world, 200)
    outcome = world.run(SHADOWED)
    assert outcome.cause == "promoted"
    assert world.position(f"mirror {NEW}") < world.position("push 5 -")
    assert outcome.shadow is not None
    assert [one.value for one in outcome.shadow.measurements()] == [0.0, 0.0, 3.0]


def test_a_challenger_that_answers_no_copy_gets_no_traffic(world: World) -> None:
    copies(world, 500)
    outcome = world.run(SHADOWED)
    assert outcome.cause == "judged"
    assert not [event for event in world.log if event.startswith("route") and NEW in event]
    assert back_on_champion(world)
    assert world.branch.state.rejected == (CHALLENGER.model_digest,)
    assert outcome.shadow is not None
    assert "fail" in {one.verdict for one in outcome.shadow.measurements()}


def test_without_a_request_log_the_champion_keeps_its_traffic(world: World) -> None:
    world.engine.request_log(NEW).unlink()
    with pytest.raises(ProgramFailed, match="writes no request log"):
        world.run(SHADOWED)
    assert back_on_champion(world)
