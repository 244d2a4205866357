"""What the canary needs of an engine: start and stop versions, split traffic, count what happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlops_ci.errors import Rejected


class NeverReady(Rejected):
    """A version was started and did not become ready."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A version that can be started: its code, its model, and the command that serves it."""

    name: str
    command: tuple[str, ...]
    code: Path  # working folder: the repository as it was at the version's commit
    model: Path
    model_digest: str
    commit: str = ""  # of the code
    image: str = ""  # by digest; containers are made from the code where there is none


@dataclass(frozen=True, slots=True)
class Counts:
    """What one version has answered since it was started: integers that only rise."""

    started: int  # requests sent on to it, answered or not: what the split is checked by
    requests: int  # final answers
    errors: int
    latency: tuple[int, ...]  # answers by bucket, not cumulative: one more than the engine's bounds
    predictions: tuple[int, ...] = ()  # answers by bin; none where they are not counted
    named: tuple[tuple[int, int], ...] = ()  # of each further guardrail: cases, and the bad ones among them

    def fell(self, before: "Counts") -> bool:
        """Say whether a counter is lower than before: it began anew."""
        return self.requests < before.requests or sum(self.latency) < sum(before.latency)

    def since(self, before: "Counts") -> "Counts":
        """Return what was counted since: all of it when the counters began anew."""
        if self.fell(before):
            return self
        earlier = before.named or ((0, 0),) * len(self.named)
        return Counts(
            max(self.started - before.started, 0),
            self.requests - before.requests,
            max(self.errors - before.errors, 0),
            _risen(self.latency, before.latency),
            _risen(self.predictions, before.predictions),
            tuple(
                (max(n - m, 0), max(bad - worse, 0)) for (n, bad), (m, worse) in zip(self.named, earlier, strict=True)
            ),
        )


def _risen(now: tuple[int, ...], before: tuple[int, ...]) -> tuple[int, ...]:
    """Return how much each counter rose; all of it where nothing was counted before."""
    earlier = before or (0,) * len(now)
    return tuple(max(there - here, 0) for there, here in zip(now, earlier, strict=True))


class Engine(Protocol):
    """Processes and containers on this machine; a cluster can fulfil the same protocol."""

    @property
    def bounds(self) -> tuple[float, ...]:
        """Return the upper bounds of the latency buckets but the last, in ms, rising."""
        ...

    def start(self, workload: Workload) -> None:
        """Start a version and wait until it is ready; nothing happens when it is.

        Raises:
            NeverReady: it ended, or did not become ready in time.
        """
        ...

    def route(self, weights: Mapping[str, int]) -> None:
        """Split the traffic, percent by version, and wait until the split is in force."""
        ...

    def mirror(self, champion: str, challenger: str) -> None:
        """Give the champion all traffic, and the challenger a copy of each request, until the next `route`.

        Copies count in no version's counts, and what the challenger answers to them nobody sees.
        """
        ...

    def request_log(self, name: str) -> Path:
        """Return the file to which a version writes its requests (`mlops-ci.request/v1`); there may be none."""
        ...

    def user_log(self) -> Path:
        """Return the access log of a sticky proxy, one JSON object a line."""
        ...

    def weights(self) -> dict[str, int]:
        """Return the split in force; raise ProgramFailed when it cannot be read."""
        ...

    def counts(self) -> dict[str, Counts]:
        """Return the counts by version; raise ProgramFailed when they cannot be read."""
        ...

    def running(self, name: str) -> bool:
        """Say whether a version runs."""
        ...

    def ready(self, name: str) -> bool | None:
        """Say whether a version that runs says of itself that it is ready; None when it says nothing in time."""
        ...

    def retire(self, name: str, *, drain: float) -> None:
        """Stop a version that gets no traffic, after it had `drain` seconds to finish what it began."""
        ...

    def stop(self) -> None:
        """Stop everything the engine started."""
        ...
