"""One canary as it runs: from rising counters to the judge's decision, tick by tick."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from mlops_ci.rollout.judge import Baseline, Evidence, Judge, Policy
from mlops_ci.rollout.live_ticks import Tick, counters_after, side_by_side
from mlops_ci.rollout.sources.source import Source
from mlops_ci.rollout.tally import Tally
from mlops_ci.stats.canary.paths import Floats
from mlops_ci.stats.canary.ratio import requests_needed
from mlops_ci.traffic.engine import Counts

LEAST_REQUESTS = 3  # to the challenger in a tick: without any, the champion's would say nothing
_LONGEST = 10.0  # seconds until a tick ends without them

Decision = Literal["go-on", "roll-back", "hold", "invalid"]
Log = Callable[[Tick], None]


def _forget(_tick: Tick) -> None:
    """Keep no log."""


class Trial:
    """Follows two versions; a counter that falls was reset, and its tick starts from zero."""

    def __init__(
        self,
        source: Source,
        names: tuple[str, str],
        policy: Policy,
        past: Sequence[Tick] = (),
        log: Log = _forget,
        so_far: Mapping[str, float] | None = None,
    ) -> None:
        """Take the present counts as the start, and the champion's up to now as its baseline; or go on.

        Args:
            source: whose counters are read.
            names: the champion's and the challenger's.
            policy: by what to judge.
            past: the ticks of this canary so far, as `log` got them: the evidence stands where it stood then.
            log: gets every tick, before it is judged.
            so_far: e-values by guardrail, where the ticks that they came from are not at hand.
        """
        self._source, self._names, self._log = source, names, log
        self._evidence: Evidence | None = None
        self._totals = (Tally(), Tally())
        self.weight, self._begins = 1, True
        self._looked, self._warm = 0.0, False  # when a tick last ended, and whether latencies counted then
        self.seen = 0
        none = Counts(0, 0, 0, (0,) * (len(source.bounds) + 1), (0,) * len(source.bins), ((0, 0),) * len(source.named))
        self._last = (none, none)
        first = past[0] if past else Tick(0.0, 0, begins=False, counted=False, timed=False, arms=self._counts())
        self._last = first.arms
        self.before = first.arms[0]  # the champion's counts when the canary began
        known = None if past else so_far
        bounds = np.array(source.bounds, dtype=np.float64)
        bins, named = len(source.bins), source.named
        self._judge = Judge(_baseline(self.before), policy, bounds, bins, named=named, so_far=known)
        if past:
            self._catch_up(past)
        else:
            log(first)

    def begin_step(self, weight: int) -> None:
        """Say that the challenger now gets `weight` percent."""
        self.weight, self._begins, self.seen = weight, True, 0

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
        champion, challenger = (new.since(old) for new, old in zip(now, self._last, strict=True))
        counted = counted and not self._begins  # the first tick of a step has answers from before
        if counted and challenger.requests < LEAST_REQUESTS and at - self._looked < _LONGEST:
            return "hold"  # what came in is counted with the next tick
        warm, self._warm = timed and self._warm, timed
        reset = (now[0].fell(self._last[0]), now[1].fell(self._last[1]))
        tick = Tick(at, self.weight, self._begins, counted, warm, (champion, challenger), reset)
        self._log(tick)
        self._last = now
        self._observe([tick])
        assert self._evidence is not None  # noqa: S101 - it was observed
        return _decision(self._evidence) if counted else "hold"

    def _catch_up(self, past: Sequence[Tick]) -> None:
        """Judge the ticks of an earlier process; the counters are taken to have been read at the last of them."""
        if len(past) > 1:
            self.weight = past[-1].weight
            self._observe(past[1:])
            self._warm = past[-1].timed
        self._last = (counters_after(past, 0), counters_after(past, 1))

    def _observe(self, ticks: Sequence[Tick]) -> None:
        for tick in ticks:
            if tick.begins:
                self.seen = 0
            if tick.counted:
                self.seen += sum(one.requests for one in tick.arms)
                for so_far, one in zip(self._totals, tick.arms, strict=True):
                    so_far.add(one, timed=tick.timed)
        self._evidence, self._begins = self._judge.observe(side_by_side(ticks)), False
        self._looked = ticks[-1].at

    @property
    def needed(self) -> int:
        """Return about how many requests of both arms a good challenger needs in this step."""
        beta = self._judge.policy.beta
        needed = [requests_needed(float(rate[0]), self.weight, beta) for rate in self._judge.rates.values()]
        return round(min(max(needed), 1e15))

    @property
    def evidence(self) -> float:
        """Return the e-value against the challenger, all guardrails together."""
        return float(np.exp(min(self._evidence.harm[0, -1], 600.0))) if self._evidence else 1.0

    @property
    def evidence_by(self) -> dict[str, float]:
        """Return the e-value against the challenger by guardrail."""
        by = self._evidence.harm_by if self._evidence else {}
        return {name: float(f"{np.exp(min(one[0, -1], 600.0)):.4g}") for name, one in by.items()}

    @property
    def culprit(self) -> str:
        """Return the guardrail with the most evidence against the challenger."""
        by = self._evidence.harm_by if self._evidence else {}
        return max(by, key=lambda name: float(by[name][0, -1]), default="")

    def describe(self, guardrail: str) -> str:
        """Return both arms' counts since the start in words."""
        theirs, mine = self._totals
        if guardrail == "latency":
            bounds = self._source.bounds
            took = [one.latencies(bounds, bounds[int(self._judge.slow_above[0])]) for one in (mine, theirs)]
            return f"the challenger gave {took[0]}; the champion {took[1]}"
        if guardrail == "predictions":
            return f"{mine.predictions:,} answers of the challenger, {theirs.predictions:,} of the champion"
        if guardrail in self._source.named:
            place = self._source.named.index(guardrail)
            pairs = (_bad(mine.named[place]), _bad(theirs.named[place]))
        else:
            pairs = (f"{mine.errors:,} of {mine.requests:,}", f"{theirs.errors:,} of {theirs.requests:,}")
        return f"{pairs[0]} requests to the challenger, {pairs[1]} to the champion"

    def status(self) -> str:
        """Return how far each guardrail is, in words."""
        if self._evidence is None:
            return "no requests yet"
        safety, harm = self._evidence.safety_by, self._evidence.harm_by
        parts = [f"{name}: for {_shown(safety[name])}, against {_shown(harm[name])}" for name in safety]
        return f"{self.seen:,} requests; {'; '.join(parts)}"

    def _counts(self) -> tuple[Counts, Counts]:
        """Return both arms' counts; an arm that is missing from one answer stays as it was, and is not reset."""
        found = self._source.counts()
        champion, challenger = (found.get(name, last) for name, last in zip(self._names, self._last, strict=True))
        return champion, challenger


def _bad(counted: tuple[int, int]) -> str:
    return f"{counted[1]:,} of {counted[0]:,}"


def _shown(evidence: Floats) -> str:
    return f"{np.exp(min(evidence[0, -1], 9.2)):.1f}"


def _baseline(before: Counts) -> Baseline:
    rate = np.array([before.errors / max(before.requests, 1)])
    return Baseline(rate, np.array([before.latency], dtype=np.float64), np.ones(1))


def _decision(evidence: Evidence) -> Decision:
    if evidence.invalid[0, -1]:
        return "invalid"
    if evidence.rolls_back[0, -1]:
        return "roll-back"
    return "go-on" if evidence.goes_on[0, -1] else "hold"
