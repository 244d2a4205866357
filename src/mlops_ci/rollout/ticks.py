"""What happened in a canary, tick by tick: counts of both arms, as arrays of releases × ticks."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mlops_ci.stats.canary.paths import Flags, Floats
from mlops_ci.stats.canary.ratio import Events


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """Counts of one version since the tick before."""

    requests: Floats  # final answers, (releases, ticks)
    errors: Floats
    latency: Floats  # answers by bucket, not cumulative, (releases, ticks, buckets); no buckets: not measured
    predictions: Floats  # predictions by bin, (releases, ticks, bins); no bins: not measured
    started: Floats  # requests begun, or users first seen, (releases, ticks): what the split is checked by
    named: Floats | None = None  # of further guardrails: cases, and bad ones, (releases, ticks, guardrails, 2)

    def part(self, ticks: slice) -> "Arm":
        """Return the counts of some ticks."""
        whole = {one.name: getattr(self, one.name) for one in fields(self)}
        return Arm(**{name: one[:, ticks] for name, one in whole.items() if one is not None})

    def slow(self, above: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Return how many answers were timed, and how many lie in buckets after `above`, (releases,)."""
        late = np.arange(self.latency.shape[-1]) > above[:, None]
        return self.latency.sum(axis=-1), (self.latency * late[:, None]).sum(axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """Both arms' counts, when they were read, and what each tick counts for."""

    at: Floats  # seconds, rising, (releases, ticks)
    weight: Floats  # the challenger's set share in percent, above 0 and below 100
    begins: Flags  # the step begins with this tick
    counted: Flags  # false where counts are missing, or answers from before a change of weights come in
    timed: Flags  # latencies count: not right after a start
    proving: Flags  # counts in the challenger's favour, too
    champion: Arm
    challenger: Arm

    def part(self, ticks: slice) -> "Ticks":
        """Return some of the ticks."""
        flags = (self.begins, self.counted, self.timed, self.proving)
        begins, counted, timed, proving = (one[:, ticks] for one in flags)
        arms = self.champion.part(ticks), self.challenger.part(ticks)
        return Ticks(self.at[:, ticks], self.weight[:, ticks], begins, counted, timed, proving, *arms)

    def errors(self) -> Events:
        """Return the failed requests."""
        champion, challenger = self.champion, self.challenger
        events = Events(champion.requests, champion.errors, challenger.requests, challenger.errors)
        return events.where(self.counted)

    def named(self, place: int) -> Events:
        """Return the cases of a further guardrail, and the bad ones among them."""
        arms = (self.champion.named, self.challenger.named)
        counts = [one[:, :, place, kind] for one in arms if one is not None for kind in (0, 1)]
        return Events(*counts).where(self.counted)

    def slow(self, above: NDArray[np.intp]) -> Events:
        """Return the answers that took longer than each release's bound."""
        events = Events(*self.champion.slow(above), *self.challenger.slow(above))
        return events.where(self.counted & self.timed)
