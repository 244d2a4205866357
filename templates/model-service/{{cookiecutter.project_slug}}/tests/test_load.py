"""The service must keep its latency while several callers ask it over HTTP at once."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from {{cookiecutter.package}}.features import FEATURES
from {{cookiecutter.package}}.task import LABEL, LEARNERS
from {{cookiecutter.package}}.train import build, save

ROOT = Path(__file__).parent.parent
CALLERS, REQUESTS = 4, 100  # of each
PATIENCE = 60  # seconds until the service is ready
SENT = {"Content-Type": "application/json"}


def ready(port: int) -> bool:
    """Return whether the service has loaded its model."""
    asked = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        asked.request("GET", "/readyz")
        return asked.getresponse().status == 200
    except OSError:
        return False
    finally:
        asked.close()


@pytest.fixture
def port(rows: pd.DataFrame, tmp_path: Path) -> Iterator[int]:
    """Return where a service with the heavier of the models answers."""
    save(build(LEARNERS[-1], FEATURES[-1]).fit(rows, rows[LABEL]), rows, tmp_path / "model")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    told = {"PORT": str(port), "MODEL_PATH": str(tmp_path / "model"), "PYTHONPATH": paths}
    command = [sys.executable, "-m", "{{cookiecutter.package}}.service"]
    service = subprocess.Popen(command, cwd=ROOT, env=os.environ | told)  # noqa: S603 - our own
    try:
        until = time.monotonic() + PATIENCE
        while not ready(port):
            assert service.poll() is None, "the service has ended"
            assert time.monotonic() < until, "the service does not become ready"
            time.sleep(0.1)
        yield port
    finally:
        service.terminate()
        service.wait(timeout=10)


def ask(port: int, body: str) -> list[float]:
    """Return how long each request of one caller took, in milliseconds."""
    connection, took = HTTPConnection("127.0.0.1", port, timeout=30), []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        connection.request("POST", "/predict", body, SENT)
        answer = connection.getresponse()
        answer.read()
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200
    connection.close()
    return took


def test_under_load_nineteen_of_twenty_answers_are_not_slow(
    port: int, example: dict[str, Any]
) -> None:
    slow_ms = yaml.safe_load((ROOT / "mlops.yaml").read_text())["canary"]["slow_ms"]
    with ThreadPoolExecutor(CALLERS) as callers:
        took = list(callers.map(ask, [port] * CALLERS, [json.dumps(example)] * CALLERS))
    assert np.percentile(took, 95) < slow_ms
