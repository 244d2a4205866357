"""A real Prometheus reads the service's metrics and answers what an operator would ask."""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from mlops_ci.errors import ProgramFailed
from mlops_ci.journeys.demo import rows_of
from mlops_ci.journeys.workshop import Workshop
from mlops_ci.net import Client, free_port

pytestmark = pytest.mark.integration

GOOD, WRONG, FAILING = 40, 5, 3  # requests of each kind


@dataclass
class Sent:
    """What the service was asked, and what it answered, as its client saw it."""

    port: int
    by_status: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def send(self, row: Mapping[str, object]) -> None:
        began = time.perf_counter()
        answer = Client().post_json(f"http://127.0.0.1:{self.port}/predict", row)
        self.seconds.append(time.perf_counter() - began)
        self.by_status[str(answer.status)] += 1
        if answer.status == 200:
            self.scores.append(answer.json()["score"])


@dataclass(frozen=True)
class Prometheus:
    port: int

    def ask(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and value of each series that a query finds now."""
        answer = Client().get(f"http://127.0.0.1:{self.port}/api/v1/query?query={quote(query)}")
        assert answer.status == 200, answer.body
        return [(one["metric"], float(one["value"][1])) for one in answer.json()["data"]["result"]]

    def number(self, query: str) -> float:
        ((_, value),) = self.ask(query)
        return value

    def buckets(self, name: str) -> dict[float, float]:
        """Return upper bound → requests not above it."""
        return {float(labels["le"]): value for labels, value in self.ask(f"{name}_bucket")}


@contextmanager
def running(argv: list[str], cwd: Path, probe: str, env: Mapping[str, str]) -> Iterator[None]:
    """Run a program until the block ends; begin when the probe's URL answers 200."""
    process = subprocess.Popen(argv, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 60
        while not _answers(probe):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < end, f"{argv[0]} did not become ready"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _answers(url: str) -> bool:
    try:
        return Client().get(url).status == 200
    except ProgramFailed:
        return False


@pytest.fixture(scope="module")
def sent(workshop: Workshop) -> Iterator[Sent]:
    """Ask a running service well, wrongly, and so that the planted bug shows."""
    port = free_port()
    env = {**os.environ, "PYTHONPATH": "src", "PORT": str(port), "MLFLOW_DISABLE_TELEMETRY": "true"}
    asked = Sent(port)
    rows = [row for row in rows_of(workshop.root / "data/rows/2013-09.parquet") if None not in row.values()]
    service = [sys.executable, "-m", "flight_delay.service"]
    with running(service, workshop.root, f"http://127.0.0.1:{port}/readyz", env):
        for row in rows[:GOOD]:
            asked.send(row)
        for _ in range(WRONG):
            asked.send(rows[0] | {"distance": "far"})
        for _ in range(FAILING):
            asked.send(rows[0] | {"pressure": None})
        yield asked


@pytest.fixture(scope="module")
def prometheus(sent: Sent, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Let a Prometheus of our own read the service every second; wait until it has read everything."""
    if shutil.which("prometheus") is None:
        pytest.skip("Prometheus is not installed")
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    scrape = {"job_name": "flight-delay", "static_configs": [{"targets": [f"127.0.0.1:{sent.port}"]}]}
    settings = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    argv = ["prometheus", "--config.file=prometheus.yml", f"--web.listen-address=127.0.0.1:{port}"]
    argv += ["--storage.tsdb.path=data", "--log.level=warn"]
    with running(argv, folder, f"http://127.0.0.1:{port}/-/ready", os.environ):
        made = Prometheus(port)
        end = time.monotonic() + 30
        while not made.ask("requests_total"):
            assert time.monotonic() < end, "Prometheus has read nothing from the service"
            time.sleep(0.2)
        yield made


def test_requests_are_counted_by_status(prometheus: Prometheus, sent: Sent) -> None:
    assert prometheus.number('up{job="flight-delay"}') == 1
    counted = {labels["status"]: value for labels, value in prometheus.ask("requests_total")}
    assert counted == sent.by_status == {"200": GOOD, "422": WRONG, "500": FAILING}


def test_every_request_stands_in_the_latency_histogram(prometheus: Prometheus, sent: Sent) -> None:
    buckets = prometheus.buckets("request_latency_seconds")
    assert buckets[float("inf")] == prometheus.number("request_latency_seconds_count") == len(sent.seconds)
    assert 0 < prometheus.number("request_latency_seconds_sum") < sum(sent.seconds)
    # The service never needed longer than its client waited.
    for bound, count in buckets.items():
        assert count >= sum(seconds <= bound for seconds in sent.seconds)
    assert 0 < prometheus.number("histogram_quantile(0.5, request_latency_seconds_bucket)") < max(sent.seconds)


def test_every_score_stands_in_the_score_histogram(prometheus: Prometheus, sent: Sent) -> None:
    expected = {bound: sum(score <= bound for score in sent.scores) for bound in (*_tenths(), float("inf"))}
    assert prometheus.buckets("prediction_score") == expected
    assert prometheus.number("prediction_score_sum") == pytest.approx(sum(sent.scores))


def _tenths() -> list[float]:
    return [tenth / 10 for tenth in range(1, 11)]


def test_promtool_has_nothing_to_say_about_the_metrics(prometheus: Prometheus, sent: Sent) -> None:
    text = Client().get(f"http://127.0.0.1:{sent.port}/metrics").body
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
