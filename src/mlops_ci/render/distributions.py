"""Pictures of columns, the reference over this data: coordinates here, colours in the page's style sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 320
_HIGH = 92  # of the bars of numbers
_ROW, _NAMES, _LETTERS = 17, 112, 17  # of the rows of categories: height, room for names, letters that fit there
_EDGE = 4  # room at the sides, so that no line is cut


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Word:
    """A text in the picture; `anchor` is start, middle or end."""

    x: float
    y: float
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One column: `current` is filled, `reference` is an outline; `described` says the same in words."""

    column: str
    drifted: bool
    excess: float
    height: float
    current: tuple[Bar, ...]
    reference: tuple[Bar, ...]
    words: tuple[Word, ...]
    described: str


def pictures(measurements: Sequence[Mapping[str, Any]]) -> tuple[Picture, ...]:
    """Return the pictures that a report's measurements carry, given as JSON, the largest drift first."""
    found = [one["evidence"]["picture"] for one in measurements if "picture" in one["evidence"]]
    ordered = sorted(found, key=lambda raw: (not raw["drifted"], -raw["excess"]))
    return tuple(_drawn(raw) for raw in ordered)


def _drawn(raw: Mapping[str, Any]) -> Picture:
    highest = max([*raw["reference"], *raw["current"]]) or 1.0
    draw = _rows if raw["form"] == "categories" else _columns
    height, words = draw(raw)
    place = _row if raw["form"] == "categories" else _column
    count = len(raw["labels"])
    current, reference = (
        tuple(place(at, count, share / highest) for at, share in enumerate(raw[key]))
        for key in ("current", "reference")
    )
    return Picture(raw["column"], raw["drifted"], raw["excess"], height, current, reference, words, _described(raw))


def _columns(raw: Mapping[str, Any]) -> tuple[float, tuple[Word, ...]]:
    """Return height and words of a picture of numbers: what lies at both ends."""
    first, last = raw["labels"][0], raw["labels"][-1]
    at = _HIGH + 16
    words = [Word(_EDGE, at, "start", first)]
    if len(raw["labels"]) > 1:
        words.append(Word(WIDTH - _EDGE, at, "end", last))
    return at + 6, tuple(words)


def _column(at: int, count: int, share: float) -> Bar:
    width = (WIDTH - 2 * _EDGE) / count
    height = (_HIGH - _EDGE) * share
    return Bar(round(_EDGE + at * width, 1), round(_HIGH - height, 1), round(width, 1), round(height, 1))


def _rows(raw: Mapping[str, Any]) -> tuple[float, tuple[Word, ...]]:
    """Return height and words of a picture of categories: each one's name before its bar."""
    words = (
        Word(_NAMES - 6, at * _ROW + 13, "end", label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…")
        for at, label in enumerate(raw["labels"])
    )
    return len(raw["labels"]) * _ROW + _EDGE, tuple(words)


def _row(at: int, _count: int, share: float) -> Bar:
    return Bar(_NAMES, at * _ROW + 3.0, round((WIDTH - _NAMES - _EDGE) * share, 1), _ROW - 5.0)


def _described(raw: Mapping[str, Any]) -> str:
    cells = zip(raw["labels"], raw["reference"], raw["current"], strict=True)
    return f"{raw['column']}: " + "; ".join(f"{label}: {now:.1%}, was {before:.1%}" for label, before, now in cells)
