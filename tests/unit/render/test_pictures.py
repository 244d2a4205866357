import re
from itertools import pairwise
from typing import Any

import pytest

from mlops_ci.render.pictures import HEIGHT, WIDTH, Staircase, overview, staircase

NONE, HALF, ALL = 134.0, 79.0, 24.0  # heights of 0, 50 and 100 %


def event(t: float, kind: str, weight: int) -> dict[str, Any]:
    return {"t": t, "time": 1_000.0 + t, "event": kind, "weight": weight, "detail": ""}


def command(at: float, seconds: float, verdict: str | None, *events: dict[str, Any]) -> dict[str, Any]:
    return {"at": at, "seconds": seconds, "report": {"verdict": verdict, "timeline": list(events)}}


def journey(*commands: dict[str, Any], seconds: float = 100.0) -> dict[str, Any]:
    return {"began": 1_000.0, "seconds": seconds, "chapters": [{"commands": list(commands)}]}


def drawn(timeline: list[dict[str, Any]]) -> Staircase:
    picture = staircase(timeline)
    assert picture is not None
    return picture


def points(picture: Staircase) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+),([\d.]+)", picture.path)]


def heights(picture: Staircase) -> list[float]:
    return [y for _, y in points(picture)]


@pytest.mark.parametrize("timeline", [[], [event(1.0, "judged", 5)]])
def test_there_is_nothing_to_draw_where_no_weight_was_set(timeline: list[dict[str, Any]]) -> None:
    assert staircase(timeline) is None


def test_a_promotion_climbs_from_nothing_to_all_traffic() -> None:
    picture = drawn([event(0.0, "step", 50), event(5.0, "judged", 50), event(10.0, "promoted", 100)])
    assert heights(picture) == [NONE, NONE, HALF, HALF, ALL, ALL]
    assert [(mark.kind, mark.label) for mark in picture.marks] == [("step", "50 %"), ("promoted", "promoted")]


def test_a_rollback_falls_back_to_nothing() -> None:
    picture = drawn([event(1.0, "step", 50), event(10.0, "rolled back", 0)])
    assert heights(picture) == [NONE, NONE, HALF, HALF, NONE, NONE]
    assert [(mark.kind, mark.label) for mark in picture.marks] == [("step", "50 %"), ("bad", "rolled back")]


def test_the_weight_changes_at_once_not_bit_by_bit() -> None:
    found = points(drawn([event(1.0, "step", 5), event(4.0, "step", 50), event(9.0, "promoted", 100)]))
    for (x, y), (later, other) in pairwise(found):
        assert x == later or y == other


def test_time_never_goes_back_and_everything_stays_inside_the_picture() -> None:
    picture = drawn([event(0.0, "step", 5), event(7.0, "step", 50), event(60.0, "rolled back", 0)])
    found = points(picture)
    assert [x for x, _ in found] == sorted(x for x, _ in found)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in [*found, *((one.x, one.y) for one in picture.marks)])


def test_marks_stand_on_the_path() -> None:
    picture = drawn([event(1.0, "step", 50), event(10.0, "promoted", 100)])
    assert {(round(mark.x, 1), mark.y) for mark in picture.marks} <= set(points(picture))


def test_what_happened_at_the_very_beginning_can_be_drawn() -> None:
    picture = drawn([event(0.0, "released", 100)])
    assert [mark.kind for mark in picture.marks] == ["promoted"]
    assert points(picture)[-1][0] > points(picture)[0][0]


def test_the_axes_name_seconds_and_percent() -> None:
    picture = drawn([event(100.0, "promoted", 100)])
    assert [label for _, label in picture.ticks] == ["0 s", "26 s", "52 s", "78 s", "104 s"]
    assert picture.levels == ((NONE, "0 %"), (HALF, "50 %"), (ALL, "100 %"))


def test_in_an_overview_the_next_challenger_starts_from_nothing() -> None:
    first = command(0.0, 20.0, "pass", event(10.0, "step", 50), event(20.0, "promoted", 100))
    second = command(50.0, 20.0, "fail", event(60.0, "step", 50), event(70.0, "rolled back", 0))
    found = heights(overview(journey(first, second)))
    assert found == [NONE, NONE, HALF, HALF, ALL, ALL, NONE, NONE, HALF, HALF, NONE, NONE]


def test_in_an_overview_events_stand_at_their_own_time_of_the_journey() -> None:
    moved = {**event(10.0, "step", 50), "t": 1.0}
    picture = overview(journey(command(9.0, 20.0, "pass", moved)))
    assert picture.marks[0].x == pytest.approx(44 + (WIDTH - 56) * 10 / 100)


@pytest.mark.parametrize(
    ("verdict", "kind"), [("pass", "promoted"), ("fail", "bad"), ("inconclusive", "step"), (None, "bad")]
)
def test_an_overview_shows_each_verdict_when_its_command_ended(verdict: str | None, kind: str) -> None:
    picture = overview(journey(command(30.0, 20.0, verdict)))
    (mark,) = picture.marks
    assert (mark.kind, mark.label) == (kind, "")
    assert mark.x == pytest.approx(44 + (WIDTH - 56) * 50 / 100)
    assert mark.y > NONE


def test_an_empty_journey_can_be_drawn() -> None:
    assert heights(overview(journey(seconds=0.0))) == [NONE, NONE]
