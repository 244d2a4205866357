"""The judge of a canary: counts in, evidence out, and one of roll back, go on, hold or invalid; no clock, no network.

One error budget α over all guardrails, shared out before the start, bounds the chance that a challenger which is no
worse is rolled back. Going on needs every guardrail's consent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from mlops_ci.rollout.ticks import Arm, Ticks
from mlops_ci.stats.canary.bursts import Bursts
from mlops_ci.stats.canary.latency import LatencyEvidence
from mlops_ci.stats.canary.paths import Flags, Floats, RollingSum, log_mixture
from mlops_ci.stats.canary.predictions import WITHIN, PredictionEvidence
from mlops_ci.stats.canary.ratio import Events, HarmEvidence, SafetyEvidence
from mlops_ci.stats.canary.split import SplitEvidence

# How the chance of a false rollback is shared out among the guardrails that are measured; fixed before the start.
SHARES = {"errors": 0.6, "latency": 0.25, "predictions": 0.15}
_NAMED_SHARES = {"schema": 0.1, "labels": 0.3}
_NAMED_SHARE = 0.15  # of each named event or segment
_INCIDENT_WINDOW = 60.0  # seconds
_INCIDENT_LEAST = 6.0
_INCIDENT_TIMES = 2.5
_DOUBT = 2.0  # evidence against a challenger from which on no step is left
_LEAST = 1e-300  # an e-value's logarithm must be finite
_SLOW_PART = 0.05  # where no bound is set, slow is what about this part of the champion's answers is


@dataclass(frozen=True, slots=True)
class Policy:
    """By what the judge decides; the settings' own words."""

    alpha: float = 0.01  # chance of rolling back a challenger that is no worse
    beta: float = 0.05  # chance that a step overlooks a harmful challenger
    split_alpha: float = 0.001  # chance of calling a right split wrong
    latency_margin: float = 1.1  # how many times as slow is still no harm
    latency_floor: float = 0.0  # in the buckets' unit: below it nothing is compared
    slow: float | None = None  # the bound, in the buckets' unit, above which an answer is slow
    predictions_within: float | None = WITHIN  # times the champion's that a bin's share may be; None: any


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """The champion before the release; arrays have one entry for each release."""

    error_rate: Floats
    latency: Floats  # answers by bucket, (releases, buckets)
    bursts: Floats

    @classmethod
    def of(cls, ticks: Arm, at: Floats, counted: Flags) -> "Baseline":
        """Return what the champion's counts in some ticks say."""
        requests, errors = ticks.requests * counted, ticks.errors * counted
        alone = Events(requests, errors, np.zeros_like(requests), np.zeros_like(errors))
        bursts = Bursts(np.ones(len(at))).observe(at, alone)[:, -1]
        rate = errors.sum(axis=1) / np.maximum(requests.sum(axis=1), 1)
        return cls(rate, (ticks.latency * counted[..., None]).sum(axis=1), bursts)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known after each tick, as natural logarithms of e-values, (releases, ticks)."""

    policy: Policy
    harm: Floats  # against the challenger, all guardrails together
    harm_by: dict[str, Floats]
    safety_by: dict[str, Floats]  # for it, since the step began
    split: Floats  # against the set split

    @property
    def rolls_back(self) -> Flags:
        """Say where the evidence against the challenger suffices."""
        found: Flags = self.harm >= -np.log(self.policy.alpha)
        return found

    @property
    def goes_on(self) -> Flags:
        """Say where every guardrail has excluded harm, and nothing speaks for it all together."""
        safe = np.all([one >= -np.log(self.policy.beta) for one in self.safety_by.values()], axis=0)
        found: Flags = safe & (self.harm < np.log(_DOUBT))
        return found

    @property
    def invalid(self) -> Flags:
        """Say where the split is shown to be another than the one that was set."""
        found: Flags = self.split >= -np.log(self.policy.split_alpha)
        return found


@dataclass(slots=True, eq=False)
class _Guardrail:
    """One kind of bad event whose absence must be shown before a step is left."""

    rates: Floats  # the champion's, before the release
    safety: SafetyEvidence = field(init=False)
    window: RollingSum = field(init=False)

    def __post_init__(self) -> None:
        self.safety = SafetyEvidence(self.rates)
        self.window = RollingSum(len(self.rates), 2, _INCIDENT_WINDOW)

    def observe(self, ticks: Ticks, events: Events, bursts: Floats) -> Floats:
        """Count ticks in the challenger's favour, but for those in an incident that hits both arms."""
        bad, requests = np.moveaxis(self.window.extend(ticks.at, np.stack([events.bad, events.requests], -1)), -1, 0)
        calm = bad <= np.maximum(_INCIDENT_LEAST, _INCIDENT_TIMES * self.rates[:, None] * requests)
        events = events.where(ticks.proving & calm)
        return self.safety.observe(events, ticks.weight, ticks.begins, bursts)


