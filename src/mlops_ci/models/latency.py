"""Latency of two models side by side: interleaved rounds, and the noise of a model beside its own copy first."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlops_ci.models.asked import Asked
from mlops_ci.stats.paired import Floats

ROUNDS = 12  # the round is the unit of the interval
PER_ROUND = 25  # single requests of each model in a round, fewer of slow models
BATCHES = 3  # batch requests of each model in a round
BATCH_ROWS = 256
WARM_UP = 20  # single requests before the first round
_SECONDS = 60.0  # that the rounds of a slow model may take together, about


@dataclass(frozen=True, slots=True)
class Rounds:
    """Milliseconds of one model: single requests and batches, both of shape (rounds, requests)."""

    single: Floats
    batch: Floats


@dataclass(frozen=True, slots=True)
class Timed:
    """Rounds by arm; and of one model beside its own copy, whose difference is noise."""

    arms: Mapping[str, Rounds]
    noise: tuple[Rounds, Rounds]


def measure(arms: Mapping[str, Asked], copy: Asked, rows: int, *, batches: bool) -> Timed:
    """Time the arms in ABBA order, so that a drift of the machine hits them alike; `copy` is of the last arm's model.

    Args:
        arms: one or two models, all alive.
        copy: another process of the last model, the challenger.
        rows: how many golden rows there are to choose from.
        batches: whether batches are timed, too.
    """
    single, batch = _chosen(rows)
    batch = batch if batches else []
    slowest = 0.0
    for asked in (*arms.values(), copy):
        slowest = max(slowest, float(np.median(asked.time(single[-1][:WARM_UP], batch=False))))
        if batch:
            slowest = max(slowest, asked.time(batch, batch=True)[0] * BATCHES / PER_ROUND)
    requests = int(np.clip(_SECONDS * 1000 / (ROUNDS * 4 * max(slowest, 1e-3)), 3, PER_ROUND))
    plan = [one[:requests] for one in single[:ROUNDS]]
    last = list(arms.values())[-1]
    original, twin = _rounds({"original": last, "copy": copy}, plan, batch).values()
    return Timed(_rounds(arms, plan, batch), (original, twin))


def _chosen(rows: int) -> tuple[list[list[int]], list[int]]:
    """Return which rows each round asks for, one round more to warm up, and which rows make a batch."""
    draw = np.random.default_rng(0)
    single = draw.integers(0, rows, size=(ROUNDS + 1, max(WARM_UP, PER_ROUND))).tolist()
    return single, draw.integers(0, rows, size=min(rows, BATCH_ROWS)).tolist()


def _rounds(arms: Mapping[str, Asked], plan: list[list[int]], batch: list[int]) -> dict[str, Rounds]:
    single: dict[str, list[list[float]]] = {name: [] for name in arms}
    batches: dict[str, list[list[float]]] = {name: [] for name in arms}
    for number, rows in enumerate(plan):
        for name in arms if number % 2 == 0 else reversed(list(arms)):
            single[name].append(arms[name].time(rows, batch=False))
            count = BATCHES if batch else 0
            batches[name].append([arms[name].time(batch, batch=True)[0] for _ in range(count)])
    return {name: Rounds(np.array(single[name]), np.array(batches[name])) for name in arms}
