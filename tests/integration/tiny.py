"""Two versions of a small service behind a real Envoy, made in a second: what a canary needs, without a registry."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mlops_ci.errors import ProgramFailed
from mlops_ci.journeys.load import Load
from mlops_ci.net import free_port
from mlops_ci.process import SystemClock
from mlops_ci.rollout.judge import Policy
from mlops_ci.rollout.sources.source import Source
from mlops_ci.rollout.trial import Decision, Trial
from mlops_ci.traffic.engine import Workload
from mlops_ci.traffic.local import LocalEngine
from mlops_ci.traffic.processes import Processes

SERVICE = Path(__file__).with_name("tiny_service.py")
CHAMPION, CHALLENGER = "v1", "v2"


@dataclass
class Tiny:
    """An engine, and versions that behave as they are told."""

    folder: Path
    engine: LocalEngine

    def workload(self, name: str, **behaviour: object) -> Workload:
        """Return a version that behaves so."""
        model = self.folder / f"model-{name}"
        model.mkdir(exist_ok=True)
        (model / "behaviour.json").write_text(json.dumps(behaviour))
        return Workload(name, (sys.executable, str(SERVICE)), self.folder, model, f"sha256:{name}")

    def start(self, name: str, **behaviour: object) -> None:
        """Start a version; the champion has all traffic."""
        self.engine.start(self.workload(name, **behaviour))
        if name == CHAMPION:
            self.engine.route({CHAMPION: 100})

    def load(self, rate: float = 200.0) -> Load:
        """Return requests with numbers between 0 and 1, to be used as a `with` block."""
        rows = [{"x": (number * 0.618034) % 1, "segment": "even" if number % 2 else "odd"} for number in range(997)]
        return Load(f"http://127.0.0.1:{self.engine.port}/predict", rows, rate=rate)

    def settle(self, name: str, least: int) -> None:
        """Wait until a version has answered that many requests."""
        end = time.monotonic() + 30
        while self.engine.counts()[name].requests < least:
            assert time.monotonic() < end
            time.sleep(0.1)


@dataclass
class Watched:
    """A trial at half the traffic, looked at as the controller would."""

    tiny: Tiny
    source: Source
    policy: Policy
    lost: list[str] = field(default_factory=list)  # why counts could not be read

    def __post_init__(self) -> None:
        self.trial = Trial(self.source, (CHAMPION, CHALLENGER), self.policy)
        self.tiny.engine.route({CHAMPION: 50, CHALLENGER: 50})
        self.trial.begin_step(50)

    def until(self, decisions: set[Decision], seconds: float) -> Decision:
        """Look twice a second until one of the decisions; hold when none comes in that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.5)
            try:
                decision = self.trial.look(time.monotonic(), counted=True, timed=True)
            except ProgramFailed as failure:
                self.lost.append(str(failure))
                continue
            if decision in decisions:
                return decision
        return "hold"


@contextmanager
def tiny(folder: Path) -> Iterator[Tiny]:
    """Make an engine; stop everything it started afterwards."""
    place = folder / "run"
    engine = LocalEngine(place, "127.0.0.1", free_port(), 250.0, 20.0, SystemClock(), Processes(place))
    try:
        yield Tiny(folder, engine)
    finally:
        engine.stop()
