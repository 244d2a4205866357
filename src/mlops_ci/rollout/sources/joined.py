"""Two sources as one: how requests went from the first, what was answered to them from the second."""

from dataclasses import dataclass, replace

from mlops_ci.rollout.sources.source import Source
from mlops_ci.traffic.engine import Counts


@dataclass(frozen=True, slots=True)
class Joined:
    """Requests, errors and latencies of one source; predictions and further guardrails of another."""

    requests: Source
    answers: Source

    @property
    def bounds(self) -> tuple[float, ...]:
        """Return the bounds of the latency buckets, in ms."""
        return self.requests.bounds

    @property
    def bins(self) -> tuple[str, ...]:
        """Return the bins of predictions."""
        return self.answers.bins

    @property
    def named(self) -> tuple[str, ...]:
        """Return the further guardrails."""
        return self.answers.named

    def counts(self) -> dict[str, Counts]:
        """Return both sources' counts; raise ProgramFailed when either cannot be read, and nothing is lost."""
        answers = self.answers.counts()
        nothing = Counts(0, 0, 0, (), (0,) * len(self.bins), ((0, 0),) * len(self.named))
        found = {}
        for name, one in self.requests.counts().items():
            more = answers.get(name, nothing)
            found[name] = replace(one, predictions=more.predictions, named=more.named)
        return found
