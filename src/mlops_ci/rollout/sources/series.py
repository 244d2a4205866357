"""A set of counters whose sum only rises, although each begins anew when its process does, and some are late."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mlops_ci.tools.prometheus import Sample

_Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Series:
    """What all series of one query have counted together, by some label's value."""

    _last: dict[_Labels, int] = field(default_factory=dict)
    _totals: dict[str, int] = field(default_factory=dict)

    def take(self, samples: Iterable[Sample], key: Callable[[Mapping[str, str]], str]) -> dict[str, int]:
        """Return the totals by key after some samples.

        A value that fell began anew at zero. One that is the same was scraped once and read twice. A series that is
        missing was not scraped in time: what it counted stays, and what it counts meanwhile comes with its return.
        """
        for sample in samples:
            labels = tuple(sorted(sample.labels.items()))
            before = self._last.get(labels, 0)
            risen = sample.value - before if sample.value >= before else sample.value
            self._last[labels] = sample.value
            name = key(sample.labels)
            self._totals[name] = self._totals.get(name, 0) + risen
        return dict(self._totals)
