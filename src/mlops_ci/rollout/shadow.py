"""A challenger answers copies of real requests before it gets any: nobody sees its answers but this comparison."""

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import Any

from mlops_ci.errors import ProgramFailed
from mlops_ci.ports import Clock
from mlops_ci.report import Measurement, Verdict
from mlops_ci.rollout.sources.requests import Request, new_requests
from mlops_ci.rollout.sources.tail import Tail
from mlops_ci.traffic.engine import Engine

_LAST_ANSWERS = 1.0  # seconds that the last copies have to be answered
_LEAST = 3  # copies that must have failed, and no other, to say that all do
_ALIKE = 1e-9  # relative difference up to which two numbers are the same answer


@dataclass(frozen=True, slots=True)
class Shadow:
    """What both versions made of the same requests."""

    pairs: int  # requests that both answered
    champion_failed: int
    challenger_failed: int
    different: int  # of the pairs that neither failed
    champion_ms: float  # medians
    challenger_ms: float

    @property
    def refusal(self) -> str | None:
        """Return why the challenger must not get traffic: all its answers failed, and not all of the champion's."""
        if self.pairs < _LEAST or self.challenger_failed < self.pairs or self.champion_failed == self.pairs:
            return None
        return (
            f"shadow: all of {self.pairs:,} copied requests failed on the challenger, "
            f"{self.champion_failed:,} of them on the champion"
        )

    def measurements(self) -> tuple[Measurement, ...]:
        """Return the shadow step's numbers; nothing is judged by them but that not all answers fail."""
        answered = self.pairs - max(self.champion_failed, self.challenger_failed)
        failed = self.challenger_failed / self.pairs if self.pairs else None
        verdict: Verdict | None = None if not self.pairs else "fail" if self.refusal else "pass"
        share = self.different / answered if answered > 0 else None
        method = "copies of real requests, compared in pairs"
        return (
            Measurement(
                name="shadow: failed answers", metric="share", value=failed, n=self.pairs, method=method,
                verdict=verdict, evidence={"champion": self.champion_failed, "challenger": self.challenger_failed},
            ),
            Measurement(name="shadow: different answers", metric="share", value=share, n=answered, method=method),
            Measurement(
                name="shadow: answering time", metric="median", value=self.challenger_ms if self.pairs else None,
                unit="ms", n=self.pairs, method=method, evidence={"champion": self.champion_ms},
            ),
        )  # fmt: skip


def shadow(engine: Engine, clock: Clock, champion: str, challenger: str, *, seconds: float, key: str) -> Shadow:
    """Copy the champion's requests to the challenger for some time, and compare what both answered.

    Args:
        engine: with both versions running; afterwards the champion has all traffic, and nothing is copied.
        clock: to wait by.
        champion: its name.
        challenger: its name.
        seconds: how long.
        key: the output's entry that is compared; the whole output where it is missing.

    Raises:
        ProgramFailed: the proxy does not answer, or a version writes no request log.
    """
    logs = [Tail(engine.request_log(name)) for name in (champion, challenger)]
    for log in logs:
        _read(log)  # what was before
    engine.mirror(champion, challenger)
    try:
        clock.sleep(seconds)
    finally:
        engine.route({champion: 100})
    clock.sleep(_LAST_ANSWERS)
    theirs, mine = (_read(log) for log in logs)
    return compare(theirs, mine, key)


def compare(theirs: list[Request], mine: list[Request], key: str) -> Shadow:
    """Return what both made of the requests that stand in both logs once, by request id."""
    first, second = _once(theirs), _once(mine)
    both = [(first[one], second[one]) for one in first if one in second]
    answered = [pair for pair in both if not (pair[0].failed or pair[1].failed)]
    return Shadow(
        len(both),
        sum(one.failed for one, _ in both),
        sum(one.failed for _, one in both),
        sum(not _alike(*pair, key) for pair in answered),
        median([one.latency_ms for one, _ in both]) if both else 0.0,
        median([one.latency_ms for _, one in both]) if both else 0.0,
    )


def _read(log: Tail) -> list[Request]:
    if not log.path.exists():
        raise ProgramFailed(f"{log.path.name}: the version writes no request log, so its answers cannot be compared.")
    return list(new_requests(log))


def _once(requests: list[Request]) -> dict[str, Request]:
    """Return requests by id; an id that comes twice tells no pair."""
    times = Counter(one.id for one in requests)
    return {one.id: one for one in requests if times[one.id] == 1}


def _alike(one: Request, other: Request, key: str) -> bool:
    pair = one.answer(key), other.answer(key)
    return _same(*pair) if None not in pair else _same(one.output, other.output)


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - whatever models answer
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= _ALIKE * max(abs(one), abs(other), 1.0)
    return bool(one == other)
