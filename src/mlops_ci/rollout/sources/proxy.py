"""Counts from the engine's own proxy: no other service is needed."""

from dataclasses import dataclass

from mlops_ci.traffic.engine import Counts, Engine


@dataclass(frozen=True, slots=True)
class ProxyCounts:
    """What the proxy counted: it sees every final answer, its own included."""

    engine: Engine
    bins: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    @property
    def bounds(self) -> tuple[float, ...]:
        """Return the bounds of the proxy's latency buckets, in ms."""
        return self.engine.bounds

    def counts(self) -> dict[str, Counts]:
        """Return the proxy's counters by version."""
        return self.engine.counts()
