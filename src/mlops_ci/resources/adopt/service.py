"""Serves the model in MODEL_PATH on PORT: one row as JSON to /predict; for rehearsals, until your own service does."""

import json
import os
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import mlflow.pyfunc
import numpy as np
import pandas as pd


class Service(ThreadingHTTPServer):
    """A loaded model, and the log in which every answer stands."""

    daemon_threads = True

    def __init__(self) -> None:
        self.model = mlflow.pyfunc.load_model(os.environ["MODEL_PATH"])
        inputs = self.model.metadata.get_input_schema()
        self.types = dict(zip(inputs.input_names(), inputs.pandas_types(), strict=True)) if inputs else {}
        self.log = Path(os.environ.get("REQUEST_LOG", os.devnull)).open("a", buffering=1, encoding="utf-8")  # noqa: SIM115 - as long as it serves
        self.lock = Lock()
        super().__init__((os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080"))), Handler)

    def answer(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return what the model says about one row."""
        row = pd.DataFrame([inputs]).astype({name: kind for name, kind in self.types.items() if name in inputs})
        first = np.asarray(self.model.predict(row))[0]
        return {"prediction": first.tolist() if isinstance(first, np.generic | np.ndarray) else first}

    def write(self, line: dict[str, Any]) -> None:
        """Write one line to the request log."""
        names = {"model_digest": os.environ.get("MODEL_DIGEST"), "release": os.environ.get("RELEASE"), "label": None}
        with self.lock:
            self.log.write(json.dumps({"schema": "mlops-ci.request/v1", **names, **line}) + "\n")


class Handler(BaseHTTPRequestHandler):
    """Answers /readyz and /predict; it is up only once the model is loaded."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Service

    def do_GET(self) -> None:
        """Say that the model is loaded."""
        self.send(200 if self.path == "/readyz" else 404, {"status": "ready"})

    def do_POST(self) -> None:
        """Answer one row."""
        began, request_id = time.perf_counter(), self.headers.get("x-request-id") or str(uuid4())
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        inputs, output, status = None, None, 200
        try:
            inputs = json.loads(body)
            output = self.server.answer(inputs)
        except Exception as problem:  # noqa: BLE001 - whatever the model or the request is: the caller gets an answer
            status = 500 if isinstance(inputs, dict) else 422
            self.log_error("%s: %s", request_id, problem)
        took = (time.perf_counter() - began) * 1000
        now = datetime.now(UTC).isoformat()
        said = {"time": now, "request_id": request_id, "inputs": inputs, "output": output}
        self.server.write({**said, "latency_ms": took, "status": status})
        self.send(status, {"request_id": request_id, **(output or {})})

    def send(self, status: int, content: dict[str, Any]) -> None:
        """Send an answer."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *_: object) -> None:
        """Leave requests to the request log."""


if __name__ == "__main__":
    Service().serve_forever()
