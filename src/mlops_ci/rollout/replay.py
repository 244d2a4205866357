"""What the judge would have decided on logged releases, and when; it follows the weights of the log, never steers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any, Literal

import numpy as np

from mlops_ci.rollout.judge import Baseline, Evidence, Judge, Policy
from mlops_ci.rollout.tick_log import ArmLog, ReleaseLog
from mlops_ci.rollout.ticks import Arm, Ticks
from mlops_ci.stats.canary.paths import Flags, Floats

Kind = Literal["rollback", "promote", "hold", "invalid"]
_BASELINE = 60.0  # seconds of the champion that stand for the time before, where the log begins with the release
_BATCH = 12_000  # ticks judged at once, over all releases
_LARGEST = 300.0  # logarithm beyond which evidence is not told apart


@dataclass(frozen=True, slots=True)
class Decision:
    """How one release ends."""

    release: str
    decision: Kind
    t: float  # seconds, in the log's own time
    step: int  # 1-based, 0 before the first
    guardrail: str | None
    evidence: float | None  # the e-value that decided, or at the end for a hold; other controllers' rules have none
    ignored: int = 0  # ticks of a time that was there already

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        plain = {name: getattr(self, name) for name in ("release", "decision", "t", "step", "guardrail", "evidence")}
        return plain | ({"ignored": self.ignored} if self.ignored else {})


@dataclass(frozen=True, slots=True)
class Timing:
    """When ticks count; the settings' own words."""

    steps: tuple[int, ...] = (5, 25, 50)  # the last is the one that promotes
    warm_up: float = 60.0  # seconds after the start in which latencies do not count


def replay(logs: Sequence[ReleaseLog], policy: Policy, timing: Timing) -> list[Decision]:
    """Return each release's decision: the first terminal one, or hold at the end of the log."""
    found: dict[int, Decision] = {}
    for places in _batches(logs):
        batch = [logs[place] for place in places]
        found |= dict(zip(places, _judged(batch, policy, timing), strict=True))
    return [found[place] for place in range(len(logs))]


def _batches(logs: Sequence[ReleaseLog]) -> Iterator[list[int]]:
    """Return places of releases that are judged together: of the same buckets and bins, and of about one length."""

    def key(place: int) -> tuple[tuple[float, ...], tuple[str, ...], int]:
        log = logs[place]
        return tuple(log.bounds), log.bins, len(log.at)

    for _, same in groupby(sorted(range(len(logs)), key=key), key=lambda place: key(place)[:2]):
        batch: list[int] = []
        for place in same:
            shortest = len(logs[batch[0]].at) if batch else 0
            if batch and ((len(batch) + 1) * len(logs[place].at) > _BATCH or len(logs[place].at) > 1.2 * shortest + 5):
                yield batch
                batch = []
            batch.append(place)
        yield batch


