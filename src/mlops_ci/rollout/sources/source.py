"""What the judge needs of a source of counts, whatever it reads: a proxy, a Prometheus server, or a file."""

from typing import Protocol

from mlops_ci.traffic.engine import Counts


class Source(Protocol):
    """Counts by version since some moment; who reads them again later has lost nothing in between."""

    @property
    def bounds(self) -> tuple[float, ...]:
        """Return the upper bounds of the latency buckets but the last, in ms, rising."""
        ...

    @property
    def bins(self) -> tuple[str, ...]:
        """Return the bins of predictions; none when they are not counted."""
        ...

    @property
    def named(self) -> tuple[str, ...]:
        """Return the names of further guardrails, in the order in which the counts have them."""
        ...

    def counts(self) -> dict[str, Counts]:
        """Return the counts by version; raise ProgramFailed when they cannot be read."""
        ...
