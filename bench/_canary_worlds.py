"""Simulated traffic for the canary's judge: two versions of which the truth is known, tick by tick."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from mlops_ci.rollout.judge import Baseline
from mlops_ci.rollout.tick_log import ArmLog, ReleaseLog
from mlops_ci.rollout.ticks import Arm, Ticks
from mlops_ci.stats.canary.paths import Flags, Floats

BOUNDS = np.array([5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0])  # ms
MEDIAN, SIGMA = 70.0, 0.5  # of log-normal answering times, in ms
BINS = np.array([0.4, 0.3, 0.15, 0.1, 0.05])  # of predictions


@dataclass(frozen=True)
class World:
    """Traffic, and how the challenger differs from the champion."""

    requests: float = 50.0  # a second
    base: float = 0.005  # champion's error rate
    ratio: float = 1.0  # challenger's, times that
    factor: float = 1.0  # challenger's answering times, times the champion's
    incident: tuple[float, float, float] | None = None  # from, to (s), errors added to both arms
    outage: tuple[float, float] | None = None  # no metrics from, to (s)
    clump: int = 1  # bad answers that come together on one arm
    heavy: bool = False  # … or as many as one sticky user sends: geometric, ten in the mean
    bursts: tuple[float, float, float] | None = None  # of one arm: every so many s, for s, with that error rate
    cold: float = 1.0  # challenger's answering times in its first minute, times
    share: float = 1.0  # challenger's real share, times the one that was set
    shifted: Floats | None = None  # challenger's predictions by bin
    with_predictions: bool = False
    tick: float = 5.0  # seconds
    history: float = 1_800.0  # seconds of the champion before the release


class Traffic:
    """Draws what both arms of many releases do."""

    def __init__(self, world: World, releases: int, seed: int) -> None:
        """Begin before the first request."""
        self.world, self.releases = world, releases
        self._draw = np.random.default_rng(seed)
        self._bursting = np.zeros((2, releases), dtype=bool)

    def baseline(self) -> Baseline:
        """Return the champion as its counts before the release show it."""
        world, length = self.world, 10.0
        requests, errors = [], []
        for _ in range(int(world.history / length)):
            n = self._draw.poisson(world.requests * length, self.releases)
            requests.append(n)
            errors.append(self._errors(n, world.base, 0, length))
        arm = _arm(np.stack(requests, 1), np.stack(errors, 1), np.zeros((self.releases, len(requests), 8)))
        at = np.tile(np.arange(len(requests)) * length, (self.releases, 1))
        found = Baseline.of(arm, at, np.ones_like(at, dtype=bool))
        latency = self._draw.multinomial(arm.requests.sum(1).astype(int), cells(1.0)).astype(np.float64)
        return Baseline(found.error_rate, latency, found.bursts)

    def counts(self, at: float, weight: Floats) -> tuple[Arm, Arm]:
        """Return what both arms did in the tick that ends at `at` seconds, with these weights in percent."""
        world = self.world
        total = self._draw.poisson(world.requests * world.tick, self.releases)
        mine = self._draw.binomial(total, np.minimum(weight / 100 * world.share, 1))
        added = 0.0
        if world.incident and world.incident[0] < at <= world.incident[1]:
            added = world.incident[2]
        factor = world.factor * (world.cold if at <= 60.0 else 1.0)  # noqa: PLR2004 - the first minute
        return (
            self._counts(total - mine, world.base + added, 1.0, 0, BINS),
            self._counts(mine, min(world.base * world.ratio, 1.0) + added, factor, 1, world.shifted),
        )

    def _counts(self, n: np.ndarray, rate: float, factor: float, arm: int, bins: Floats | None) -> Arm:
        errors = self._errors(n, rate, arm, self.world.tick)
        latency = self._draw.multinomial(n, cells(factor))
        predictions = None
        if self.world.with_predictions:
            predictions = self._draw.multinomial(n, BINS if bins is None else bins)[:, None]
        return _arm(n[:, None], errors[:, None], latency[:, None], predictions)

    def _errors(self, n: np.ndarray, rate: float, arm: int, seconds: float) -> np.ndarray:
        world, draw = self.world, self._draw
        rate = min(rate, 1.0)
        if world.heavy:
            users = draw.poisson(n * rate / 10)
            return np.minimum(users + draw.negative_binomial(np.maximum(users, 1), 0.1) * (users > 0), n)
        if world.clump > 1:
            return np.minimum(draw.poisson(n * rate / world.clump) * world.clump, n)
        if world.bursts:
            every, length, worst = world.bursts
            luck, on = draw.random(self.releases), self._bursting[arm]
            self._bursting[arm] = np.where(on, luck > seconds / length, luck < seconds / every)
            return draw.binomial(n, np.where(self._bursting[arm], worst, rate))
        return draw.binomial(n, rate)


def cells(factor: float) -> Floats:
    """Return the share of answers in each bucket when all take `factor` times as long."""
    below = norm.cdf(np.log(BOUNDS / (MEDIAN * factor)) / SIGMA)
    return np.diff(below, prepend=0.0, append=1.0)


def known(world: World, at: float) -> bool:
    """Say whether there are metrics at that time."""
    return not (world.outage and world.outage[0] < at <= world.outage[1])


def tick(world: World, at: float, weight: Floats, begins: Flags, settled: Flags, arms: tuple[Arm, Arm]) -> Ticks:
    """Return one tick of all releases; `settled` says where no answers from before a change of weights come in."""
    counted = (settled & known(world, at))[:, None]
    timed = np.full_like(counted, at > 60.0)  # noqa: PLR2004 - the first minute
    return Ticks(np.full(counted.shape, at), weight[:, None], begins[:, None], counted, timed, counted, *arms)


def logs(world: World, releases: int, steps: list[tuple[float, int]], seed: int) -> list[ReleaseLog]:
    """Return logs of releases whose weights rise on a timer: (seconds, percent), after a history at 0."""
    traffic = Traffic(world, releases, seed)
    weights = [0] * int(world.history / world.tick) + [
        w for seconds, w in steps for _ in range(int(seconds / world.tick))
    ]
    at = (np.arange(len(weights)) + 1) * world.tick - world.history
    arms = [traffic.counts(t, np.full(releases, float(w))) for t, w in zip(at, weights, strict=True)]
    there = np.array([known(world, t) for t in at])
    champion, challenger = (_joined([pair[which] for pair in arms]) for which in (0, 1))
    weight = np.array(weights, dtype=np.float64)
    return [
        ReleaseLog(f"r{at_}", at, weight, there, there, BOUNDS, (), _row(champion, at_), _row(challenger, at_))
        for at_ in range(releases)
    ]


def _joined(arms: list[Arm]) -> Arm:
    names = ("requests", "errors", "latency", "predictions", "started")
    return Arm(**{name: np.concatenate([getattr(one, name) for one in arms], axis=1) for name in names})


def _row(arm: Arm, at: int) -> ArmLog:
    return ArmLog(arm.requests[at], arm.errors[at], arm.latency[at], arm.predictions[at], arm.started[at])


def _arm(requests: np.ndarray, errors: np.ndarray, latency: np.ndarray, predictions: np.ndarray | None = None) -> Arm:
    n = requests.astype(np.float64)
    bins = np.zeros((*n.shape, 0)) if predictions is None else predictions.astype(np.float64)
    return Arm(n, errors.astype(np.float64), latency.astype(np.float64), bins, n)
