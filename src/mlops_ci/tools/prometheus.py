"""Prometheus, asked for instant values of counters: what was counted up to a moment, never a rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import isfinite
from urllib.parse import urlencode

from mlops_ci.errors import ProgramFailed
from mlops_ci.net import Client


@dataclass(frozen=True, slots=True)
class Sample:
    """One series' last value."""

    labels: Mapping[str, str]
    value: int


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server."""

    url: str
    timeout: float = 5.0  # seconds

    def counters(self, query: str, at: float) -> list[Sample]:
        """Return the counters that a query finds at a moment, in seconds since the epoch.

        Raises:
            ProgramFailed: the server does not answer, refuses the query, or what it finds are no counters.
        """
        target = f"{self.url.rstrip('/')}/api/v1/query?{urlencode({'query': query, 'time': f'{at:.3f}'})}"
        answer = Client(timeout=self.timeout).get(target)
        try:
            said = answer.json()
        except ValueError as problem:
            raise ProgramFailed(f"Prometheus answers {answer.status}, and no JSON.") from problem
        if answer.status != HTTPStatus.OK or said.get("status") != "success":
            raise ProgramFailed(f"Prometheus refuses {query!r}: {said.get('error', answer.status)}")
        if (kind := said["data"]["resultType"]) != "vector":
            raise ProgramFailed(f"{query!r} must find counters (an instant vector), not a {kind}.")
        return [_sample(query, one["metric"], float(one["value"][1])) for one in said["data"]["result"]]


def _sample(query: str, labels: Mapping[str, str], value: float) -> Sample:
    if not isfinite(value) or value < 0 or value != int(value):
        raise ProgramFailed(f"{query!r} finds {value}, which is no count. Ask for counters, not for rates.")
    return Sample(labels, int(value))
