"""A canary judged from a real Prometheus, which may die and come back: nothing is lost."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from integration.test_prometheus import _answers
from integration.tiny import CHALLENGER, CHAMPION, Tiny, Watched, tiny
from mlops_ci.errors import ProgramFailed
from mlops_ci.net import free_port
from mlops_ci.process import SystemClock
from mlops_ci.rollout.judge import Policy
from mlops_ci.rollout.sources.choice import source_of
from mlops_ci.rollout.sources.scraped import ScrapedCounts
from mlops_ci.rollout.sources.source import Source
from mlops_ci.settings.canary import CanarySettings, PrometheusSettings

pytestmark = pytest.mark.integration

NAMES = (CHAMPION, CHALLENGER)
POLICY = Policy(slow=250.0, beta=0.2)


class Server:
    """A Prometheus that reads both versions every second."""

    def __init__(self, folder: Path, tiny_: Tiny) -> None:
        self.folder, self.port = folder, free_port()
        targets = [f"127.0.0.1:{port}" for port in tiny_.engine.services.ports().values()]
        scrape = {"job_name": "tiny", "static_configs": [{"targets": targets}]}
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.start()

    @property
    def settings(self) -> PrometheusSettings:
        return PrometheusSettings(
            url=f"http://127.0.0.1:{self.port}",
            requests='requests_total{release="$release"}',
            errors='requests_total{release="$release",status=~"5.."}',
            latency_bucket='latency_seconds_bucket{release="$release"}',
        )

    def start(self) -> None:
        argv = ["prometheus", "--config.file=prometheus.yml", f"--web.listen-address=127.0.0.1:{self.port}"]
        argv += ["--storage.tsdb.path=data", "--log.level=error"]
        self.process = subprocess.Popen(argv, cwd=self.folder, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while not _answers(f"http://127.0.0.1:{self.port}/-/ready"):
            assert time.monotonic() < end
            time.sleep(0.1)

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Tiny]:
    if shutil.which("prometheus") is None:
        pytest.skip("Prometheus is not installed")
    with tiny(tmp_path) as made:
        made.start(CHAMPION)
        yield made


def watched(both: Tiny, server: Server) -> Watched:
    """Begin when the server knows both versions."""
    options = CanarySettings.model_validate({"serve": ["x"], "prometheus": server.settings.model_dump()})
    source, end = source_of(options, both.engine, NAMES, SystemClock()), time.monotonic() + 20
    while not _known(source):
        assert time.monotonic() < end
        time.sleep(0.2)
    return Watched(both, source, POLICY)


def _known(source: Source) -> bool:
    try:
        return bool(source.counts())
    except ProgramFailed:
        return False


@pytest.fixture
def server(tmp_path: Path, both: Tiny, request: pytest.FixtureRequest) -> Iterator[Server]:
    both.start(CHALLENGER, fail=getattr(request, "param", 0.0))
    made = Server(tmp_path, both)
    yield made
    made.kill()


@pytest.mark.parametrize("server", [0.3], indirect=True)
def test_a_challenger_that_fails_is_rolled_back(both: Tiny, server: Server) -> None:
    with both.load():
        trial = watched(both, server)
        assert trial.until({"go-on", "roll-back"}, 60) == "roll-back"
    assert trial.trial.culprit == "errors"


def test_a_good_challenger_goes_on(both: Tiny, server: Server) -> None:
    with both.load():
        trial = watched(both, server)
        assert list(trial.source.bounds) == [5, 10, 25, 50, 100, 250, 500, 1000]
        assert trial.until({"go-on", "roll-back"}, 60) == "go-on"


def test_while_the_server_is_dead_nothing_is_decided_and_nothing_is_lost(both: Tiny, server: Server) -> None:
    with both.load():
        trial = watched(both, server)
        trial.until(set(), 3)
        server.kill()
        assert trial.until({"go-on", "roll-back", "invalid"}, 5) == "hold"
        assert len(trial.lost) >= 5
        server.start()
        trial.until(set(), 6)
    time.sleep(3)  # the last scrape
    told = ScrapedCounts(NAMES, server.settings, SystemClock()).counts()
    seen = trial.source.counts()
    for name, one in both.engine.counts().items():
        if name in NAMES:
            assert seen[name].requests == told[name].requests == one.requests
            assert sum(seen[name].latency) == one.requests


def test_a_server_that_refuses_the_query_is_a_failure_that_says_so(both: Tiny, server: Server) -> None:
    with both.load():
        watched(both, server)
    wrong = server.settings.model_copy(update={"requests": 'requests_total{release="$release"'})
    with pytest.raises(ProgramFailed, match="refuses"):
        ScrapedCounts(NAMES, wrong, SystemClock()).counts()
    text = server.settings.model_copy(update={"requests": "1.5"})
    with pytest.raises(ProgramFailed, match="instant vector"):
        ScrapedCounts(NAMES, text, SystemClock()).counts()
