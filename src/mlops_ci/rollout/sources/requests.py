"""Lines of a request log (`mlops-ci.request/v1`), as the canary needs them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops_ci.errors import ProgramFailed
from mlops_ci.rollout.sources.tail import Tail

SCHEMA = "mlops-ci.request/v1"
BAD = 500  # status from which on an answer is bad


@dataclass(frozen=True, slots=True)
class Request:
    """One answered request."""

    id: str
    at: float  # seconds since the epoch
    status: int
    output: Any
    latency_ms: float
    inputs: Any
    label: Any

    @property
    def failed(self) -> bool:
        """Say whether the service could not answer."""
        return self.status >= BAD

    def answer(self, key: str) -> Any:  # noqa: ANN401 - whatever the model predicts
        """Return what was predicted: the output's entry of that name; None when it cannot be read."""
        found = self.output.get(key) if isinstance(self.output, dict) else None
        return found if isinstance(found, str | int | float) else None


def new_requests(log: Tail) -> Iterator[Request]:
    """Yield the requests that were answered since the log was last read.

    Raises:
        ProgramFailed: the log cannot be read, or has a line of another kind.
    """
    from orjson import loads

    for line in log.lines():
        try:
            raw = loads(line)
            if raw["schema"] != SCHEMA:
                raise ValueError(raw["schema"])  # noqa: TRY301 - told like every other broken line
            yield Request(
                str(raw["request_id"]), datetime.fromisoformat(raw["time"]).timestamp(), int(raw.get("status", 200)),
                raw["output"], float(raw["latency_ms"]), raw.get("inputs"), raw.get("label"),
            )  # fmt: skip
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise ProgramFailed(f"{log.path} has a line that is no {SCHEMA}: {problem!r}.") from problem
