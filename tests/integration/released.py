"""A repository with three registered versions, made once, and commands run in an environment of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from mlops_ci.errors import Inconclusive
from mlops_ci.journeys.demo import plant_bug, rows_of
from mlops_ci.journeys.load import Load
from mlops_ci.journeys.workshop import Workshop
from mlops_ci.net import Client, free_port
from mlops_ci.tools.git import Git

GOOD, BETTER, BUGGY = "1", "2", "3"  # versions

# Enough evidence in seconds; the judge itself is tested by simulation.
QUICK = {
    "MLOPS_CI_CANARY__STEPS": "[50]",
    "MLOPS_CI_CANARY__BETA": "0.2",
    "MLOPS_CI_CANARY__WARM_UP": "0s",
    "MLOPS_CI_CANARY__BAKE": "1s",
    "MLOPS_CI_CANARY__DEMANDS": "[]",
}


def make_workshop(folder: Path) -> Workshop:
    """Train and register a first model, a better one, and one that fails on some real rows."""
    workshop = Workshop(folder)
    workshop.bake()
    workshop.train("first")
    _register(workshop)
    workshop.edit("params.yaml", "months: [1, 2, 3]", "months: [1, 2, 3, 4, 5, 6]")
    workshop.edit("params.yaml", "model: logistic", "model: boosting")
    workshop.edit("params.yaml", "features: schedule", "features: weather")
    workshop.train("better")
    _register(workshop)
    plant_bug(workshop)
    workshop.train("buggy")
    _register(workshop)
    return workshop


def _register(workshop: Workshop) -> None:
    for _ in range(3):  # latency may be undecided where other programs take the processors
        ran = workshop.step("gate-model")
        if ran.exit_code != Inconclusive.exit_code:
            break
    assert ran.exit_code == 0, ran.report
    ran = workshop.step("register-model")
    assert ran.exit_code == 0, ran.report


@dataclass
class Scene:
    """One environment of the repository: its own proxy, services and release file."""

    workshop: Workshop
    name: str
    port: int = field(default_factory=free_port)
    extra: dict[str, str] = field(default_factory=dict)
    clone: Path | None = None  # another machine's

    patience: float = 120.0  # seconds that a command may take

    @property
    def root(self) -> Path:
        """Return the work tree in which commands run."""
        return self.clone or self.workshop.root

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment of a command: this scene by MLOPS_CI_ variables."""
        own = {"MLOPS_CI_CANARY__ENVIRONMENT": self.name, "MLOPS_CI_CANARY__PORT": str(self.port)}
        beside = str(Path(sys.executable).parent)
        path = {"PATH": os.pathsep.join([beside, os.environ["PATH"]])}
        return {**os.environ, **QUICK, "MLOPS_CI_CANARY__DRAIN": "0.5s", **path, **own, **self.extra}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start `mlops-ci words…` and return at once."""
        return self._popen([sys.executable, "-m", "mlops_ci", *words])

    def start_script(self, script: Path, *words: str) -> subprocess.Popen[str]:
        """Start a Python script as a command would be."""
        return self._popen([sys.executable, str(script), *words])

    def _popen(self, argv: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            argv, cwd=self.root, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *words: str) -> tuple[int, dict[str, Any], str]:
        """Run `mlops-ci words… --format json`; return exit code, report and stderr."""
        process = self.start(*words, "--format", "json")
        out, err = process.communicate(timeout=self.patience)
        return process.returncode, json.loads(out) if out else {}, err

    def release(self, version: str) -> None:
        """Make a version the first champion."""
        code, _, err = self.run("canary", "run", "--version", version)
        assert code == 0, err

    def load(self, rate: float = 300.0) -> Load:
        """Return requests with real flights, to be used as a `with` block."""
        rows = rows_of(self.workshop.root / "data/rows/2013-09.parquet")
        return Load(f"http://127.0.0.1:{self.port}/predict", rows, rate=rate)

    def recorded(self) -> Mapping[str, Any]:
        """Return the release file on origin's state branch."""
        origin = self.workshop.folder / "origin.git"
        place = f"mlops-ci/state:deploy/{self.name}/flight-delay.yaml"
        text = subprocess.run(["git", "-C", origin, "show", place], capture_output=True, text=True, check=True).stdout
        found: dict[str, Any] = yaml.safe_load(text)
        return found

    def in_force(self) -> dict[str, int]:
        """Return the split of traffic, as the proxy says."""
        done = subprocess.run(
            [sys.executable, "-m", "mlops_ci", "canary", "status", "--format", "json"],
            cwd=self.root, env=self.environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
        weights: dict[str, int] = json.loads(done.stdout)["in_force"]
        return weights

    def served_by(self) -> str:
        """Return the release that answers a user now."""
        row = rows_of(self.workshop.root / "data/rows/2013-09.parquet")[0]
        answer = Client().post_json(f"http://127.0.0.1:{self.port}/predict", row)
        return str(answer.json()["release"])

    def file(self, name: str) -> Path:
        """Return a file of what runs here."""
        return self.root / ".mlops-ci/run" / self.name / "flight-delay" / name

    def elsewhere(self, folder: Path) -> "Scene":
        """Return the same environment on another machine: a clone of the repository, with the same registry."""
        origin = self.workshop.folder / "origin.git"
        subprocess.run(["git", "clone", "--quiet", origin, folder], check=True)
        keys = folder / ".mlops-ci/keys"
        keys.mkdir(parents=True)
        shutil.copy(self.workshop.root / ".mlops-ci/keys/evidence.pem", keys)
        registry = {"MLOPS_CI_TRACKING_URI": f"sqlite:///{self.workshop.root}/mlflow.db"}
        return Scene(self.workshop, self.name, extra=self.extra | registry, clone=folder)

    def push_to_record(self, text: str) -> None:
        """Write something into the release file, as a careless person would."""
        git = Git(self.workshop.root)
        parent = git.fetch("refs/heads/mlops-ci/state")
        place = f"deploy/{self.name}/flight-delay.yaml"
        git.push(git.commit(parent, {place: text.encode()}, "Oops\n"), "refs/heads/mlops-ci/state")

    def service(self, version: str) -> dict[str, Any]:
        """Return pid and port of a version's service."""
        (path,) = self.file("services").glob(f"v{version}-*.json")
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def wait_for(self, happened: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something is so; fail when it is not within that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(subprocess.CalledProcessError, KeyError, ValueError):
                if happened():
                    return
            time.sleep(0.05)
        raise AssertionError("it did not happen in time")

    def wait_for_challenger(self) -> None:
        """Wait until a canary's first step is recorded and its traffic flows."""
        self.wait_for(lambda: "challenger" in self.recorded())
        self.wait_for(lambda: len(self.in_force()) > 1)

    def supervisors(self) -> list[psutil.Process]:
        """Return the supervisors that stand by in this scene."""
        wanted = ("supervise", self.name)
        running = [(one, one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]  # some have none
        return [one for one, words in running if all(word in words for word in wanted)]

    def kill(self, process: subprocess.Popen[str]) -> None:
        """End a command as the kernel would when memory runs out."""
        process.send_signal(signal.SIGKILL)
        process.communicate()

    def stop(self) -> None:
        """Stop everything that runs in this scene."""
        subprocess.run(
            [sys.executable, "-m", "mlops_ci", "canary", "stop"], cwd=self.root, env=self.environ, check=True
        )
