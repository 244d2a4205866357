"""Envoy's counters by version, as its admin interface tells them: integers that only rise while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

QUERY = r"filter=^cluster\.[^.]*\.upstream_rq_(total|completed|5xx|time)$&format=json&histogram_buckets=cumulative"
_BUCKETS_MS = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 60000)


@dataclass(frozen=True, slots=True)
class ArmStats:
    """Cumulative counts of one version since the proxy started."""

    started: int  # requests sent on to it
    requests: int  # final answers
    errors: int  # answers 5xx, the proxy's own included
    timed: int  # requests in the latency histogram
    faster: Mapping[float, int]  # upper bound in ms → requests up to it


def latency_bounds(slow_ms: float) -> tuple[float, ...]:
    """Return the upper bounds of the latency buckets in ms; what counts as slow is one of them."""
    return tuple(sorted({*map(float, _BUCKETS_MS), slow_ms}))


def parse_stats(raw: Mapping[str, Any]) -> dict[str, ArmStats]:
    """Return counts by version from Envoy's `/stats?format=json` answer."""
    counters = {one["name"]: int(one["value"]) for one in raw["stats"] if "name" in one}
    histograms = {
        histogram["name"]: {float(row["upper_bound"]): int(row["cumulative"]) for row in histogram["buckets"]}
        for one in raw["stats"]
        for histogram in one.get("histograms", [])
    }
    names = {name.split(".")[1] for name in counters}
    return {name: _arm(name, counters, histograms.get(f"cluster.{name}.upstream_rq_time", {})) for name in names}


def _arm(name: str, counters: Mapping[str, int], faster: Mapping[float, int]) -> ArmStats:
    return ArmStats(
        counters.get(f"cluster.{name}.upstream_rq_total", 0),
        counters.get(f"cluster.{name}.upstream_rq_completed", 0),
        counters.get(f"cluster.{name}.upstream_rq_5xx", 0),
        max(faster.values(), default=0),
        faster,
    )
