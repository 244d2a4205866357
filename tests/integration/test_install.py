"""The environment of an action: made once, reused, made again after a failure, and never shadowed by the work tree."""

import json
import os
import runpy
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.catalog import STEPS

pytestmark = [pytest.mark.integration, pytest.mark.alone]

INSTALL = Path(__file__).parents[2] / "actions" / "install.py"
PYTHON = str(Path(sys.base_prefix) / "bin/python3")

COLD, WARM = 15.0, 3.0  # seconds, with the wheels on a fast network


@pytest.fixture
def script() -> dict[str, Any]:
    return runpy.run_path(str(INSTALL))


@dataclass(frozen=True)
class Job:
    """A job's files, and what was installed in it twice: the first time nothing was there."""

    folder: Path
    said: tuple[str, str]
    seconds: tuple[float, float]

    def outputs(self, name: str) -> list[str]:
        return (self.folder / name).read_text().splitlines()


def install(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run what the actions run, in a job of its own; its interpreter has pip, as setup-python's has."""
    files = {f"GITHUB_{name}": str(folder / name.lower()) for name in ("OUTPUT", "PATH")}
    folders = {"RUNNER_TOOL_CACHE": str(folder / "cache"), "RUNNER_TEMP": str(folder / "a job's")}
    env = {**os.environ, **files, **folders, "UV_CACHE_DIR": str(folder / "uv"), "PIP_NO_CACHE_DIR": "1", **more}
    (folder / "cache").mkdir(exist_ok=True)
    argv = [PYTHON, "-I", str(INSTALL), *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=folder, env=env)


def installed(folder: Path, *words: str, **more: str) -> tuple[str, float]:
    """Return what was said, and how many seconds it took."""
    began = time.monotonic()
    done = install(folder, *words, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout, time.monotonic() - began


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("job")
    first, again = (installed(folder, "--on-path", "core") for _ in range(2))
    return Job(folder, (first[0], again[0]), (first[1], again[1]))


def test_the_command_line_of_this_checkout_runs_from_its_own_environment(job: Job) -> None:
    assert "Installing the libraries in core.txt" in job.said[0]
    assert "Installing" not in job.said[1]
    python = job.said[1].strip()
    program = job.folder / "a job's/mlops-ci-bin/mlops-ci"
    assert job.outputs("output") == [f"python={python}", f"path={program}"] * 2
    (job.folder / "click.py").write_text("raise SystemExit('a file of the judged work tree was imported')\n")
    argv = [python, "-I", str(INSTALL.with_name("run.py")), "--version"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=job.folder)
    assert done.stdout.startswith("mlops-ci, version ")


def test_later_steps_find_the_program_and_nothing_of_the_repository_is_imported(job: Job) -> None:
    (job.folder / "click.py").write_text("raise SystemExit('a file of the judged work tree was imported')\n")
    path = os.pathsep.join([job.outputs("path")[-1], os.environ["PATH"]])
    argv = ["bash", "-c", 'mlops-ci report --expected scan --reports . --format json; mlops-ci nonsense "a b"']
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=job.folder, env={"PATH": path})
    assert json.loads(done.stdout)["verdict"] == "fail"
    assert (done.returncode, "No such command 'nonsense'" in done.stderr) == (2, True)


def test_what_is_there_is_ready_at_once(job: Job) -> None:
    assert job.seconds[1] < WARM


@pytest.mark.parametrize("step", ["gate-model", "canary"])  # those with the most libraries
def test_what_is_not_there_is_ready_soon(step: str, tmp_path: Path) -> None:
    _, seconds = installed(tmp_path, step)
    assert seconds < COLD


def test_what_uv_cannot_have_pip_tries(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9/simple"
    done = install(tmp_path, "core", UV_DEFAULT_INDEX=nowhere, UV_NO_CONFIG="1", UV_HTTP_RETRIES="0")
    assert (done.returncode, nowhere in done.stderr) == (0, True), done.stderr
    argv = [done.stdout.splitlines()[-1], "-I", str(INSTALL.with_name("run.py")), "--version"]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.startswith("mlops-ci")


def test_a_step_that_is_none_is_named(tmp_path: Path) -> None:
    done = install(tmp_path, "--on-path", "gate-modle")
    assert done.returncode == 2
    assert "there is no step 'gate-modle'; choose one of: canary, core, gate-model" in done.stderr


def test_each_step_has_the_requirements_of_its_extra(script: dict[str, Any]) -> None:
    for name, entry in STEPS.items():
        assert script["requirements_for"](name).name == f"{entry.extra}.txt"
    assert script["requirements_for"]("core").is_file()


def test_the_folder_stands_for_the_requirements(script: dict[str, Any], tmp_path: Path) -> None:
    requirements = tmp_path / "data.txt"
    requirements.write_text("a==1\n")
    first = script["environment"](tmp_path, requirements)
    assert first == script["environment"](tmp_path, requirements)
    assert first.name.startswith("data-")
    requirements.write_text("a==2\n")
    assert first != script["environment"](tmp_path, requirements)


def test_the_tool_cache_is_taken_when_it_is_writable(script: dict[str, Any], tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    choose = script["base_folder"]
    assert choose({"RUNNER_TOOL_CACHE": str(tmp_path), "RUNNER_TEMP": missing}) == tmp_path
    assert choose({"RUNNER_TOOL_CACHE": missing, "RUNNER_TEMP": str(tmp_path)}) == tmp_path
    assert choose({"MLOPS_CI_ENVIRONMENTS": str(tmp_path), "RUNNER_TEMP": "/"}) == tmp_path
    with pytest.raises(SystemExit, match="neither RUNNER_TOOL_CACHE nor RUNNER_TEMP"):
        choose({})


def test_half_an_environment_is_made_again(script: dict[str, Any], tmp_path: Path) -> None:
    requirements, folder = tmp_path / "none.txt", tmp_path / "env"
    requirements.write_text("no-such-package-of-mlops-ci==1 --hash=sha256:" + "0" * 64 + "\n")
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            script["create"](folder, requirements)
        assert ended.value.code == 5
        assert not (folder / "installed").exists()
    requirements.write_text("")
    assert script["create"](folder, requirements) == folder / "bin" / "python"
    assert (folder / "installed").is_file()
