"""The environment of an action: made once, reused, made again after a failure, and never shadowed by the work tree."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

INSTALL = Path(__file__).parents[2] / "actions" / "install.py"


@pytest.fixture
def script() -> dict[str, Any]:
    return runpy.run_path(str(INSTALL))


def test_the_command_line_of_this_checkout_runs_from_its_own_environment(tmp_path: Path) -> None:
    def install() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", INSTALL, "core"], capture_output=True, text=True, check=True, cwd=tmp_path,
            env={**os.environ, "RUNNER_TOOL_CACHE": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "output")},
        )  # fmt: skip

    first, second = install(), install()
    assert "Installing the libraries in core.txt" in first.stdout
    assert "Installing" not in second.stdout
    python = second.stdout.strip()
    assert (tmp_path / "output").read_text() == f"python={python}\n" * 2
    (tmp_path / "click.py").write_text("raise SystemExit('a file of the judged work tree was imported')\n")
    argv = [python, "-I", str(INSTALL.with_name("run.py")), "--version"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.startswith("mlops-ci, version ")


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
