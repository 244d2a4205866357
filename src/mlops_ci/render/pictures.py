"""Pictures as inline SVG: coordinates here, colours in the page's style sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 760, 160
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 24, 26
_VERDICT_KINDS = {"pass": "promoted", "fail": "bad", "inconclusive": "step"}


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the timeline with a word beside it."""

    x: float
    y: float
    kind: str  # step, promoted, bad
    label: str


@dataclass(frozen=True, slots=True)
class Staircase:
    """The challenger's share of traffic over time."""

    path: str
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    levels: tuple[tuple[float, str], ...]


def staircase(timeline: Sequence[Mapping[str, Any]]) -> Staircase | None:
    """Return the weights of a canary as a staircase; None when there is nothing to draw."""
    moves = [(float(one["t"]), one) for one in timeline if one["event"] != "judged"]
    if not moves:
        return None
    return _draw(moves, (), max(t for t, _ in moves) * 1.04 or 1.0)


def overview(journey: Mapping[str, Any]) -> Staircase:
    """Return a whole journey: the weights of all canaries, and each command's verdict when it ended."""
    commands = [one for chapter in journey["chapters"] for one in chapter["commands"]]
    moves = [
        (event["time"] - journey["began"], event)
        for one in commands
        for event in one["report"].get("timeline", [])
        if event["event"] != "judged"
    ]
    verdicts = [(one["at"] + one["seconds"], str(one["report"].get("verdict"))) for one in commands]
    return _draw(moves, verdicts, float(journey["seconds"]) or 1.0)


def _draw(
    moves: Sequence[tuple[float, Mapping[str, Any]]], verdicts: Sequence[tuple[float, str]], end: float
) -> Staircase:
    """Return the challenger's share as a path; once promoted it is the champion, and the next one starts from 0."""
    points, marks = [(0.0, 0.0)], []
    for t, one in moves:
        weight = float(one["weight"])
        kind = {"step": "step", "promoted": "promoted", "released": "promoted"}.get(one["event"], "bad")
        if kind == "step" and points[-1][1] > weight:
            points += [(t, points[-1][1]), (t, 0.0)]
        points += [(t, points[-1][1]), (t, weight)]
        marks.append(Mark(_x(t, end), _y(weight), kind, f"{weight:.0f} %" if kind == "step" else str(one["event"])))
    points.append((end, points[-1][1]))
    marks += [Mark(_x(t, end), HEIGHT - _BOTTOM + 7, _VERDICT_KINDS.get(verdict, "bad"), "") for t, verdict in verdicts]
    path = " ".join(f"{'L' if index else 'M'}{_x(t, end):.1f},{_y(w):.1f}" for index, (t, w) in enumerate(points))
    ticks = tuple((_x(end * part / 4, end), f"{end * part / 4:.0f} s") for part in range(5))
    return Staircase(path, tuple(marks), ticks, tuple((_y(level), f"{level} %") for level in (0, 50, 100)))


def _x(t: float, end: float) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * t / end


def _y(weight: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * weight / 100
