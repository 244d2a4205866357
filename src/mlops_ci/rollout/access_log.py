"""Access logs as files of ticks: one line a request, of a proxy or of the services, told apart by who answered."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from mlops_ci.errors import NothingToJudge
from mlops_ci.rollout.tick_log import ArmLog, ReleaseLog
from mlops_ci.stats.canary.paths import Floats
from mlops_ci.tools.envoy.stats import latency_bounds

_BAD = 500  # status from which on an answer is bad
_SLOW_MS = 250.0

# Envoy's default format: time, request, status, flags, bytes in and out, duration; at the end, who answered.
_ENVOY = re.compile(r'\[([^]]+)\] "[^"]*" (\d+) \S+ \d+ \d+ (\d+) .*"([^"]*)"\s*$')
_TIME, _WHO = ("time", "start_time", "t"), ("release", "upstream_cluster")
_STATUS, _MS = ("status", "response_code"), ("latency_ms", "duration", "ms")

Line = tuple[float, str, int, float]  # seconds since the epoch, who answered, status, ms


@dataclass(frozen=True, slots=True)
class Split:
    """Who is who in a log, and what share the challenger was given when."""

    champion: frozenset[str]
    challenger: frozenset[str]
    weights: tuple[tuple[float, float], ...] = ()  # seconds since the first line, percent; rising
    tick: float = 5.0  # seconds


def read_access_log(path: Path, kind: str, split: Split) -> list[ReleaseLog]:
    """Return one release, from a log of requests in any order.

    Without weights, the challenger is taken to have had its measured share, in percent, from its first request on:
    then there is one step, and the split is not checked.

    Args:
        path: of the log.
        kind: `envoy-log`, Envoy's default format; or `json-log`, one JSON object a line.
        split: who is who, and the weights.

    Raises:
        NothingToJudge: the file is missing or empty, a line is of another kind (the message names it), or one of the
            versions answered nothing.
    """
    if not path.is_file():
        raise NothingToJudge(f"{path} does not exist. An access log has one request a line.")
    read = _of_envoy if kind == "envoy-log" else _of_json()
    lines = list(_lines(path, kind, read))
    who = Counter(name for _, name, _, _ in lines)
    for role, names in (("champion", split.champion), ("challenger", split.challenger)):
        if not names & who.keys():
            known = ", ".join(name for name, _ in who.most_common(8)) or "nobody"
            raise NothingToJudge(f"{path}: nothing was answered by the {role}; answers came from: {known}.")
    return [_release(path.stem, lines, split)]


def _lines(path: Path, kind: str, read: Callable[[str], Line]) -> Iterator[Line]:
    with path.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, start=1):
            if line.isspace():
                continue
            try:
                yield read(line)
            except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as problem:
                raise NothingToJudge(
                    f"{path}:{number} is no line of an {kind}: {problem}. docs/reference/ticks.md has the format."
                ) from problem


def _of_envoy(line: str) -> Line:
    found = _ENVOY.match(line)
    if found is None:
        raise ValueError("it is not in Envoy's default format")
    return _seconds(found[1]), found[4], int(found[2]), float(found[3])


def _of_json() -> Callable[[str], Line]:
    from orjson import loads

    def read(line: str) -> Line:
        raw = loads(line)
        status, ms = int(_one(raw, _STATUS)), float(_one(raw, _MS))
        if not 0 <= ms < float("inf"):
            raise ValueError(f"no answer takes {ms} ms")
        return _seconds(_one(raw, _TIME)), str(_one(raw, _WHO)), status, ms

    return read


def _one(raw: Mapping[str, Any], names: Sequence[str]) -> Any:  # noqa: ANN401 - as the log has it
    for name in names:
        if name in raw:
            return raw[name]
    raise ValueError(f"it has none of {', '.join(names)}")


def _seconds(time: Any) -> float:  # noqa: ANN401 - as the log has it
    if isinstance(time, str) and "T" in time:
        return datetime.fromisoformat(time).timestamp()
    return float(time)


def _release(name: str, lines: Sequence[Line], split: Split) -> ReleaseLog:
    known = [line for line in lines if line[1] in split.champion | split.challenger]
    time = np.array([line[0] for line in known])
    time -= time.min()
    mine = np.array([line[1] in split.challenger for line in known])
    bad = np.array([line[2] >= _BAD for line in known])
    bounds = np.array(latency_bounds(_SLOW_MS))
    bucket = np.searchsorted(bounds, [line[3] for line in known])
    places, tick = np.unique(np.floor(time / split.tick), return_inverse=True)
    at = (places + 1) * split.tick

    def arm(of: Any) -> ArmLog:  # noqa: ANN401 - flags
        counts = np.zeros((len(at), len(bounds) + 1))
        np.add.at(counts, (tick[of], bucket[of]), 1.0)
        requests = counts.sum(axis=1)
        errors = np.bincount(tick[of & bad], minlength=len(at)).astype(np.float64)
        return ArmLog(requests, errors, counts, np.zeros((len(at), 0)), requests)

    every = np.ones(len(at), dtype=bool)
    weight = _weights(at, split, first=float(time[mine].min()), share=_share(time, mine))
    return ReleaseLog(name, at, weight, every, every, bounds, (), arm(~mine), arm(mine))


def _share(time: Floats, mine: Any) -> float:  # noqa: ANN401 - flags
    """Return the challenger's percent of the requests since its first one; a whole number."""
    since = mine[time >= time[mine].min()]
    return float(np.clip(round(100 * since.mean()), 1, 99))


def _weights(at: Floats, split: Split, first: float, share: float) -> Floats:
    """Return the weight in force at the end of each tick, before that tick's own changes."""
    changes = split.weights or ((first, share),)
    times, weights = np.array([0.0, *(one for one, _ in changes)]), np.array([0.0, *(two for _, two in changes)])
    inside: Floats = weights[np.searchsorted(times, at, side="left") - 1]
    return inside
