"""The whole journey, as `make demo` runs it; then interrupted in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.integration, pytest.mark.alone, pytest.mark.timeout(900)]


def demo(folder: Path, *flags: str) -> subprocess.Popen[str]:
    """Start `mlops-ci demo` in a folder, its temporary files below it."""
    environ = {**os.environ, "TMPDIR": str(folder)}
    argv = [sys.executable, "-m", "mlops_ci", "demo", "--format", "json", *flags]
    return subprocess.Popen(argv, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def left_running(folder: Path) -> list[str]:
    """Return the commands of processes that were started below a folder and still run."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if process.status() != psutil.STATUS_ZOMBIE and (
                str(folder) in " ".join(words) or str(folder) in process.cwd()
            ):
                found.append(" ".join(words))
        except psutil.Error:
            continue
    return found


def test_the_whole_journey_runs_with_the_templates_own_settings(tmp_path: Path) -> None:
    process = demo(tmp_path, "--keep")
    out, err = process.communicate(timeout=900)
    assert process.returncode == 0, err
    journey = json.loads(out)
    root = Path(journey["folder"]) / "flight-delay"
    try:
        assert verdicts(journey) == [
            [],
            ["pass", "pass", "pass", "pass"],
            ["pass", "pass", "pass", "pass"],
            ["pass", "pass", "pass", "fail"],
            ["fail"],
            ["fail"],
        ]
        first, better, bad, worse, broken = (chapter["commands"][-1]["report"] for chapter in journey["chapters"][1:])
        assert first["outputs"]["cause"] == "first-release"
        assert [event["weight"] for event in better["timeline"] if event["event"] == "step"] == [5, 25, 50]
        assert all(event["requests"] and event["needed"] for event in better["timeline"] if event["event"] == "judged")
        assert codes(bad) == {"MCI-CANARY-001"}
        assert codes(worse) == {"MCI-GATE-001"}
        assert codes(broken) == {"MCI-DATA-001", "MCI-DATA-002"}
        assert "no answer" not in journey["answers"], "a change of weights loses no request"
        assert int(journey["answers"]["500"]) < 100
        assert [line.split(" ", 1)[1].split(" v")[0].split(" for ")[0] for line in journey["record"]] == [
            "Gate: fail", "Roll back", "Canary", "Gate: pass", "Promote", "Canary", "Canary", "Canary", "Gate: pass",
            "Release", "Gate: pass",
        ]  # fmt: skip
        page = (tmp_path / ".mlops-ci/demo.html").read_text()
        assert "<svg" in page
        assert "http" not in page.replace('href="https://github.com/mlops-ci/', ""), "readable offline"
        changed = subprocess.run(
            ["git", "log", "--format=", "--name-only", "--", "mlops.yaml"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert changed == ["mlops.yaml"], "committed once, by the template, and never changed"
        assert b"warm_up: 10s" in (root / "mlops.yaml").read_bytes()
    finally:
        stop = [sys.executable, "-m", "mlops_ci", "canary", "stop"]
        subprocess.run(stop, cwd=root, check=True, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert left_running(tmp_path) == []


def verdicts(journey: dict[str, Any]) -> list[list[str]]:
    """Return the verdicts by chapter."""
    return [[one["report"]["verdict"] for one in chapter["commands"]] for chapter in journey["chapters"]]


def codes(report: dict[str, Any]) -> set[str]:
    """Return the codes of the findings that block."""
    return {finding["code"] for finding in report["findings"] if finding["effect"] == "blocks"}


@pytest.mark.nightly
def test_ctrl_c_in_the_middle_of_a_canary_leaves_nothing_behind(tmp_path: Path) -> None:
    process = demo(tmp_path)
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "step" in line and " 5 %" in line:
            break
    else:
        pytest.fail("no canary step was reached:\n" + "".join(said))
    (origin,) = tmp_path.glob("mlops-ci-demo-*/origin.git")
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    record = ""
    while process.poll() is None and origin.is_dir():
        done = subprocess.run(
            ["git", "-C", origin, "log", "-1", "--format=%s", "mlops-ci/state"],
            capture_output=True,
            text=True,
            check=False,
        )
        record = done.stdout or record
        time.sleep(0.05)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert record.startswith("Roll back v2-"), record
    assert left_running(tmp_path) == []
    assert not list(tmp_path.glob("mlops-ci-demo-*"))
