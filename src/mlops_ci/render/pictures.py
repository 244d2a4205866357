"""Pictures as inline SVG: coordinates here, colours in the page's style sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 760, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 14, 26


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
    events = [one for one in timeline if one["event"] != "judged"]
    if not events:
        return None
    end = max(float(one["t"]) for one in events) * 1.04 or 1.0
    points = [(0.0, 0.0)]
    marks = []
    for one in events:
        t, weight = float(one["t"]), float(one["weight"])
        points += [(t, points[-1][1]), (t, weight)]
        kind = {"step": "step", "promoted": "promoted", "released": "promoted"}.get(one["event"], "bad")
        label = f"{weight:.0f} %" if kind == "step" else str(one["event"])
        marks.append(Mark(_x(t, end), _y(weight), kind, label))
    points.append((end, points[-1][1]))
    path = " ".join(f"{'L' if index else 'M'}{_x(t, end):.1f},{_y(w):.1f}" for index, (t, w) in enumerate(points))
    ticks = tuple((_x(end * part / 4, end), f"{end * part / 4:.0f} s") for part in range(5))
    return Staircase(path, tuple(marks), ticks, tuple((_y(level), f"{level} %") for level in (0, 50, 100)))


def _x(t: float, end: float) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * t / end


def _y(weight: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * weight / 100
