"""A generated repository in a folder of its own, worked on with the commands a person would type."""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_ci.errors import ProgramFailed
from mlops_ci.process import Completed, SystemClock, run

SLUG = "flight-delay"
_HERE = Path(__file__).resolve()
_GIT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
}


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended."""

    command: str
    exit_code: int
    began: float  # seconds since the epoch
    seconds: float
    report: dict[str, Any]  # empty for a program that writes none


def templates() -> Path:
    """Return the folder with `cookiecutter.json` and `templates/`: the checkout, or what the wheel carries."""
    for folder in (_HERE.parents[3], _HERE.parents[1] / "resources" / "template"):
        if (folder / "cookiecutter.json").is_file() and (folder / "templates").is_dir():
            return folder
    raise ProgramFailed("This installation carries no templates. Install mlops-ci again, or run it from a clone.")


@dataclass(slots=True)
class Workshop:
    """The repository, its bare origin and its DVC remote, all below one folder."""

    folder: Path
    port: int | None = None  # where the proxy listens, when not where the settings say
    ran: list[Ran] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """Return the repository."""
        return self.folder / SLUG

    def bake(self) -> None:
        """Generate the repository, and give it an origin and a DVC remote on this machine."""
        config = self.folder / "cookiecutter.yaml"  # it would write into the home directory otherwise
        config.write_text(json.dumps({name: str(self.folder / name) for name in ("cookiecutters_dir", "replay_dir")}))
        where = ["--directory", "templates/model-service", "--output-dir", str(self.folder)]
        argv = ["cookiecutter", "--no-input", "--config-file", str(config), *where, str(templates())]
        run(argv, env=self._environment(), timeout=60)
        origin = self.folder / "origin.git"
        self.git("init", "--quiet", "--initial-branch=main")
        run(["git", "init", "--quiet", "--bare", "--initial-branch=main", origin])
        self.git("remote", "add", "origin", str(origin))
        self.program("dvc", "remote", "add", "--quiet", "--default", "local", str(self.folder / "dvc-remote"))
        self.commit("Generate the repository")

    def git(self, *words: str) -> Completed:
        """Run git in the repository."""
        return run(["git", *words], cwd=self.root, env=_GIT)

    def program(self, *words: str) -> Completed:
        """Run a program in the repository, with the interpreter that runs us first on PATH."""
        return run(words, cwd=self.root, env=self._environment(), timeout=300)

    def commit(self, message: str) -> None:
        """Commit everything and push it."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "--set-upstream", "origin", "main")

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a file as a person would; raise ProgramFailed when what should be changed is not there."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        if old not in text:
            raise ProgramFailed(f"{path} does not hold {old!r} any more: the template has changed.")
        file.write_text(text.replace(old, new), encoding="utf-8")

    def train(self, message: str) -> None:
        """Run the DVC pipeline, push what it made, and commit."""
        self.program("dvc", "repro", "--quiet")
        self.program("dvc", "push", "--quiet")
        self.commit(message)

    def step(self, *words: str) -> Ran:
        """Run `mlops-ci words…`; what it says goes to our stderr, what it reports comes back."""
        began = SystemClock().now()
        done = run(
            [sys.executable, "-m", "mlops_ci", *words, "--format", "json"],
            cwd=self.root,
            env=self._environment(),
            timeout=3600,
            check=False,
            grace=20.0,
            echo=sys.stderr,
        )
        report = json.loads(done.stdout) if done.stdout else {}
        self.ran.append(Ran(f"mlops-ci {' '.join(words)}", done.code, began, done.seconds, report))
        return self.ran[-1]

    def stop(self) -> None:
        """Stop the proxy and the services."""
        run([sys.executable, "-m", "mlops_ci", "canary", "stop"], cwd=self.root, env=self._environment())

    def record(self) -> list[str]:
        """Return the state branch's log, newest first."""
        self.git("fetch", "--quiet", "origin")
        done = run(["git", "log", "--format=%h %s", "origin/mlops-ci/state"], cwd=self.root, check=False)
        return done.stdout.splitlines()

    def _environment(self) -> dict[str, str]:
        beside = str(Path(sys.executable).parent)
        return {
            **_GIT,
            "PATH": os.pathsep.join([beside, os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": "src",
            "PYTHONDONTWRITEBYTECODE": "",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLOPS_CI_CANARY__DEMANDS": "[]",  # scanners are no part of this journey
            "DVC_NO_ANALYTICS": "true",
            **({"MLOPS_CI_CANARY__PORT": str(self.port)} if self.port else {}),
        }
