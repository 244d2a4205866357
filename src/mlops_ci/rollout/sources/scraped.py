"""Counts from a Prometheus server: integer counters and cumulative buckets, all as they stood at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mlops_ci.errors import ProgramFailed
from mlops_ci.ports import Clock
from mlops_ci.rollout.sources.series import Series
from mlops_ci.settings.canary import PrometheusSettings
from mlops_ci.tools.prometheus import Prometheus
from mlops_ci.traffic.engine import Counts

_SETTLED = 1.0  # seconds after which a scrape of all counters has been stored
_RELEASE = "$release"
_INFINITE = "+Inf"


@dataclass(slots=True)
class ScrapedCounts:
    """What the settings' queries find for each version.

    While the server is away nothing is lost: counters are cumulative, so the next look catches up.
    """

    names: tuple[str, ...]  # the champion's first
    options: PrometheusSettings
    clock: Clock
    named: tuple[str, ...] = ()
    _series: dict[tuple[str, str], Series] = field(default_factory=dict)
    _bounds: tuple[str, ...] | None = None
    _bins: tuple[str, ...] | None = None

    @property
    def bounds(self) -> tuple[float, ...]:
        """Return the bounds of the champion's latency buckets, in ms; raise ProgramFailed when they cannot be read."""
        if self._bounds is None:
            found = self._labels(self.options.latency_bucket, "le")
            self._bounds = tuple(sorted(found, key=float))
        return tuple(float(one) * 1000 for one in self._bounds[:-1])

    @property
    def bins(self) -> tuple[str, ...]:
        """Return the values of the label by which the champion's predictions are counted."""
        if self._bins is None:
            self._bins = tuple(sorted(self._labels(self.options.predictions, self.options.predictions_by)))
        return self._bins

    def counts(self) -> dict[str, Counts]:
        """Return the counts by version.

        Raises:
            ProgramFailed: the server does not answer, or knows no requests of the champion.
        """
        bounds, bins = self.bounds, self.bins
        at = self.clock.now() - _SETTLED
        found = {name: self._counted(name, at, bounds, bins) for name in self.names}
        if not found[self.names[0]].requests:
            raise ProgramFailed(f"Prometheus knows no requests of {self.names[0]}: {self.options.requests}")
        return found

    def _counted(self, name: str, at: float, bounds: Sequence[float], bins: Sequence[str]) -> Counts:
        requests = sum(self._read("requests", name, at).values())
        errors = sum(self._read("errors", name, at).values())
        latency: tuple[int, ...] = (0,)
        if bounds and self._bounds:
            latency = _apart(self._read("latency_bucket", name, at, "le"), self._bounds)
        predictions = self._read("predictions", name, at, self.options.predictions_by) if bins else {}
        return Counts(requests, requests, errors, latency, tuple(predictions.get(one, 0) for one in bins))

    def _read(self, kind: str, name: str, at: float, label: str = "") -> dict[str, int]:
        query = getattr(self.options, kind).replace(_RELEASE, name)
        samples = Prometheus(self.options.url).counters(query, at)
        series = self._series.setdefault((kind, name), Series())
        return series.take(samples, lambda labels: labels.get(label, ""))

    def _labels(self, query: str | None, label: str) -> set[str]:
        if query is None:
            return set()
        found = Prometheus(self.options.url).counters(query.replace(_RELEASE, self.names[0]), self.clock.now())
        values = {one.labels.get(label, "") for one in found}
        if not values or "" in values:
            raise ProgramFailed(f"Prometheus finds no series with the label {label}: {query}")
        return values


def _apart(cumulative: Mapping[str, int], bounds: Sequence[str]) -> tuple[int, ...]:
    """Return what lies in each bucket alone; one without samples yet is empty."""
    upto = [0, *(cumulative.get(bound, 0) for bound in bounds)]
    return tuple(max(there - before, 0) for before, there in pairwise(upto))