class Judge:
    """Follows one release, or many at once, from tick to tick."""

    def __init__(
        self,
        baseline: Baseline,
        policy: Policy,
        bounds: Floats,
        bins: int = 0,
        *,
        named: Sequence[str] = (),
        so_far: Mapping[str, float] | None = None,
    ) -> None:
        """Begin with no evidence.

        Args:
            baseline: the champion before the release.
            policy: by what to decide.
            bounds: upper bounds of the latency buckets but the last; none, or at least two.
            bins: of predictions; 0 when they are not counted.
            named: further guardrails, in the order of the ticks' counts of them. None must consent to going on:
                labels and complaints may come too late for that.
            so_far: e-values against the challenger by guardrail, gathered before; those of now are multiplied by them.
        """
        releases = len(baseline.error_rate)
        self.policy = policy
        self._so_far = {name: float(np.log(max(value, _LEAST))) for name, value in (so_far or {}).items()}
        self.slow_above = _slow_bound(baseline.latency, bounds, policy.slow)
        self._errors, self._bursts = HarmEvidence(releases), Bursts(baseline.bursts)
        self._at: Floats | None = None  # the last tick's time
        self._latency = None
        if len(bounds):
            self._latency = LatencyEvidence(bounds, baseline.latency, policy.latency_margin, policy.latency_floor)
        within = policy.predictions_within
        self._predictions = PredictionEvidence(bins, releases, within) if bins and within else None
        self._guardrails = {"errors": _Guardrail(baseline.error_rate)}
        if len(bounds):
            self._guardrails["latency"] = _Guardrail(_rate_above(baseline.latency, self.slow_above))
        self._split = SplitEvidence(releases)
        measured = {"errors": True, "latency": bool(len(bounds)), "predictions": self._predictions is not None}
        shares = {name: SHARES[name] for name, is_there in measured.items() if is_there}
        shares |= {name: _NAMED_SHARES.get(name, _NAMED_SHARE) for name in named}
        self._named = {name: (HarmEvidence(releases), Bursts(np.ones(releases))) for name in named}
        self.shares = {name: share / sum(shares.values()) for name, share in shares.items()}

    @property
    def rates(self) -> dict[str, Floats]:
        """Return the champion's rate of each bad event before the release."""
        return {name: one.rates for name, one in self._guardrails.items()}

    def observe(self, ticks: Ticks) -> Evidence:
        """Count what happened and return what is known after each tick."""
        errors = ticks.errors()
        bursts = self._bursts.observe(ticks.at, errors)
        by = {"errors": self._errors.observe(errors, bursts)}
        safety = {"errors": self._guardrails["errors"].observe(ticks, errors, bursts)}
        if self._latency:
            timed = (ticks.counted & ticks.timed)[..., None]
            champion, challenger = ticks.champion.latency * timed, ticks.challenger.latency * timed
            by["latency"] = self._latency.observe(champion, challenger, self._seconds(ticks.at))
            safety["latency"] = self._guardrails["latency"].observe(
                ticks, ticks.slow(self.slow_above), np.ones_like(ticks.at)
            )
        if self._predictions:
            known = ticks.counted[..., None]
            champion, challenger = ticks.champion.predictions * known, ticks.challenger.predictions * known
            by["predictions"] = self._predictions.observe(champion, challenger)
        for place, (name, (evidence, bursts_of)) in enumerate(self._named.items()):
            events = ticks.named(place)
            by[name] = evidence.observe(events, bursts_of.observe(ticks.at, events))
        by = {name: one + self._so_far.get(name, 0.0) for name, one in by.items()}
        harm = log_mixture(np.stack(list(by.values()), -1), np.array([self.shares[name] for name in by]))
        return Evidence(self.policy, harm, by, safety, self._split_of(ticks))

    def _seconds(self, at: Floats) -> Floats:
        """Return how long each tick lasted; the very first counts as a short one."""
        lasted = np.diff(at, axis=1, prepend=at[:, :1] if self._at is None else self._at)
        self._at = at[:, -1:]
        return lasted

    def _split_of(self, ticks: Ticks) -> Floats:
        champion, challenger = ticks.champion.started, ticks.challenger.started
        return self._split.observe(
            np.where(ticks.counted, champion, 0.0),
            np.where(ticks.counted, challenger, 0.0),
            ticks.weight / 100,
            ticks.begins,
        )


def _slow_bound(latency: Floats, bounds: Floats, slow: float | None) -> NDArray[np.intp]:
    """Return the bucket after which an answer counts as slow, for each release."""
    if not len(bounds):
        return np.zeros(len(latency), dtype=np.intp)
    if slow is not None:
        return np.full(len(latency), np.argmin(np.abs(bounds - slow)))
    above = 1 - (np.cumsum(latency, axis=1)[:, :-1] + 0.5) / (latency.sum(axis=1, keepdims=True) + 1)
    nearest: NDArray[np.intp] = np.argmin(np.abs(logit(above) - logit(_SLOW_PART)), axis=1)
    return nearest


def _rate_above(latency: Floats, above: NDArray[np.intp]) -> Floats:
    late = np.arange(latency.shape[1]) > above[:, None]
    rates: Floats = (latency * late).sum(axis=1) / np.maximum(latency.sum(axis=1), 1)
    return rates
