"""A file of ticks, `canary replay`'s input: one JSON object a line, one or many releases, checked as it is read."""

import gc
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mlops_ci.errors import NothingToJudge
from mlops_ci.stats.canary.paths import Flags, Floats

_ARMS = ("champion", "challenger")
_INFINITE = "+Inf"


@dataclass(frozen=True, slots=True, eq=False)
class ArmLog:
    """One arm of one release: counts by tick, zeros where they are missing."""

    requests: Floats  # (ticks,)
    errors: Floats
    latency: Floats  # by bucket, not cumulative, (ticks, buckets)
    predictions: Floats  # by bin, (ticks, bins)
    started: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ReleaseLog:
    """One release: its ticks in the order of time."""

    release: str
    at: Floats  # seconds, rising, (ticks,)
    weight: Floats  # percent
    known: Flags  # both arms' counts are there
    timed: Flags  # and their latencies
    bounds: Floats  # of the latency buckets but the last, in ms
    bins: tuple[str, ...]  # of predictions
    champion: ArmLog
    challenger: ArmLog
    ignored: int = 0  # ticks of a time that was there already


@dataclass(slots=True)
class _Shape:
    """Which buckets and bins a release's ticks have, and how they are read off a line."""

    buckets: tuple[str, ...]
    bins: tuple[str, ...]
    of_buckets: Callable[[dict[str, Any]], tuple[Any, ...]]
    of_bins: Callable[[dict[str, Any]], tuple[Any, ...]]

    @classmethod
    def of(cls, arm: dict[str, Any]) -> "_Shape":
        found = sorted(arm.get("latency_ms_le") or (), key=float)
        if found and found[-1] != _INFINITE:
            raise ValueError(f"the last latency bucket is {found[-1]}, not {_INFINITE}")
        if len(found) in {1, 2}:
            raise ValueError("latency needs at least two buckets below +Inf")
        bins = tuple(sorted(arm.get("predictions") or ()))
        return cls(tuple(found), bins, _getter(found), _getter(bins))

    @property
    def width(self) -> int:
        """Return how many numbers describe one arm in one tick."""
        return 3 + len(self.buckets) + len(self.bins)

    def read(self, arm: dict[str, Any]) -> tuple[Any, ...]:
        """Return one arm's numbers; latencies that are missing are NaN, but for an arm without requests."""
        buckets, requests = arm.get("latency_ms_le"), arm["requests"]
        if buckets and not self.bins:  # as most lines are
            return (requests, arm["errors"], arm.get("started", requests), *self.of_buckets(buckets))
        none = (np.nan if requests else 0.0,)
        latency = self.of_buckets(buckets) if buckets else none * len(self.buckets)
        predictions = self.of_bins(arm["predictions"]) if self.bins and requests else (0.0,) * len(self.bins)
        return (requests, arm["errors"], arm.get("started", requests), *latency, *predictions)


