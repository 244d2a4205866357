"""A small model server, run as a version: how it behaves stands in `behaviour.json` in its model's folder."""

import hashlib
import json
import os
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = self.server.metrics() if self.path == "/metrics" else "ready"  # type: ignore[attr-defined]
        self._send(200, body.encode(), "text/plain")

    def do_POST(self) -> None:
        began = time.perf_counter()
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status, output = self.server.answer(asked)  # type: ignore[attr-defined]
        ident = self.headers.get("x-request-id") or str(uuid4())
        self.server.log(ident, asked, status, output, time.perf_counter() - began)  # type: ignore[attr-defined]
        self._send(status, json.dumps({"request_id": ident, "output": output}).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Service(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", int(os.environ["PORT"])), Handler)
        behaviour = Path(os.environ["MODEL_PATH"]) / "behaviour.json"
        self.behaviour: dict[str, Any] = json.loads(behaviour.read_text())
        self.requests = Path(os.environ["REQUEST_LOG"]).open("a", buffering=1, encoding="utf-8")  # noqa: SIM115
        self.lock, self.by_status, self.buckets = Lock(), {"200": 0, "500": 0}, [0] * (len(BUCKETS) + 1)

    def answer(self, asked: dict[str, Any]) -> tuple[int, Any]:
        """Answer whether a number is large; fail, lie, or speak in another way as told."""
        luck = int(hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:8], 16) / 2**32
        if luck < self.behaviour.get("fail", 0.0):
            return 500, None
        large = asked["x"] > 0.5
        if luck < self.behaviour.get("wrong", 0.0):
            large = not large
        if self.behaviour.get("schema") == "one-sided":
            large = True
        if self.behaviour.get("schema") == "wrong":
            return 200, {"verdict": ["large" if large else "small"]}
        return 200, {"prediction": "large" if large else "small"}

    def log(self, ident: str, asked: dict[str, Any], status: int, output: object, seconds: float) -> None:
        line = {
            "schema": "mlops-ci.request/v1", "time": datetime.now(UTC).isoformat(), "request_id": ident,
            "model_digest": os.environ["MODEL_DIGEST"], "release": os.environ["RELEASE"], "inputs": asked,
            "output": output, "latency_ms": seconds * 1000, "label": None, "status": status,
        }  # fmt: skip
        with self.lock:
            self.by_status[str(status)] += 1
            self.buckets[sum(seconds > bound for bound in BUCKETS)] += 1
            self.requests.write(json.dumps(line) + "\n")

    def metrics(self) -> str:
        release, so_far, lines = os.environ["RELEASE"], 0, []
        with self.lock:
            for status, number in self.by_status.items():
                lines.append(f'requests_total{{release="{release}",status="{status}"}} {number}')
            for bound, number in zip((*BUCKETS, "+Inf"), self.buckets, strict=True):
                so_far += number
                lines.append(f'latency_seconds_bucket{{release="{release}",le="{bound}"}} {so_far}')
        return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Service().serve_forever()
