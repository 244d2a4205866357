"""What it takes to run a model: its latency over rounds, and its size."""

from dataclasses import replace
from math import exp, inf, log

import numpy as np

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.models.answers import Answers
from mlops_ci.models.latency import Rounds
from mlops_ci.models.metrics.known import BATCH, LATENCIES
from mlops_ci.report import Measurement
from mlops_ci.settings.fields import Margin
from mlops_ci.stats import paired
from mlops_ci.stats.paired import Floats, Interval


def running(metric: str, answers: Answers) -> Interval:
    """Return the mean over rounds of a quantile of latency in milliseconds, or a size in megabytes."""
    if metric not in LATENCIES:
        return _exactly(_size(answers))
    found = paired.mean(quantiles(metric, answers))
    return replace(found, method="rounds in ABBA order, Student's t")


def running_difference(metric: str, challenger: Answers, champion: Answers, *, is_relative: bool) -> Interval:
    """Return how much less the challenger takes, or (`is_relative`) one minus the ratio, positive for the better."""
    if metric not in LATENCIES:
        ours, theirs = _size(challenger), _size(champion)
        return _exactly((theirs - ours) / (theirs if is_relative else 1.0))
    mine, other = quantiles(metric, challenger), quantiles(metric, champion)
    ratio = paired.mean(np.log(mine / other))
    scale = 1.0 if is_relative else float(other.mean())
    value, low, high = (scale * (1 - exp(one)) for one in (ratio.value, ratio.high, ratio.low))
    detectable = scale * ratio.detectable
    return Interval(value, low, high, detectable, "rounds in ABBA order, ratio by Student's t")


def too_noisy(metric: str, margin: Margin | None, found: Measurement, noise: tuple[Rounds, Rounds] | None) -> str:
    """Return why latencies decide nothing: a model beside its own copy differs by as much as decided the verdict."""
    if noise is None or found.verdict == "inconclusive":
        return ""
    floor, distance = noise_floor(metric, noise), _distance(margin, found)
    said = f"a model and its own copy differ by up to {floor:.1%}, and the verdict hangs on {distance:.1%}"
    return said if floor >= distance else ""


def _distance(margin: Margin | None, found: Measurement) -> float:
    """Return how far the bound that decided lies from the limit, as a logarithm of their ratio."""
    low, high, limit = found.low or 0.0, found.high or 0.0, found.threshold or 0.0
    if margin is None:
        decided = min((low, high), key=lambda bound: abs(bound - limit))  # both lie on one side of it
        return abs(log(decided / limit)) if decided > 0 and limit > 0 else inf
    scale = 1.0 if margin.relative else found.champion or 1.0
    decided = 1 - (low if found.verdict == "pass" else high) / scale
    allowed = 1 - limit / scale
    return abs(log(decided / allowed)) if decided > 0 and allowed > 0 else inf


def noise_floor(metric: str, noise: tuple[Rounds, Rounds]) -> float:
    """Return the largest logarithm of a ratio that a model beside its own copy allows, at 95 %."""
    original, copy = (_of_rounds(metric, one) for one in noise)
    ratio = paired.mean(np.log(copy / original))
    return max(abs(ratio.low), abs(ratio.high))


def quantiles(metric: str, answers: Answers) -> Floats:
    """Return a quantile of the latency in each round, shape (rounds,), in milliseconds."""
    if answers.latencies is None:
        raise NothingToJudge(f"gate.rules: {metric}: no latency was measured.")
    return _of_rounds(metric, answers.latencies)


def _of_rounds(metric: str, rounds: Rounds) -> Floats:
    """Return a quantile of each round, shape (rounds,), in milliseconds."""
    return np.asarray(np.quantile(rounds.batch if metric in BATCH else rounds.single, LATENCIES[metric], axis=1))


def _size(answers: Answers) -> float:
    if answers.megabytes is None:
        raise UsageProblem("gate.rules: model_size_mb needs both models as folders, not as files or services.")
    return answers.megabytes


def _exactly(value: float) -> Interval:
    return Interval(value, value, value, 0.0, "measured exactly")
