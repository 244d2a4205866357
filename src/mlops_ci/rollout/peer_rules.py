"""The documented rules of other controllers on the same logs, for comparison: thresholds, and scores.

Argo Rollouts: analysis with one threshold per interval (failureLimit 0, consecutiveErrorLimit 4). Flagger: checks
every minute (threshold 1; its documentation's example has 10). Kayenta: Mann-Whitney intervals on minute points,
judged hourly over a growing window (marginal 75, pass 95). None of them steers here: the log's weights stand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from mlops_ci.rollout.replay import Decision, Kind
from mlops_ci.rollout.tick_log import ArmLog, ReleaseLog
from mlops_ci.stats.canary.paths import Floats

_MINUTE = 60.0  # seconds
_LEAST_SUCCESS = 0.99
_SLOWEST_P99 = 500.0  # ms
_ARGO_ERRORS = 4  # measurements in a row without data
_KAYENTA_HOUR = 3600.0
_KAYENTA_HOURS = 3
_KAYENTA_CONFIDENCE = 0.98
_KAYENTA_BAND = 0.25
_KAYENTA_MARGINAL = 75.0
_KAYENTA_PASS = 95.0


@dataclass(frozen=True, slots=True)
class Window:
    """What both arms did in one interval; NaN where there is no data."""

    end: float  # seconds
    error_rates: tuple[float, float]  # champion, challenger
    p99: tuple[float, float]  # ms


def argo(log: ReleaseLog) -> Decision:
    """Abort at the first minute with less than 99 % success, or at the fifth without data in a row."""
    missing = 0
    for window in windows(log, _MINUTE):
        rate = window.error_rates[1]
        missing = missing + 1 if np.isnan(rate) else 0
        if rate > 1 - _LEAST_SUCCESS:
            return _ended(log, "rollback", window.end, "errors")
        if missing > _ARGO_ERRORS:
            return _ended(log, "rollback", window.end, "no data")
    return _ended(log, "promote", float(log.at[-1]), None)


def flagger(log: ReleaseLog, threshold: int = 1) -> Decision:
    """Roll back at the check after `threshold` have failed: success below 99 %, p99 above 500 ms, or no data."""
    failed, why = 0, None
    for window in windows(log, _MINUTE):
        if failed >= threshold:
            return _ended(log, "rollback", window.end, why)
        if not window.error_rates[1] <= 1 - _LEAST_SUCCESS:
            failed, why = failed + 1, "errors"
        elif len(log.bounds) and not window.p99[1] <= _SLOWEST_P99:
            failed, why = failed + 1, "latency"
    return _ended(log, "promote", float(log.at[-1]), None)


def kayenta(log: ReleaseLog) -> Decision:
    """Judge every hour, over all minutes so far, whether error rate and p99 of the challenger are higher."""
    minutes = windows(log, _MINUTE)
    start, score = _start(log), 0.0
    last = min(_KAYENTA_HOURS, int(np.ceil((log.at[-1] - start) / _KAYENTA_HOUR - 1e-9)))
    for hour in range(1, max(last, 1) + 1):
        until = [one for one in minutes if one.end <= start + hour * _KAYENTA_HOUR + 1e-6]
        score, worst = _score(until, with_latency=bool(len(log.bounds)))
        if score < _KAYENTA_MARGINAL and until:
            return _ended(log, "rollback", until[-1].end, worst)
    return _ended(log, "promote" if score >= _KAYENTA_PASS else "hold", float(log.at[-1]), None)


RULES: dict[str, Callable[[ReleaseLog], Decision]] = {"argo": argo, "flagger": flagger, "kayenta": kayenta}


def windows(log: ReleaseLog, length: float) -> list[Window]:
    """Return what happened in each interval since the challenger got traffic."""
    start = _start(log)
    exposed = (log.weight > 0) & (log.at > start)
    number = np.ceil((log.at - start) / length - 1e-9).astype(int)  # a tick's counts end with its time
    found = []
    for at in range(1, int(number[-1]) + 1):
        inside = exposed & (number == at)
        champion, challenger = (_rate(arm, inside) for arm in (log.champion, log.challenger))
        p99 = [_quantile(arm.latency[inside].sum(axis=0), log.bounds, 0.99) for arm in (log.champion, log.challenger)]
        found.append(Window(start + at * length, (champion, challenger), (p99[0], p99[1])))
    return found


def _start(log: ReleaseLog) -> float:
    """Return when the challenger got traffic: the tick before its first."""
    first = int(np.argmax(log.weight > 0))
    width = float(log.at[1] - log.at[0]) if len(log.at) > 1 else 1.0
    return float(log.at[first - 1]) if first else float(log.at[0]) - width


def _rate(arm: ArmLog, inside: Floats) -> float:
    requests = arm.requests[inside].sum()
    return float(arm.errors[inside].sum() / requests) if requests else float("nan")


def _quantile(counts: Floats, bounds: Floats, quantile: float) -> float:
    """Return a quantile as Prometheus reads it off buckets, linear inside; infinite beyond the last bound."""
    total = counts.sum()
    if not total or not len(bounds):
        return float("nan")
    below = np.cumsum(counts)[:-1]
    if quantile * total > below[-1]:
        return float("inf")
    edges = np.concatenate([[0.0], bounds])
    return float(np.interp(quantile * total, np.concatenate([[0.0], below]), edges))


def _score(minutes: list[Window], *, with_latency: bool) -> tuple[float, str | None]:
    """Return the share of metrics that are not higher, in percent, and one that is."""
    names = ("error_rates", "p99") if with_latency else ("error_rates",)
    higher = [name for name in names if _is_higher(np.array([getattr(one, name) for one in minutes]).reshape(-1, 2))]
    worst = {"error_rates": "errors", "p99": "latency"}[higher[0]] if higher else None
    return 100.0 * (len(names) - len(higher)) / len(names), worst


def _is_higher(points: Floats) -> bool:
    """Say whether the challenger's minutes lie above the champion's by the interval and the band."""
    champion, challenger = (column[~np.isnan(column)] for column in points.T)
    if not len(champion) or not len(challenger):
        return False
    shifts = np.sort(np.subtract.outer(challenger, champion), axis=None)
    sizes = len(champion), len(challenger)
    spread = np.sqrt(sizes[0] * sizes[1] * (sum(sizes) + 1) / 12)
    reach = NormalDist().inv_cdf(0.5 + _KAYENTA_CONFIDENCE / 2) * spread
    lower = shifts[int(np.clip(np.floor(sizes[0] * sizes[1] / 2 - reach), 0, len(shifts) - 1))]
    return bool(lower > _KAYENTA_BAND * abs(float(np.median(shifts))))


def _ended(log: ReleaseLog, decision: Kind, at: float, guardrail: str | None) -> Decision:
    up_to = (log.weight > 0) & (log.at <= at + 1e-6)
    step = int(np.sum(np.diff(log.weight[up_to], prepend=-1.0) != 0))
    return Decision(log.release, decision, at, step, guardrail, None, log.ignored)
