"""A tick of a running canary: what both versions did since the one before, as the judge and a log of ticks have it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from mlops_ci.rollout.ticks import Arm, Ticks
from mlops_ci.traffic.engine import Counts

_ARMS = ("champion", "challenger")
_INFINITE = "+Inf"


@dataclass(frozen=True, slots=True)
class Tick:
    """Both arms' counts in one tick, and what it counts for."""

    at: float  # seconds since the canary began
    weight: int  # the challenger's percent; 0: the counts up to the canary's beginning
    begins: bool
    counted: bool
    timed: bool
    arms: tuple[Counts, Counts]  # champion's and challenger's
    reset: tuple[bool, bool] = (False, False)  # whether an arm's counters had begun anew

    def to_json(self, release: str, bounds: Sequence[float]) -> dict[str, Any]:
        """Return a line of a log of ticks (`canary replay` reads it), with this tick's flags beside."""
        flags = {"begins": self.begins, "counted": self.counted, "timed": self.timed}
        arms = {
            name: _plain(one, bounds) | ({"reset": True} if reset else {})
            for name, one, reset in zip(_ARMS, self.arms, self.reset, strict=True)
        }
        return {"release": release, "t": round(self.at, 3), "weight": self.weight, **flags, "arms": arms}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any], bounds: Sequence[float]) -> "Tick":
        """Return the tick that a line describes; raise KeyError or ValueError when it has none of these buckets."""
        champion, challenger = (raw["arms"][name] for name in _ARMS)
        begins, counted, timed = (bool(raw[name]) for name in ("begins", "counted", "timed"))
        arms = _counts(champion, bounds), _counts(challenger, bounds)
        reset = bool(champion.get("reset")), bool(challenger.get("reset"))
        return cls(float(raw["t"]), int(raw["weight"]), begins, counted, timed, arms, reset)


def side_by_side(ticks: Sequence[Tick]) -> Ticks:
    """Return some ticks of one release as the judge takes them, (1, ticks)."""
    counted = _row([tick.counted for tick in ticks]).astype(bool)
    return Ticks(
        at=_row([tick.at for tick in ticks]),
        weight=_row([tick.weight for tick in ticks]),
        begins=_row([tick.begins for tick in ticks]).astype(bool),
        counted=counted,
        timed=_row([tick.timed for tick in ticks]).astype(bool),
        proving=counted,
        champion=_arm([tick.arms[0] for tick in ticks]),
        challenger=_arm([tick.arms[1] for tick in ticks]),
    )


def counters_after(ticks: Sequence[Tick], arm: int) -> Counts:
    """Return where an arm's counters stood at the end of some ticks: their sum since the counters last began anew."""
    begun = max((place for place, tick in enumerate(ticks) if tick.reset[arm]), default=0)
    counts = [tick.arms[arm] for tick in ticks[begun:]]
    latency = tuple(map(sum, zip(*(one.latency for one in counts), strict=True)))
    predictions = tuple(map(sum, zip(*(one.predictions for one in counts), strict=True)))
    named = zip(*(one.named for one in counts), strict=True)
    pairs = tuple((sum(n for n, _ in one), sum(bad for _, bad in one)) for one in named)
    names = ("started", "requests", "errors")
    started, requests, errors = (sum(getattr(one, name) for one in counts) for name in names)
    return Counts(started, requests, errors, latency, predictions, pairs)


def _plain(counts: Counts, bounds: Sequence[float]) -> dict[str, Any]:
    names = [*(f"{bound:g}" for bound in bounds), _INFINITE]
    buckets = dict(zip(names, accumulate(counts.latency), strict=True))
    more: dict[str, Any] = {"named": counts.named} if counts.named else {}
    if counts.predictions:
        more["predictions"] = {str(place): number for place, number in enumerate(counts.predictions)}
    return {
        "requests": counts.requests, "errors": counts.errors, "started": counts.started, "latency_ms_le": buckets,
    } | more  # fmt: skip


def _counts(raw: Mapping[str, Any], bounds: Sequence[float]) -> Counts:
    buckets = raw["latency_ms_le"]
    if list(buckets) != [*(f"{bound:g}" for bound in bounds), _INFINITE]:
        raise ValueError("its latency buckets are others")
    latency = tuple(there - before for before, there in pairwise([0, *map(int, buckets.values())]))
    predictions = tuple(int(one) for one in raw.get("predictions", {}).values())
    named = tuple((int(n), int(bad)) for n, bad in raw.get("named", ()))
    return Counts(int(raw["started"]), int(raw["requests"]), int(raw["errors"]), latency, predictions, named)


def _arm(counts: Sequence[Counts]) -> Arm:
    numbers = ([getattr(one, name) for one in counts] for name in ("requests", "errors", "started"))
    requests, errors, started = (_row(one) for one in numbers)
    latency = np.array([[one.latency for one in counts]], dtype=np.float64)
    predictions = np.array([[one.predictions for one in counts]], dtype=np.float64)
    named = np.array([[one.named for one in counts]], dtype=np.float64).reshape(1, len(counts), -1, 2)
    return Arm(requests, errors, latency, predictions.reshape(1, len(counts), -1), started, named)


def _row(values: Sequence[float]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return np.array([values], dtype=np.float64)
