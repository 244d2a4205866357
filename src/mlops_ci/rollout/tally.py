"""What a version did since its canary began, and how that reads to whoever is woken by it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from mlops_ci.traffic.engine import Counts

_MOST = 0.95  # the part of the answers that "most" are


@dataclass(slots=True)
class Tally:
    """One version's counts."""

    requests: int = 0
    errors: int = 0
    predictions: int = 0
    latency: list[int] = field(default_factory=list)  # answers by bucket
    named: list[tuple[int, int]] = field(default_factory=list)  # cases and bad ones of each further guardrail

    def add(self, more: Counts, *, timed: bool) -> None:
        """Count what came since; `timed` is false while latencies say nothing."""
        self.requests += more.requests
        self.errors += more.errors
        self.predictions += sum(more.predictions)
        named = self.named or [(0, 0)] * len(more.named)
        self.named = [(n + m, bad + worse) for (n, bad), (m, worse) in zip(named, more.named, strict=True)]
        if timed:
            latency = self.latency or [0] * len(more.latency)
            self.latency = [so_far + new for so_far, new in zip(latency, more.latency, strict=True)]

    def latencies(self, bounds: Sequence[float], slow: float) -> str:
        """Return how long the answers took.

        Args:
            bounds: upper bounds of the buckets but the last, in ms.
            slow: the one of them beyond which an answer is slow.
        """
        total = sum(self.latency)
        if not total:
            return "0 answers"
        late = sum(self.latency[bounds.index(slow) + 1 :])
        half, most = (self._within(part * total, bounds) for part in (0.5, _MOST))
        return f"{total:,} answers, half {half}, {100 * _MOST:.0f} % {most}, {late:,} over {slow:g} ms"

    def _within(self, answers: float, bounds: Sequence[float]) -> str:
        for bound, so_far in zip(bounds, accumulate(self.latency), strict=False):
            if so_far >= answers:
                return f"within {bound:g} ms"
        return f"over {bounds[-1]:g} ms"
