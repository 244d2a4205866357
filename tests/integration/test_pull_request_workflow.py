"""The generated pull-request workflow, run as it is by act: green when clean, red for each planted defect.

Our actions come from this checkout. Third-party ones are stand-ins with the originals' inputs and outputs, and act
itself lays out the work tree in place of actions/checkout. Each run begins with a new clone and an empty home.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration import scanning
from mlops_ci.journeys.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
STAND_INS = ROOT / "tests/stand-ins"
PROGRAMS = Path(sys.executable).parent
WORKFLOW = ".github/workflows/pull-request.yml"
JOBS = ("test", "data", "model", "scan", "mlops-ci")
TRUST = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")  # certificates that this machine's package index needs


@dataclass(frozen=True)
class Run:
    """What a run of the workflow showed on its pull request."""

    exit_code: int
    jobs: dict[str, str]  # job → result, where act tells one
    said: dict[str, str]  # job → its log
    reports: dict[str, dict[str, Any]]  # step → report, of those that were kept

    def codes(self, step: str) -> set[str]:
        return {one["code"] for one in self.reports[step]["findings"]}


@dataclass(frozen=True)
class Stage:
    """What every run shares: the repository's origin, our actions, pip, and the actions' environments."""

    folder: Path
    workshop: Workshop

    def run(self, name: str, change: Callable[[Path], None] | None = None) -> Run:
        """Open a pull request with a change, as it were, and run its workflow."""
        place = self.folder / name
        for part in ("home/.cache/mlops-ci", "tmp", "artifacts", "cache"):
            (place / part).mkdir(parents=True)
        for part in ("scanners", "trivy"):
            (place / "home/.cache/mlops-ci" / part).symlink_to(scanning.FOLDER / part)
        clone = place / "repository"
        git("clone", "--quiet", str(self.workshop.folder / "origin.git"), str(clone))
        base = (clone / ".git/refs/heads/main").read_text().strip()
        (place / "event.json").write_text(json.dumps({"pull_request": {"number": 1, "base": {"sha": base}}}))
        if change:
            change(clone)
            git("-C", str(clone), "commit", "--quiet", "--all", "--message", f"Plant a defect: {name}")
        env = {**os.environ, "HOME": str(place / "home"), "TMPDIR": str(place / "tmp")}
        env["PATH"] = os.pathsep.join([str(scanning.FOLDER / "path"), str(PROGRAMS), os.environ["PATH"]])
        argv = [str(PROGRAMS / "act"), *self._words(place, clone)]
        done = subprocess.run(argv, cwd=clone, env=env, capture_output=True, text=True, timeout=500, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        said = {job: "".join(line["msg"] for line in lines if line.get("jobID") == job) for job in JOBS}
        jobs = {line["jobID"]: line["jobResult"] for line in lines if "jobResult" in line}
        assert jobs, done.stdout + done.stderr
        return Run(done.returncode, jobs, said, _reports(place / "artifacts"))

    def _words(self, place: Path, clone: Path) -> list[str]:
        words = ["pull_request", "--json", "--platform", "ubuntu-24.04=-self-hosted", "--no-cache-server"]
        words += ["--eventpath", str(place / "event.json")]
        words += ["--action-cache-path", str(place / "cache")]
        for use in sorted(uses(clone)):
            action = use.partition("@")[0]
            if action.startswith("mlops-ci/mlops-ci/"):
                commit = use.partition("@")[2]
                words += ["--local-repository", f"mlops-ci/mlops-ci@{commit}={self.folder / 'mlops-ci'}"]
            elif action != "actions/checkout":
                words += ["--local-repository", f"{use}={STAND_INS / action}"]
        variables = {
            "STAND_IN_PYTHON": sys.executable,
            "STAND_IN_PIP": str(self.folder / "pip"),
            "STAND_IN_ARTIFACTS": str(place / "artifacts"),
            "MLOPS_CI_ENVIRONMENTS": str(self.folder / "environments"),
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this as: build with what is installed already
            "MLOPS_CI_SCAN__DATABASE_MIN_MB": "0.01",  # the tests' own
            "MLOPS_CI_SCAN__OFF": "pip-audit",  # it asks a service
            "OMP_NUM_THREADS": "1",  # three jobs share what would be three machines
            **{name: os.environ[name] for name in TRUST if name in os.environ},
        }
        return words + [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]


def git(*words: str) -> None:
    identity = {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *words], env={**os.environ, **identity}, check=True)


def uses(repository: Path) -> set[str]:
    """Return every action of the workflow, with its commit."""
    return {step["uses"] for step in _steps(repository) if "uses" in step}


def _steps(repository: Path) -> list[dict[str, Any]]:
    workflow = yaml.safe_load((repository / WORKFLOW).read_text())
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def _reports(artifacts: Path) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in artifacts.rglob("*.json")}


def edit(path: str, old: str, new: str) -> Callable[[Path], None]:
    """Return a change of one place in one file."""

    def change(repository: Path) -> None:
        text = (repository / path).read_text()
        assert text.count(old) == 1, f"the template's {path} has changed"
        (repository / path).write_text(text.replace(old, new))

    return change


@pytest.fixture(scope="module")
def stage(scanners: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    folder = tmp_path_factory.mktemp("workflow")
    for name in ("actions", "requirements", "src"):
        shutil.copytree(ROOT / name, folder / "mlops-ci" / name, ignore=shutil.ignore_patterns("__pycache__"))
    venv.EnvBuilder(with_pip=True).create(folder / "with-pip")
    (folder / "pip").symlink_to(next((folder / "with-pip").glob("lib/python3*/site-packages")))
    (folder / "environments").mkdir()
    workshop = Workshop(folder)
    workshop.bake()
    return Stage(folder, workshop)


def test_every_stand_in_takes_what_the_workflow_gives_it(stage: Stage) -> None:
    others = [
        one for one in _steps(stage.workshop.root) if one.get("uses", "mlops-ci/").partition("/")[0] != "mlops-ci"
    ]
    for step in others:
        action = step["uses"].partition("@")[0]
        if action != "actions/checkout":
            inputs = yaml.safe_load((STAND_INS / action / "action.yml").read_text())["inputs"]
            assert set(step.get("with", {})) <= set(inputs)


def test_a_clean_repository_is_green(stage: Stage) -> None:
    run = stage.run("clean")
    assert run.jobs == dict.fromkeys(JOBS, "success"), run.said
    assert run.exit_code == 0
    assert {step: report["verdict"] for step, report in run.reports.items()} == {
        "validate-data": "pass",
        "gate-model": "pass",
        "scan": "pass",
    }
    assert "verdict PASS" in run.said["mlops-ci"]


def test_distances_in_metres_turn_the_required_check_red(stage: Stage) -> None:
    run = stage.run("metres", edit("src/flight_delay/data.py", '.astype("float64")', '.astype("float64") * 1609.34'))
    assert run.jobs["data"] == run.jobs["mlops-ci"] == "failure", run.said
    assert run.reports["validate-data"]["exit_code"] == 10
    assert "MCI-DATA-001" in run.codes("validate-data")
    assert "The job data ended as failure" in run.said["mlops-ci"]


def test_a_weaker_contract_turns_the_required_check_red(stage: Stage) -> None:
    run = stage.run("weaker", edit("contracts/flights.json", '"min_value": 20000', '"min_value": 2'))
    assert run.jobs == dict.fromkeys(JOBS, "success") | dict.fromkeys(("data", "mlops-ci"), "failure"), run.said
    assert run.reports["validate-data"]["exit_code"] == 10
    assert run.codes("validate-data") == {"MCI-DATA-005", "MCI-POLICY-001"}
    assert "The job data ended as failure" in run.said["mlops-ci"]


def test_a_secret_turns_the_required_check_red(stage: Stage) -> None:
    token = "ghp" + "_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"
    run = stage.run("secret", edit("params.yaml", "train:", f"# {token}\ntrain:"))
    assert run.jobs["scan"] == run.jobs["mlops-ci"] == "failure", run.said
    assert run.reports["scan"]["exit_code"] == 10
    assert "MCI-SCAN-003" in run.codes("scan")
    assert "The job scan ended as failure" in run.said["mlops-ci"]


def test_a_model_that_misses_a_rule_turns_the_required_check_red(stage: Stage) -> None:
    run = stage.run("rule", edit("mlops.yaml", "{at_most: 40}", "{at_most: 0.001}"))
    assert run.jobs == dict.fromkeys(JOBS, "success") | dict.fromkeys(("model", "mlops-ci"), "failure"), run.said
    assert run.reports["gate-model"]["exit_code"] == 10
    assert "MCI-GATE-001" in run.codes("gate-model")
    assert "The job model ended as failure" in run.said["mlops-ci"]


def test_a_skipped_gate_turns_the_required_check_red(stage: Stage) -> None:
    run = stage.run("skipped", edit(WORKFLOW, "    name: model\n", "    name: model\n    if: false\n"))
    assert run.jobs.get("model", "skipped") == "skipped"
    assert run.jobs["mlops-ci"] == "failure", run.said
    assert run.exit_code != 0
    assert "The job model ended as skipped" in run.said["mlops-ci"]
    assert "There is no report of gate-model" in run.said["mlops-ci"]
