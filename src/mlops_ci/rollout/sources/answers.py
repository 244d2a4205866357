"""Counts from the versions' own request logs: what they answered, how that turned out, and for whom."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_ci.ports import Clock
from mlops_ci.rollout.sources.bins import Bins
from mlops_ci.rollout.sources.outcomes import Cases, Outcomes
from mlops_ci.rollout.sources.requests import Request, new_requests
from mlops_ci.rollout.sources.tail import Tail
from mlops_ci.traffic.engine import Counts

_REFUSED = 400  # status from which on the model was not asked, or could not answer


@dataclass(slots=True)
class _Version:
    """What one version answered."""

    log: Tail
    latency: list[int]
    predictions: list[int]
    requests: int = 0
    errors: int = 0


@dataclass(slots=True)
class AnswerCounts:
    """Requests, errors, latencies, predictions by bin, and the guardrails that only the service can tell of.

    `schema` are answers that cannot be read, `labels` wrong predictions; then each named event, and the errors of each
    named segment of the inputs.
    """

    logs: Mapping[str, Tail]  # by version
    key: str  # the output's entry that is the prediction
    bounds: tuple[float, ...]  # of latencies, in ms
    shape: Bins | None
    clock: Clock
    outcomes: Outcomes | None = None
    segments: tuple[str, ...] = ()  # `carrier=UA`: an input and its value
    _schema: Cases = field(default_factory=Cases)
    _of_segments: dict[str, Cases] = field(default_factory=dict)
    _versions: dict[str, _Version] = field(default_factory=dict)

    @property
    def bins(self) -> tuple[str, ...]:
        """Return the bins of predictions; none when the champion answered too little to make them."""
        return self.shape.names if self.shape else ()

    @property
    def named(self) -> tuple[str, ...]:
        """Return the further guardrails that are measured."""
        return tuple(self._cases())

    def counts(self) -> dict[str, Counts]:
        """Return the counts by version; raise ProgramFailed when a log cannot be read."""
        for name, log in self.logs.items():
            version = self._versions.setdefault(name, _Version(log, [0] * (len(self.bounds) + 1), [0] * len(self.bins)))
            for request in new_requests(log) if log.path.exists() else ():  # a service may open it when first asked
                self._add(name, version, request)
        if self.outcomes:
            self.outcomes.read()
            for waiting in self.outcomes.events.values():
                waiting.settle(self.clock.now())
        return {name: self._counted(name, version) for name, version in self._versions.items()}

    def _counted(self, name: str, version: _Version) -> Counts:
        named = tuple(cases.of(name) for cases in self._cases().values())
        latency, predictions = tuple(version.latency), tuple(version.predictions)
        return Counts(version.requests, version.requests, version.errors, latency, predictions, named)

    def _add(self, name: str, version: _Version, request: Request) -> None:
        version.requests += 1
        version.errors += request.failed
        version.latency[bisect_left(self.bounds, request.latency_ms)] += 1
        for segment in self.segments:
            if _is_in(segment, request):
                self._of_segments.setdefault(segment, Cases()).add(name, bad=request.failed)
        if request.status >= _REFUSED:
            return
        answer = request.answer(self.key)
        if self.shape:
            version.predictions[self.shape.place(answer)] += 1
            self._schema.add(name, bad=answer is None)
        if self.outcomes and not self.outcomes.labels.waits_for(request.id):  # a copy's answer was seen by nobody
            self.outcomes.labels.predicted(request.id, name, answer, request.label)
            for waiting in self.outcomes.events.values():
                waiting.answered(request.id, name, request.at)

    def _cases(self) -> dict[str, Cases]:
        """Return what is counted by guardrail, in an order that does not change."""
        found: dict[str, Cases] = {"schema": self._schema} if self.shape else {}
        if self.outcomes:
            found["labels"] = self.outcomes.labels.cases
            found |= {name: waiting.cases for name, waiting in self.outcomes.events.items()}
        return found | {one: self._of_segments.setdefault(one, Cases()) for one in self.segments}


def _is_in(segment: str, request: Request) -> bool:
    name, _, value = segment.partition("=")
    return isinstance(request.inputs, dict) and str(request.inputs.get(name)) == value
