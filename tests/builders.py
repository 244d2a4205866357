"""Small things that tests are built from; each makes one thing and returns it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from mlops_ci.report import Effect, Finding, Location, Measurement, StepReport

PROGRAMS = Path(sys.executable).parent


def finding(
    code: str = "MCI-GATE-001",
    effect: Effect = "blocks",
    title: str = "worse",
    message: str = "Train a better one.",
    *,
    path: str | None = None,
    line: int | None = None,
    name: str | None = None,
) -> Finding:
    """Return a finding of which only what matters to a test is said."""
    return Finding(code, "high", effect, title, message, Location(path, line, None, name))


def report(*findings: Finding, measurements: tuple[Measurement, ...] = ()) -> StepReport:
    """Return a report of `gate-model`."""
    return StepReport("gate-model", findings=findings, measurements=measurements)


def write_settings(folder: Path, text: str) -> Path:
    """Write an indented text as `mlops.yaml` and return its path."""
    path = folder / "mlops.yaml"
    path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return path


def git(folder: Path, *words: str) -> str:
    """Run git in a folder and return what it printed."""
    done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def git_repository(folder: Path, *, origin: bool = True) -> Path:
    """Make a repository with one commit on `main`, and (with `origin`) a bare remote beside it."""
    root = folder / "repository"
    root.mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Someone")
    git(root, "config", "user.email", "someone@example.org")
    (root / ".gitignore").write_text(".mlops-ci/\nmlflow.db\nmlartifacts/\n")
    commit_all(root)
    if origin:
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
        git(root, "remote", "add", "origin", str(folder / "origin.git"))
        git(root, "push", "--quiet", "origin", "main")
    return root


def commit_all(root: Path) -> str:
    """Commit everything that changed and return the commit."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "a change")
    return git(root, "rev-parse", "HEAD")


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command line ended."""

    code: int
    stdout: str
    stderr: str


def mlops_ci(folder: Path, *words: str, env: Mapping[str, str] | None = None, timeout: float = 60) -> Ended:
    """Run the real command line as a process in a folder, with an empty home directory."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLOPS_CI_", "GITHUB_"))}
    path = os.pathsep.join([str(PROGRAMS), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "mlops_ci", *words],
        cwd=folder,
        env={**kept, "PATH": path, "HOME": str(home), **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def validated(root: Path, *flags: str, **environment: str) -> tuple[int, dict[str, Any], str]:
    """Run `validate-data` by contract.json; return its exit code, its report, and what it said."""
    argv = [sys.executable, "-m", "mlops_ci", "validate-data", "--contract", "contract.json", "--format", "json"]
    env = os.environ | environment
    done = subprocess.run([*argv, *flags], cwd=root, capture_output=True, text=True, check=False, timeout=250, env=env)
    return done.returncode, json.loads(done.stdout), done.stderr


def write_contract(root: Path, expectations: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Write contract.json with expectations given as (type, kwargs)."""
    listed = [{"type": type_, "kwargs": kwargs} for type_, kwargs in expectations]
    (root / "contract.json").write_text(json.dumps({"name": "c", "expectations": listed}))