def _getter(names: Sequence[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    if len(names) < 2:  # noqa: PLR2004 - itemgetter returns a bare value for one name
        return lambda values: tuple(values[name] for name in names)
    return itemgetter(*names)


@dataclass(slots=True, eq=False)
class _Rows:
    """One release's lines as they are read."""

    shape: _Shape | None = None
    lines: list[int] = field(default_factory=list)
    head: "array[float]" = field(default_factory=lambda: array("d"))  # t and weight of each line
    known: list[bool] = field(default_factory=list)
    numbers: "array[float]" = field(default_factory=lambda: array("d"))  # both arms' of each known line

    def add(self, number: int, raw: dict[str, Any]) -> None:
        """Take a line."""
        arms = raw.get("arms") or {}
        champion, challenger = arms.get("champion"), arms.get("challenger")
        self.lines.append(number)
        self.head.extend((raw["t"], raw["weight"]))
        if not champion or not (challenger or raw["weight"] == 0):
            self.known.append(False)
            return
        self.known.append(True)
        if self.shape is None or (champion.get("latency_ms_le") and not self.shape.buckets):
            if self.numbers:
                raise ValueError("latencies begin in the middle of the release")
            self.shape = _Shape.of(champion)
        self.numbers.extend(self.shape.read(champion))
        self.numbers.extend(self.shape.read(challenger or {"requests": 0, "errors": 0}))


def read(path: Path) -> list[ReleaseLog]:
    """Return the releases in a file, in the order in which they first appear.

    Raises:
        NothingToJudge: the file is missing or empty, or a line is no tick; the message names it.
    """
    if not path.is_file():
        raise NothingToJudge(f"{path} does not exist. A file of ticks has one JSON object a line.")
    collecting = gc.isenabled()
    gc.disable()  # many small objects, none of them in a cycle: looking for cycles takes a third of the time
    try:
        with path.open("rb") as stream:
            found = _collect(path, stream)
    finally:
        if collecting:
            gc.enable()
    if not found:
        raise NothingToJudge(f"{path} is empty: it has not one tick.")
    return [_release(path, name, rows) for name, rows in found.items()]


def _collect(path: Path, lines: Iterable[bytes]) -> dict[str, _Rows]:
    from orjson import JSONDecodeError, loads

    found: dict[str, _Rows] = {}
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        try:
            raw = loads(line)
            name = str(raw.get("release", "release"))
            rows = found.get(name)
            if rows is None:
                rows = found[name] = _Rows()
            rows.add(number, raw)
        except JSONDecodeError as problem:
            raise _broken(path, number, f"no JSON ({problem})") from problem
        except KeyError as problem:
            raise _broken(path, number, f"{problem} is missing") from problem
        except (AttributeError, TypeError, ValueError) as problem:
            raise _broken(path, number, str(problem)) from problem
    return found


def _release(path: Path, name: str, rows: _Rows) -> ReleaseLog:
    """Return a release's lines as arrays, sorted by time, each time once."""
    shape = rows.shape or _Shape.of({})
    head = np.frombuffer(rows.head).reshape(-1, 2)
    known = np.array(rows.known)
    numbers = np.full((len(known), 2 * shape.width), np.nan)
    numbers[known] = np.frombuffer(rows.numbers).reshape(-1, 2 * shape.width)
    _demand_counts(path, rows, shape, head, numbers, known)
    _, order = np.unique(head[:, 0], return_index=True)
    head, numbers, known = head[order], numbers[order], known[order]
    champion, challenger = np.split(numbers, 2, axis=1)
    timed = known & ~np.isnan(numbers).any(axis=1)
    return ReleaseLog(
        name, head[:, 0], head[:, 1], known, timed,
        np.array([float(one) for one in shape.buckets[:-1]]), shape.bins,
        _arm(champion, shape), _arm(challenger, shape), len(rows.lines) - len(order),
    )  # fmt: skip


def _arm(numbers: Floats, shape: _Shape) -> ArmLog:
    numbers = np.nan_to_num(numbers, nan=0.0)
    buckets = numbers[:, 3 : 3 + len(shape.buckets)]
    latency = np.diff(buckets, prepend=0.0, axis=1) if len(shape.buckets) else buckets
    return ArmLog(numbers[:, 0], numbers[:, 1], latency, numbers[:, 3 + len(shape.buckets) :], numbers[:, 2])


def _demand_counts(path: Path, rows: _Rows, shape: _Shape, head: Floats, numbers: Floats, known: Flags) -> None:
    """Raise NothingToJudge for the first line whose numbers cannot be counts of one tick."""
    weight = head[:, 1]
    _refuse(path, rows, ~np.isfinite(head).all(axis=1), "t and weight must be finite numbers")
    _refuse(path, rows, (weight < 0) | (weight > 100), "weight is a percentage")  # noqa: PLR2004
    for name, arm in zip(_ARMS, np.split(numbers, 2, axis=1), strict=True):
        latency = arm[:, 3 : 3 + len(shape.buckets)]
        plain = np.delete(arm, np.s_[3 : 3 + len(shape.buckets)], axis=1)
        wrong = known & ~((plain >= 0) & np.isfinite(plain)).all(axis=1)
        _refuse(path, rows, wrong, f"{name}: counts are numbers of at least 0")
        _refuse(path, rows, known & (arm[:, 1] > arm[:, 0]), f"{name}: more errors than requests")
        falling = (np.diff(latency, prepend=0.0, axis=1) < 0).any(axis=1)
        _refuse(path, rows, falling, f"{name}: latency buckets are cumulative, so they never fall")


def _refuse(path: Path, rows: _Rows, wrong: ArrayLike, why: str) -> None:
    if np.any(wrong):
        raise _broken(path, rows.lines[int(np.argmax(wrong))], why)


def _broken(path: Path, line: int, why: str) -> NothingToJudge:
    return NothingToJudge(f"{path}:{line} is no tick: {why}. Mend the line; docs/reference/ticks.md has the format.")
