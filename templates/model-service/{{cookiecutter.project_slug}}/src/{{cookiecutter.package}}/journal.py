"""Writes down every request for audit, and counts it for monitoring."""

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from {{cookiecutter.package}} import task

PLAIN = re.compile(r"[A-Za-z0-9-]{8,64}")
SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0]


@dataclass
class Entry:
    """One request; its time runs from here until it is written."""

    inputs: dict[str, Any] | None = None
    output: dict[str, Any] | None = None
    status: int = 200
    request_id: str = field(default_factory=lambda: str(uuid4()))
    started: float = field(default_factory=time.perf_counter)


def known_as(told: str | None) -> str | None:
    """Return a request's id as the proxy told it, so that its log and ours can be joined."""
    return told if told and PLAIN.fullmatch(told) else None


class Journal:
    """One JSON object a line in the request log (none without a path), and three metrics."""

    def __init__(self, model_digest: str | None, release: str | None, path: str | None) -> None:
        self.model_digest = model_digest
        self.release = release
        # Open as long as the service runs; each line is written at once.
        self.lines = (
            Path(path).open("a", buffering=1, encoding="utf-8") if path else None  # noqa: SIM115
        )
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "requests", "Requests by status code", ["status"], registry=self.registry
        )
        self.latency = Histogram(
            "request_latency_seconds", "Time to answer", buckets=SECONDS, registry=self.registry
        )
        self.answers = Histogram(
            task.METRIC, "What is foretold", buckets=task.LIMITS, registry=self.registry
        )

    def write(self, entry: Entry) -> None:
        """Record one request; its label follows when the truth is known."""
        seconds = time.perf_counter() - entry.started
        self.requests.labels(str(entry.status)).inc()
        self.latency.observe(seconds)
        if entry.output is not None:
            self.answers.observe(entry.output[task.WATCHED])
        if self.lines is None:
            return
        line = {
            "schema": "mlops-ci.request/v1",
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "request_id": entry.request_id,
            "model_digest": self.model_digest,
            "release": self.release,
            "inputs": entry.inputs,
            "output": entry.output,
            "latency_ms": round(seconds * 1000, 3),
            "label": None,
            "status": entry.status,
        }
        self.lines.write(json.dumps(line) + "\n")

    def close(self) -> None:
        """Close the request log."""
        if self.lines is not None:
            self.lines.close()

    def metrics(self) -> bytes:
        """Return the metrics in the text format of Prometheus."""
        return generate_latest(self.registry)