def _judged(logs: Sequence[ReleaseLog], policy: Policy, timing: Timing) -> list[Decision]:
    """Return the decisions on releases of one shape, judged side by side; short ones are filled up at their end."""
    length = max(len(log.at) for log in logs)
    ticks, steps, before = _lined_up(logs, length, timing)
    baseline = Baseline.of(ticks.champion, ticks.at, before)
    judge = Judge(baseline, policy, logs[0].bounds, len(logs[0].bins))
    size = max(_BATCH // len(logs), 1)
    found: list[Decision | None] = [None] * len(logs)
    last: Evidence | None = None
    for first in range(0, length, size):
        part = slice(first, min(first + size, length))
        last = judge.observe(ticks.part(part))
        for place, log in enumerate(logs):
            if found[place] is None:
                found[place] = _terminal(log, place, last, ticks, steps, part, timing)
        if all(found):
            break
    return [one or _held(log, place, last, steps) for place, (one, log) in enumerate(zip(found, logs, strict=True))]


def _lined_up(logs: Sequence[ReleaseLog], length: int, timing: Timing) -> tuple[Ticks, Floats, Flags]:
    """Return all releases' ticks side by side, the number of each tick's step, and the ticks of the baseline."""
    at = np.stack([_filled(log.at, length, rising=True) for log in logs])
    weight = np.stack([_filled(log.weight, length) for log in logs])
    there = np.arange(length) < np.array([len(log.at) for log in logs])[:, None]
    known = there & np.stack([_filled(log.known, length) for log in logs]).astype(bool)
    timed = np.stack([_filled(log.timed, length) for log in logs]).astype(bool)
    exposed = there & (weight > 0) & (weight < 100)  # noqa: PLR2004 - percent
    first = np.where(exposed.any(axis=1), np.argmax(exposed, axis=1), length)
    started = np.take_along_axis(np.pad(at, ((0, 0), (1, 0)), mode="edge"), first[:, None], axis=1)
    begins = exposed & (np.diff(weight, axis=1, prepend=-1.0) != 0)
    history = known & (weight == 0) & (np.arange(length) < first[:, None])
    young = known & exposed & (at <= started + _BASELINE)
    has_history = history.any(axis=1, keepdims=True)
    before = np.where(has_history, history, young)
    steps = np.cumsum(begins, axis=1)
    ticks = Ticks(
        at=at,
        weight=np.where(exposed, weight, 50.0),
        begins=begins,
        counted=known & exposed & ~begins,  # its first tick has answers from before the change of weight
        timed=timed & (at > started + timing.warm_up),
        proving=known & exposed & ~begins & (has_history | ~young),
        champion=_side_by_side([log.champion for log in logs], length),
        challenger=_side_by_side([log.challenger for log in logs], length),
    )
    return ticks, steps, before


def _side_by_side(arms: Sequence[ArmLog], length: int) -> Arm:
    return Arm(
        **{one.name: np.stack([_filled(getattr(arm, one.name), length) for arm in arms]) for one in fields(ArmLog)}
    )


def _filled(values: Floats | Flags, length: int, *, rising: bool = False) -> Floats:
    """Return values as long as the longest release's: with zeros at the end, or times that go on by a second."""
    missing = length - len(values)
    if not missing:
        return np.asarray(values, dtype=np.float64)
    more = np.zeros((missing, *values.shape[1:]))
    if rising:
        more += values[-1] + np.arange(1, missing + 1)
    return np.concatenate([values, more])


def _terminal(
    log: ReleaseLog, place: int, evidence: Evidence, ticks: Ticks, steps: Floats, part: slice, timing: Timing
) -> Decision | None:
    """Return the first decision that ends a release within some ticks; None when there is none."""
    counted = ticks.counted[place, part]
    may_promote = ticks.proving[place, part] & (ticks.weight[place, part] >= timing.steps[-1])
    invalid, back = evidence.invalid[place] & counted, evidence.rolls_back[place] & counted
    on = evidence.goes_on[place] & may_promote
    ends = np.flatnonzero(invalid | back | on)
    if not len(ends):
        return None
    tick = int(ends[0])
    at, step = float(ticks.at[place, part][tick]), int(steps[place, part][tick])
    if invalid[tick]:
        return Decision(log.release, "invalid", at, step, "split", _e_value(evidence.split[place, tick]), log.ignored)
    if back[tick]:
        culprit = max(evidence.harm_by, key=lambda name: float(evidence.harm_by[name][place, tick]))
        value = _e_value(evidence.harm[place, tick])
        return Decision(log.release, "rollback", at, step, culprit, value, log.ignored)
    least = min(float(one[place, tick]) for one in evidence.safety_by.values())
    return Decision(log.release, "promote", at, step, None, _e_value(least), log.ignored)


def _held(log: ReleaseLog, place: int, evidence: Evidence | None, steps: Floats) -> Decision:
    value = _e_value(evidence.harm[place, -1]) if evidence else 1.0
    return Decision(
        log.release, "hold", float(log.at[-1]), int(steps[place, len(log.at) - 1]), None, value, log.ignored
    )


def _e_value(logarithm: float) -> float:
    return float(f"{np.exp(min(float(logarithm), _LARGEST)):.6g}")
