"""Pictures of a gate: every rule and slice with its bounds and limit, and latency round by round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_ci.shown import number

WIDTH, ROW = 760, 24
_NAMES, _SPAN = 330, 330  # room for names, and for the intervals
_LETTERS = 52
_ROUNDS_HIGH, _EDGE = 120, 12


@dataclass(frozen=True, slots=True)
class Line:
    """One rule: its bounds as a line, its estimate as a point, and its limit; x in the picture's units."""

    y: float
    name: str
    verdict: str
    low: float
    high: float
    point: float
    limit: float
    zero: float | None
    said: str


@dataclass(frozen=True, slots=True)
class Forest:
    """Every rule, one below the other."""

    height: float
    lines: tuple[Line, ...]


def forest(measurements: Sequence[Mapping[str, Any]]) -> Forest | None:
    """Return the picture of a report's measurements, given as JSON; None where none has bounds and a limit.

    Measurements of one metric share their scale; a difference is drawn around no difference.
    """
    needed = ("low", "high", "threshold", "verdict")
    judged = [one for one in measurements if all(one.get(name) is not None for name in needed)]
    if not judged:
        return None
    scales = {key: _scale([one for one in judged if _kind(one) == key]) for key in map(_kind, judged)}
    lines = tuple(_line(at, one, scales[_kind(one)]) for at, one in enumerate(judged))
    return Forest(len(lines) * ROW + 10.0, lines)


def _kind(one: Mapping[str, Any]) -> tuple[str, bool]:
    return one["metric"], one.get("value") is not None


def _point(one: Mapping[str, Any]) -> float:
    found = one["value"] if one.get("value") is not None else one["challenger"]
    return float(found)


def _scale(group: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Return the least and the greatest value that a group's picture shows."""
    shown = [float(one[name]) for one in group for name in ("low", "high", "threshold")]
    if _kind(group[0])[1]:
        shown.append(0.0)
    least, most = min(shown), max(shown)
    return (least, most) if most > least else (least - 1.0, most + 1.0)


def _line(at: int, one: Mapping[str, Any], scale: tuple[float, float]) -> Line:
    def place(value: float) -> float:
        inside = min(max(value, scale[0]), scale[1])
        return round(_NAMES + _SPAN * (inside - scale[0]) / (scale[1] - scale[0]), 1)

    name = str(one["name"])
    said = f"{number(_point(one))} ({number(one['low'])} … {number(one['high'])})"
    return Line(
        at * ROW + 18.0,
        name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…",
        str(one["verdict"]),
        place(one["low"]),
        place(one["high"]),
        place(_point(one)),
        place(one["threshold"]),
        place(0.0) if one.get("value") is not None else None,
        said,
    )


@dataclass(frozen=True, slots=True)
class Rounds:
    """A latency round by round: one polyline for each model, points as SVG writes them."""

    name: str
    height: float
    champion: str
    challenger: str
    most: str
    least: str


def rounds(measurements: Sequence[Mapping[str, Any]]) -> tuple[Rounds, ...]:
    """Return a picture for each measurement that has rounds, given as JSON."""
    return tuple(_rounds(one) for one in measurements if one["evidence"].get("rounds"))


def _rounds(one: Mapping[str, Any]) -> Rounds:
    arms: Mapping[str, Sequence[float]] = one["evidence"]["rounds"]
    every = [value for values in arms.values() for value in values]
    least, most = min(every), max(every)
    span = (most - least) or 1.0

    def drawn(values: Sequence[float]) -> str:
        step = (WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
        high = _ROUNDS_HIGH - 2 * _EDGE
        return " ".join(
            f"{_EDGE + at * step:.1f},{_EDGE + high * (most - value) / span:.1f}" for at, value in enumerate(values)
        )

    unit = f" {one['unit']}" if one.get("unit") else ""
    return Rounds(
        str(one["name"]),
        _ROUNDS_HIGH,
        drawn(arms.get("champion", ())),
        drawn(arms.get("challenger", ())),
        f"{number(most)}{unit}",
        f"{number(least)}{unit}",
    )
