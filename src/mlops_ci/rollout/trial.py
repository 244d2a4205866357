"""One canary as it runs: from an engine's rising counters to the judge's decision, tick by tick."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlops_ci.rollout.judge import Baseline, Evidence, Judge, Policy
from mlops_ci.rollout.ticks import Arm, Ticks
from mlops_ci.stats.canary.ratio import requests_needed
from mlops_ci.traffic.engine import Counts, Engine

LEAST_REQUESTS = 3  # to the challenger in a tick: without any, the champion's would say nothing
_LONGEST = 10.0  # seconds until a tick ends without them

Decision = Literal["go-on", "roll-back", "hold", "invalid"]


@dataclass(slots=True)
class _Totals:
    """What one arm did since the canary began."""

    requests: int = 0
    errors: int = 0
    timed: int = 0
    slow: int = 0


class Trial:
    """Follows two versions; a counter that falls was reset, and its tick starts from zero."""

    def __init__(self, engine: Engine, champion: str, challenger: str, policy: Policy) -> None:
        """Take the present counts as the start, and the champion's up to now as its baseline."""
        self._engine = engine
        self._names = (champion, challenger)
        none = Counts(0, 0, 0, (0,) * (len(engine.bounds) + 1))
        self._last = (none, none)
        self._last = self._counts()
        before = self._last[0]
        rate = np.array([before.errors / max(before.requests, 1)])
        baseline = Baseline(rate, np.array([before.latency], dtype=np.float64), np.ones(1))
        self._judge = Judge(baseline, policy, np.array(engine.bounds, dtype=np.float64))
        self._totals = (_Totals(), _Totals())
        self._evidence: Evidence | None = None
        self._weight, self._begins = 1, True
        self._looked, self._warm = 0.0, False  # when a tick last ended, and whether latencies counted then
        self.seen = 0

    def begin_step(self, weight: int) -> None:
        """Say that the challenger now gets `weight` percent."""
        self._weight, self._begins, self.seen = weight, True, 0

    def look(self, at: float, *, counted: bool, timed: bool) -> Decision:
        """Read the counters and decide.

        Args:
            at: seconds, rising.
            counted: false while answers from before a change of weights still come in.
            timed: false while a new replica is warming up.

        Raises:
            ProgramFailed: the counters cannot be read; the next look catches up.
        """
        now = self._counts()
        arms = tuple(_since(new, old) for new, old in zip(now, self._last, strict=True))
        counted = counted and not self._begins  # the first tick of a step has answers from before
        if counted and arms[1].requests < LEAST_REQUESTS and at - self._looked < _LONGEST:
            return "hold"  # what came in is counted with the next tick
        self._last, self._looked = now, at
        timed, self._warm = timed and self._warm, timed
        if counted:
            self.seen += sum(one.requests for one in arms)
            for total, one in zip(self._totals, arms, strict=True):
                self._add(total, one, timed=timed)
        champion, challenger = (_arm(one) for one in arms)
        ticks = Ticks(
            at=np.array([[at]]),
            weight=np.array([[float(self._weight)]]),
            begins=np.array([[self._begins]]),
            counted=np.array([[counted]]),
            timed=np.array([[timed]]),
            proving=np.array([[counted]]),
            champion=champion,
            challenger=challenger,
        )
        self._evidence, self._begins = self._judge.observe(ticks), False
        return _decision(self._evidence) if counted else "hold"

    @property
    def needed(self) -> int:
        """Return about how many requests of both arms a good challenger needs in this step."""
        beta = self._judge.policy.beta
        needed = [requests_needed(float(rate[0]), self._weight, beta) for rate in self._judge.rates.values()]
        return round(min(max(needed), 1e15))

    @property
    def evidence(self) -> float:
        """Return the e-value against the challenger, all guardrails together."""
        return float(np.exp(min(self._evidence.harm[0, 0], 600.0))) if self._evidence else 1.0

    @property
    def evidence_by(self) -> dict[str, float]:
        """Return the e-value against the challenger by guardrail."""
        by = self._evidence.harm_by if self._evidence else {}
        return {name: float(f"{np.exp(min(one[0, 0], 600.0)):.4g}") for name, one in by.items()}

    @property
    def culprit(self) -> str:
        """Return the guardrail with the most evidence against the challenger."""
        by = self._evidence.harm_by if self._evidence else {}
        return max(by, key=lambda name: float(by[name][0, 0]), default="")

    def describe(self, guardrail: str) -> str:
        """Return both arms' counts since the start in words."""
        theirs, mine = self._totals
        if guardrail == "errors":
            pairs = (f"{mine.errors:,} of {mine.requests:,}", f"{theirs.errors:,} of {theirs.requests:,}")
        else:
            pairs = (f"{mine.slow:,} slow of {mine.timed:,}", f"{theirs.slow:,} slow of {theirs.timed:,}")
        return f"{pairs[0]} requests to the challenger, {pairs[1]} to the champion"

    def status(self) -> str:
        """Return how far each guardrail is, in words."""
        if self._evidence is None:
            return "no requests yet"
        safety, harm = self._evidence.safety_by, self._evidence.harm_by
        parts = [
            f"{name}: for {np.exp(min(safety[name][0, 0], 9.2)):.1f}, against {np.exp(min(harm[name][0, 0], 9.2)):.1f}"
            for name in safety
        ]
        return f"{self.seen:,} requests; {'; '.join(parts)}"

    def _counts(self) -> tuple[Counts, Counts]:
        """Return both arms' counts; an arm that is missing from one answer stays as it was, and is not reset."""
        found = self._engine.counts()
        champion, challenger = (found.get(name, last) for name, last in zip(self._names, self._last, strict=True))
        return champion, challenger

    def _add(self, total: _Totals, more: Counts, *, timed: bool) -> None:
        total.requests += more.requests
        total.errors += more.errors
        if timed:
            total.timed += sum(more.latency)
            total.slow += sum(more.latency[int(self._judge.slow_above[0]) + 1 :])


def _decision(evidence: Evidence) -> Decision:
    if evidence.invalid[0, 0]:
        return "invalid"
    if evidence.rolls_back[0, 0]:
        return "roll-back"
    return "go-on" if evidence.goes_on[0, 0] else "hold"


def _since(new: Counts, old: Counts) -> Counts:
    """Return what happened between two readings; all of the new one when the counter was reset."""
    if new.requests < old.requests or sum(new.latency) < sum(old.latency):
        return new
    latency = tuple(max(there - before, 0) for there, before in zip(new.latency, old.latency, strict=True))
    started = max(new.started - old.started, 0)
    return Counts(started, new.requests - old.requests, max(new.errors - old.errors, 0), latency)


def _arm(counts: Counts) -> Arm:
    numbers = (np.array([[float(one)]]) for one in (counts.requests, counts.errors, counts.started))
    requests, errors, started = numbers
    return Arm(requests, errors, np.array([[counts.latency]], dtype=np.float64), np.zeros((1, 1, 0)), started)
