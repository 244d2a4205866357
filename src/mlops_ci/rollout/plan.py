"""What a service's traffic lets a canary see, and how long that takes: told before anything moves."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mlops_ci.rollout.judge import SHARES, Policy
from mlops_ci.rollout.trial import LEAST_REQUESTS
from mlops_ci.stats.canary.ratio import Events, HarmEvidence, requests_needed

RATIOS = (2.0, 4.0, 10.0, 40.0)  # times the champion's errors
_WEIGHTS = (1, 2, 5, 10, 25, 50)  # percent, that may be proposed as the first step
SLOW_RATE = 0.05  # of answers, where nothing else is known
_RUNS, _TICKS = 200, 300
_SEED = 7
_SPARE = 0.5  # part of the time limit that a good challenger should need in the median


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is known of a service before a release."""

    requests_per_second: float
    error_rate: float  # champion's
    slow_rate: float = SLOW_RATE  # champion's, of slow answers


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step: what it shows, in seconds; None for never within a hundred days."""

    weight: int  # percent
    detects: dict[str, float | None]  # "×2" → median time until half of such challengers are rolled back
    good: float | None  # time until a challenger as good as the champion goes on


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps, and the first step to begin with."""

    traffic: Traffic
    steps: tuple[StepPlan, ...]
    time_limit: float  # seconds
    proposed_start: int  # percent
    fits: bool  # a good challenger passes all steps from there in half of the time limit

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        return asdict(self)


def plan(traffic: Traffic, policy: Policy, steps: tuple[int, ...], time_limit: float) -> Plan:
    """Return what the traffic shows at each step, by simulation with a fixed seed, and a proposal for the first."""
    found = tuple(StepPlan(one, _detects(traffic, policy, one), _good(traffic, policy, one)) for one in steps)
    for start in _WEIGHTS:
        path = [start, *(one for one in steps if one > start)]
        needed = [_good(traffic, policy, one) for one in path]
        if all(one is not None for one in needed) and sum(filter(None, needed)) <= _SPARE * time_limit:
            return Plan(traffic, found, time_limit, start, fits=True)
    return Plan(traffic, found, time_limit, _WEIGHTS[-1], fits=False)


def _good(traffic: Traffic, policy: Policy, weight: int) -> float | None:
    """Return how long a good challenger stays at a weight: until the slower of both guardrails consents."""
    rates = (traffic.error_rate, traffic.slow_rate)
    return _time(max(requests_needed(rate, weight, policy.beta) for rate in rates) / traffic.requests_per_second)


def _detects(traffic: Traffic, policy: Policy, weight: int) -> dict[str, float | None]:
    return {f"×{ratio:g}": _median(traffic, policy, weight / 100, ratio) for ratio in RATIOS}


def _median(traffic: Traffic, policy: Policy, share: float, ratio: float) -> float | None:
    """Return the median time until a challenger with `ratio` times the errors is rolled back.

    The length of a tick follows from the mean gain of the likelihood ratio, so that few hundred of them suffice; the
    challenger has some requests in each.
    """
    bad = min(traffic.error_rate * ratio, 1.0)
    if bad <= traffic.error_rate or not traffic.error_rate:
        return None
    events = traffic.requests_per_second * (share * bad + (1 - share) * traffic.error_rate)
    part = share * bad / (share * bad + (1 - share) * traffic.error_rate)
    gain = events * (part * np.log(bad / traffic.error_rate) - np.log1p(share * (bad / traffic.error_rate - 1)))
    limit = -np.log(policy.alpha * SHARES["errors"] / (SHARES["errors"] + SHARES["latency"]))
    tick = max(3 * float(limit / gain) / _TICKS, LEAST_REQUESTS / (traffic.requests_per_second * share))
    draw = np.random.default_rng(_SEED)
    champion, challenger = (
        draw.poisson(traffic.requests_per_second * tick * part_, (_RUNS, _TICKS)) for part_ in (1 - share, share)
    )
    failed = (draw.binomial(champion, traffic.error_rate), draw.binomial(challenger, bad))
    seen = Events(*(one.astype(np.float64) for one in (champion, failed[0], challenger, failed[1])))
    path = HarmEvidence(_RUNS).observe(seen, np.ones_like(seen.champion)) >= limit
    when = np.where(path.any(axis=1), (np.argmax(path, axis=1) + 1) * tick, np.inf)
    return _time(float(np.median(when)))


def _time(seconds: float) -> float | None:
    return round(seconds, 1) if seconds < 100 * 86_400 else None
