"""What became of predictions after they were made: labels that come late, and events such as complaints.

A file of outcomes has one JSON object a line: `{"request_id": …, "label": …}` or `{"request_id": …, "event": name}`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_ci.errors import ProgramFailed
from mlops_ci.rollout.sources.tail import Tail

_REMEMBERED = 1_000_000  # requests whose label may still come


@dataclass(slots=True)
class Cases:
    """Cases of each version, and the bad ones among them; both only rise."""

    by: dict[str, list[int]] = field(default_factory=dict)

    def add(self, version: str, *, bad: bool) -> None:
        """Count a case."""
        counted = self.by.setdefault(version, [0, 0])
        counted[0] += 1
        counted[1] += bad

    def of(self, version: str) -> tuple[int, int]:
        """Return a version's cases and bad ones."""
        n, bad = self.by.get(version, (0, 0))
        return n, bad


@dataclass(slots=True)
class Labels:
    """Predictions that wait for their label; each is a case when it comes, whenever that is."""

    wrong_beyond: float | None  # difference of numbers from which on an answer is wrong; None: any
    cases: Cases = field(default_factory=Cases)
    _waiting: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def predicted(self, request: str, version: str, answer: Any, label: Any) -> None:  # noqa: ANN401
        """Take a prediction, and its label if it is known already."""
        if label is not None:
            self.cases.add(version, bad=self._wrong(answer, label))
            return
        self._waiting[request] = (version, answer)
        if len(self._waiting) > _REMEMBERED:
            self._waiting.pop(next(iter(self._waiting)))

    def waits_for(self, request: str) -> bool:
        """Say whether a prediction on this request is known that has no label yet."""
        return request in self._waiting

    def came(self, request: str, label: Any) -> None:  # noqa: ANN401 - whatever is predicted
        """Take a label; the first one of a request counts, and one of an unknown request does not."""
        if found := self._waiting.pop(request, None):
            version, answer = found
            self.cases.add(version, bad=self._wrong(answer, label))

    def _wrong(self, answer: Any, label: Any) -> bool:  # noqa: ANN401
        if isinstance(answer, int | float) and isinstance(label, int | float):
            return bool(abs(answer - label) > (self.wrong_beyond or 0.0))
        return str(answer) != str(label)


@dataclass(slots=True)
class Happenings:
    """Requests that wait for something bad to be heard of them: for the same time each, so none counts too early.

    Who would count bad ones when they are heard of, and good ones at once, would compare events of one hour with
    requests of another.
    """

    wait: float  # seconds
    cases: Cases = field(default_factory=Cases)
    _waiting: deque[tuple[float, str, str]] = field(default_factory=deque)  # time, version, request
    _bad: set[str] = field(default_factory=set)

    def answered(self, request: str, version: str, at: float) -> None:
        """Take a request that was answered at that time, in seconds since the epoch."""
        self._waiting.append((at, version, request))

    def happened(self, request: str) -> None:
        """Take the event."""
        self._bad.add(request)

    def settle(self, now: float) -> None:
        """Count the requests whose time is over."""
        while self._waiting and self._waiting[0][0] <= now - self.wait:
            _, version, request = self._waiting.popleft()
            self.cases.add(version, bad=request in self._bad)
            self._bad.discard(request)


@dataclass(slots=True)
class Outcomes:
    """A file of outcomes, and what waits for its lines."""

    log: Tail
    labels: Labels
    events: dict[str, Happenings]

    def read(self) -> None:
        """Take what came; raise ProgramFailed when the file cannot be read, or has a line of another kind."""
        from orjson import loads

        for line in self.log.lines():
            try:
                raw = loads(line)
                request = str(raw["request_id"])
                if "event" in raw:
                    if counted := self.events.get(raw["event"]):
                        counted.happened(request)
                else:
                    self.labels.came(request, raw["label"])
            except (AttributeError, KeyError, TypeError, ValueError) as problem:
                raise ProgramFailed(f"{self.log.path} has a line that is no outcome: {problem!r}.") from problem


def happenings(names: Sequence[str], wait: float) -> dict[str, Happenings]:
    """Return what waits for each kind of event."""
    return {name: Happenings(wait) for name in names}
