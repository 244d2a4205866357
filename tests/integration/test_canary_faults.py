"""Faults planted in a canary, with the real programs: users end on a healthy version and the record is true."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integration.released import BETTER, BUGGY, GOOD, Scene
from mlops_ci.evidence import keys, open_
from mlops_ci.process import Detached, alive

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
HERE = Path(__file__).parent
FOLDER = "flight-delay"


@pytest.mark.timeout(1200)  # many canaries, one after the other
@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.nightly), "after"])
def test_kill_9_at_any_entry_of_the_journal_leaves_nothing_wrong(scene: Scene, when: str) -> None:
    """After each, users are on the champion that is recorded, and the next canary begins as if nothing had been."""
    scene.release(GOOD)
    with scene.load():
        for event in ("begin", "step", "routed", "go-on", "promote", "end"):
            killed = scene.start_script(HERE / "dies_at.py", when, event, "canary", "run", "--version", BETTER)
            _, err = killed.communicate(timeout=120)
            assert killed.returncode == -signal.SIGKILL, (event, err)
            scene.wait_for(lambda: not scene.file("lease.json").exists(), 30)
            recorded = scene.recorded()
            assert recorded["champion"]["version"] == (BETTER if event == "end" else GOOD), event
            assert "challenger" not in recorded, event
            assert list(scene.in_force()) == [name_of(recorded)], event
            assert scene.served_by() == name_of(recorded), event
        code, report, err = scene.run("canary", "run", "--version", BETTER)
    assert (code, report["outputs"]["cause"]) == (0, "unchanged"), err


def test_a_proxy_that_is_killed_is_back_at_once_and_the_canary_goes_on(scene: Scene) -> None:
    scene.release(GOOD)
    with slowly(scene), scene.load():
        canary = scene.start("canary", "run", "--version", BETTER, "--format", "json")
        scene.wait_for_challenger()
        os.kill(int(json.loads(scene.file("proxy.json").read_text())["pid"]), signal.SIGKILL)
        began = time.monotonic()
        scene.wait_for(lambda: len(scene.in_force()) > 1, 20)
        assert time.monotonic() - began < 10
        report = ended(canary, 0)
    assert "proxy down" in events(report)
    assert scene.served_by().startswith("v2-")


def test_a_champion_that_is_killed_is_started_again(scene: Scene) -> None:
    scene.release(GOOD)
    with slowly(scene), scene.load():
        canary = scene.start("canary", "run", "--version", BETTER, "--format", "json")
        scene.wait_for_challenger()
        os.kill(int(scene.service(GOOD)["pid"]), signal.SIGKILL)
        report = ended(canary, 0)
    assert "champion down" in events(report)
    assert scene.served_by().startswith("v2-")


@pytest.mark.parametrize(
    ("mode", "causes"),
    [
        ("fails", {"judged"}),
        ("hangs", {"no-answer"}),
        ("leaks", {"crashed", "judged"}),
        ("unready", {"unhealthy"}),
    ],
)
def test_a_challenger_that_misbehaves_is_rolled_back(scene: Scene, mode: str, causes: set[str]) -> None:
    scene.release(GOOD)
    scene.extra = {"MLOPS_CI_CANARY__SERVE": json.dumps(["python", str(HERE / "bad_service.py"), mode])}
    scene.extra |= {"MLOPS_CI_CANARY__STEPS": "[5, 50]"}
    with slowly(scene), scene.load():
        code, report, err = scene.run("canary", "run", "--version", BETTER)
    assert code == 10, err
    assert report["outputs"]["cause"] in causes, report["findings"]
    assert scene.served_by().startswith("v1-")
    assert scene.recorded()["rejected"] == [report["inputs"]["model"]]
    (step, back) = (next(one for one in report["timeline"] if one["event"] == name) for name in ("step", "rolled back"))
    if mode == "hangs":
        assert back["t"] - step["t"] < 4, "two seconds from the first requests on"


def test_weights_changed_by_hand_are_set_right(scene: Scene) -> None:
    scene.release(GOOD)
    with slowly(scene), scene.load():
        canary = scene.start("canary", "run", "--version", BETTER, "--format", "json")
        scene.wait_for_challenger()
        time.sleep(1)
        routes = scene.file("routes.json")
        routes.with_suffix(".mine").write_text(re.sub(r'"weight": \d+', '"weight": 20', routes.read_text(), count=1))
        routes.with_suffix(".mine").replace(routes)
        report = ended(canary, 0)
    assert "weights mended" in events(report)
    assert scene.served_by().startswith("v2-")


def test_a_rollback_by_hand_ends_a_canary_that_runs(scene: Scene) -> None:
    scene.release(GOOD)
    canary = scene.start("canary", "run", "--version", BETTER, "--format", "json")
    scene.wait_for_challenger()
    code, _, err = scene.run("rollback", "--reason", "complaints")
    assert code == 0, err
    ended(canary, 5)
    (only,) = scene.in_force()
    assert only.startswith("v1-")
    assert "challenger" not in scene.recorded()


@pytest.mark.nightly
def test_an_origin_out_of_reach_for_a_while_is_waited_for(scene: Scene) -> None:
    scene.release(GOOD)
    scene.extra = {"MLOPS_CI_CANARY__STEPS": "[25, 50]"}
    origin = scene.workshop.folder / "origin.git"
    with scene.load():
        canary = scene.start("canary", "run", "--version", BETTER, "--format", "json")
        scene.wait_for_challenger()
        origin.rename(origin.with_name("away.git"))
        time.sleep(12)
        origin.with_name("away.git").rename(origin)
        report = ended(canary, 0)
    assert "origin away" in events(report)
    assert scene.recorded()["champion"]["version"] == BETTER


def test_a_rollback_that_could_not_be_recorded_is_recorded_by_the_next_one(scene: Scene) -> None:
    scene.release(GOOD)
    origin = scene.workshop.folder / "origin.git"
    hook = origin / "hooks/pre-receive"
    with scene.load():
        canary = scene.start("canary", "run", "--version", BUGGY, "--format", "json")
        scene.wait_for(lambda: "challenger" in scene.recorded())  # once it has traffic, it is soon rolled back
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
        try:
            report = ended(canary, 10)
            recorded = scene.recorded()
        finally:
            hook.unlink()
    assert [one["code"] for one in report["findings"]] == ["MCI-CANARY-001", "MCI-RECORD-001"]
    assert scene.served_by().startswith("v1-")
    assert "challenger" in recorded
    assert scene.run("rollback")[0] == 0
    assert "challenger" not in scene.recorded()
    assert scene.recorded()["rejected"] == [report["inputs"]["model"]], "and so is the judgement"


def test_a_controller_that_dies_while_origin_is_out_of_reach_leaves_the_champion_all_traffic(scene: Scene) -> None:
    scene.release(GOOD)
    with for_long(scene), scene.load():
        canary = scene.start("canary", "run", "--version", BETTER)
        scene.wait_for_challenger()
        with away(scene):
            scene.kill(canary)
            scene.wait_for(lambda: '"returning"' in scene.file("journal.jsonl").read_text(), 30)
            code, seen, err = scene.run("canary", "status")
            assert list(seen["in_force"].values()) == [100], "by what this machine knows"
            assert (code, seen["recorded"]) == (5, ""), "and that is shown"
            assert "origin cannot be read" in err
        scene.wait_for(lambda: "challenger" not in scene.recorded(), 60)
    assert list(scene.in_force()) == [name_of(scene.recorded())]


def test_without_origin_a_rollback_by_hand_takes_a_canary_from_its_controller(scene: Scene) -> None:
    scene.release(GOOD)
    with for_long(scene), scene.load():
        canary = scene.start("canary", "run", "--version", BETTER, "--format", "json")
        scene.wait_for_challenger()
        with away(scene):
            assert scene.run("rollback", "--to", "previous")[0] == 5, "which that is, only the record knows"
            assert scene.run("rollback", "--dry-run")[0] == 5
            assert len(scene.run("canary", "status")[1]["in_force"]) == 2, "nothing has moved"
            code, report, _ = scene.run("rollback", "--reason", "complaints")
            assert code == 5
            assert "The record does not say so yet" in report["error"]
            assert "supervisor has ended this canary" in ended(canary, 5)["error"]
            assert {scene.served_by()[:3] for _ in range(20)} == {"v1-"}
        code, report, _ = scene.run("canary", "run", "--version", BETTER)
        assert code == 5, "nobody goes on with what has ended"
        assert "Run: mlops-ci rollback" in report["error"]
        assert scene.run("rollback")[0] == 0
    assert "challenger" not in scene.recorded()
    assert list(scene.in_force()) == [name_of(scene.recorded())]


@contextmanager
def for_long(scene: Scene) -> Iterator[None]:
    """Let the canary take minutes, however slow what happens meanwhile is."""
    scene.extra["MLOPS_CI_CANARY__STEPS"] = "[5, 50]"
    with slowly(scene):
        yield


def test_what_serves_outlives_the_job_of_a_runner_and_a_killed_rehearsal_does_not(scene: Scene, tmp_path: Path) -> None:
    scene.extra = {"RUNNER_TRACKING_ID": "github_1"}  # by which GitHub's runner finds what a job has left behind
    scene.release(GOOD)
    found = [json.loads(scene.file("proxy.json").read_text()), scene.service(GOOD)]
    programs = [Detached(int(one["pid"]), one["started"]) for one in found]
    assert all(b"RUNNER_TRACKING_ID=\0" in Path(f"/proc/{one.pid}/environ").read_bytes() for one in programs)
    scene.extra["TMPDIR"] = str(tmp_path)  # of another shell
    assert list(scene.in_force().values()) == [100], "the proxy is found"
    with slowly(scene):
        rehearsal = scene.start("canary", "run", "--version", BETTER, "--rehearse")
        scene.wait_for_challenger()
        scene.kill(rehearsal)
        scene.wait_for(lambda: "challenger" not in scene.recorded(), 30)
        scene.wait_for(lambda: not scene.supervisors(), 30)
    assert not scene.file("proxy.json").exists()
    assert not any(alive(one) for one in programs), "nobody else uses what ran there"


@contextmanager
def away(scene: Scene) -> Iterator[None]:
    """Put origin out of reach."""
    origin = scene.workshop.folder / "origin.git"
    elsewhere = origin.rename(origin.with_name("away.git"))
    try:
        yield
    finally:
        elsewhere.rename(origin)


def test_a_release_file_edited_to_nonsense_is_restored_by_one_command(scene: Scene) -> None:
    scene.release(GOOD)
    before = scene.recorded()
    canary = scene.start("canary", "run", "--version", BETTER, "--format", "json")
    scene.wait_for_challenger()
    scene.push_to_record("challenger: [nonsense\n")
    with scene.load():
        report = ended(canary, 2)
    assert "is not a release file" in report["error"]
    assert scene.served_by().startswith("v1-")
    code, _, err = scene.run("rollback")
    assert code == 0, err
    assert scene.recorded() == before
    for flag in ("--if-lease-expired", "--unless-promoted"):
        scene.push_to_record("[nonsense\n")
        code, _, err = scene.run("rollback", flag)
        assert code == 0, err
        assert scene.recorded() == before, "what nobody starts by hand mends it as well"


@pytest.mark.nightly
def test_a_clock_that_jumps_ends_nothing(scene: Scene, tmp_path: Path) -> None:
    """The controller's clock goes two hours forth, then a day back."""
    scene.release(GOOD)
    jump = tmp_path / "jump"
    jump.write_text("0")
    scene.extra = {"MLOPS_CI_CANARY__STEPS": "[25, 50]"}
    with slowly(scene), scene.load():
        canary = scene.start_script(
            HERE / "jumps.py", str(jump), "canary", "run", "--version", BETTER, "--format", "json"
        )
        scene.wait_for_challenger()
        for seconds in (7_200, -86_400):
            jump.write_text(str(seconds))
            time.sleep(2)
            assert canary.poll() is None
            assert len(scene.in_force()) == 2
        report = ended(canary, 0)
    times = [one["time"] for one in report["timeline"]]
    assert max(times) - min(times) > 3_600, "it did jump"
    assert scene.recorded()["champion"]["version"] == BETTER


@pytest.mark.nightly
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small file system")
def test_a_full_disk_leaves_the_champion_with_all_traffic(scene: Scene, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", small], check=True)
    try:
        scene.extra = {"MLOPS_CI_CANARY__RUNTIME": str(small)}
        scene.release(GOOD)
        canary = scene.start("canary", "run", "--version", BETTER, "--format", "json")
        scene.wait_for_challenger()
        with pytest.raises(OSError, match="No space"):
            fill(small / "full")
        report = ended(canary, 5)
        assert "No space left" in report["error"]
        (only,) = scene.in_force()
        assert only.startswith("v1-")
        assert "challenger" not in scene.recorded()
        scene.stop()
    finally:
        subprocess.run(["umount", "--lazy", small], check=True)


def test_a_canary_is_handed_from_one_command_to_the_next(scene: Scene) -> None:
    scene.release(GOOD)
    with slowly(scene), scene.load():
        code, report, err = scene.run("canary", "run", "--version", BETTER, "--watch-for", "2s")
        assert (code, report["outputs"]["decision"]) == (0, "hold"), err
        assert len(scene.in_force()) == 2
        scene.extra.pop("MLOPS_CI_CANARY__BETA")
        code, report, err = scene.run("canary", "run", "--version", BETTER)
    assert (code, report["outputs"]["decision"]) == (0, "promote"), err
    assert report["timeline"][0]["event"] == "resumed"


def test_a_canary_in_discrete_steps(scene: Scene) -> None:
    scene.release(GOOD)
    with scene.load():
        assert decided(scene, "start", "--version", BETTER) == (0, "hold")
        assert scene.run("canary", "step")[0] == 11, "nothing is decided yet"
        assert decided(scene, "judge") == (0, "go-on")
        assert scene.run("canary", "step")[0] == 2, "that was the last step"
        assert decided(scene, "promote") == (0, "promote")
    assert scene.served_by().startswith("v2-")
    assert scene.run("canary", "judge")[0] == 2
    digest = scene.recorded()["champion"]["model_digest"].removeprefix("sha256:")
    place = f"mlops-ci/state:evidence/canary/{digest}.json"
    sealed = subprocess.run(
        ["git", "-C", scene.workshop.folder / "origin.git", "show", place], capture_output=True, check=True
    ).stdout
    key = keys.load(None, scene.root / ".mlops-ci/keys/evidence.pem")
    assert key
    assert open_(sealed, [key.public_key])["predicate"]["decision"] == "promote", "its record is signed"


def test_between_two_commands_a_challenger_that_dies_is_rolled_back_by_the_supervisor(scene: Scene) -> None:
    scene.release(GOOD)
    assert decided(scene, "start", "--version", BETTER) == (0, "hold")
    os.kill(int(scene.service(BETTER)["pid"]), signal.SIGKILL)
    scene.wait_for(lambda: "challenger" not in scene.recorded(), 20)
    (only,) = scene.in_force()
    assert only.startswith("v1-")


def test_another_machine_goes_on_when_the_first_is_gone(scene: Scene, tmp_path: Path) -> None:
    scene.release(GOOD)
    assert decided(scene, "start", "--version", BETTER) == (0, "hold")
    for process in scene.supervisors():
        process.kill()
    scene.stop()  # the machine is gone, and says nothing to anybody
    other = scene.elsewhere(tmp_path / "clone")
    code, report, _ = other.run("canary", "run", "--version", BETTER)
    assert code == 5
    assert "steered on another machine" in report["error"]
    subprocess.run(
        ["git", "-C", scene.workshop.root, "push", "--quiet", "origin", f":refs/mlops-ci/lease/{scene.name}/{FOLDER}"],
        check=True,
    )
    try:
        with other.load():
            code, report, err = other.run("canary", "run", "--version", BETTER)
        assert (code, report["outputs"]["decision"]) == (0, "promote"), err
        assert report["timeline"][0]["event"] == "resumed"
        assert other.served_by().startswith("v2-")
        assert scene.recorded()["champion"]["version"] == BETTER
    finally:
        other.stop()


def test_production_comes_after_staging_when_the_settings_say_so(scene: Scene) -> None:
    scene.release(GOOD)
    scene.extra = {"MLOPS_CI_CANARY__AFTER": f"{scene.name[:30]}-before"}
    code, report, _ = scene.run("canary", "run", "--version", BETTER)
    assert code == 10
    assert "is not released in" in report["error"]
    assert "challenger" not in scene.recorded()


def name_of(recorded: Mapping[str, Any]) -> str:
    """Return the recorded champion's name."""
    champion = recorded["champion"]
    return f"v{champion['version']}-{champion['model_digest'].removeprefix('sha256:')[:12]}"


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as stream:
        while stream.write(bytes(4096)):
            pass


@contextmanager
def slowly(scene: Scene) -> Iterator[None]:
    """Let the step need more evidence, so that there is time for a fault."""
    scene.extra["MLOPS_CI_CANARY__BETA"] = "0.0001"
    yield


def ended(canary: "subprocess.Popen[str]", code: int) -> dict[str, Any]:
    """Return the report of a canary that must end with this code."""
    out, err = canary.communicate(timeout=180)
    assert canary.returncode == code, err
    report: dict[str, Any] = json.loads(out)
    return report


def events(report: dict[str, Any]) -> list[str]:
    """Return what happened in a canary, in order."""
    return [one["event"] for one in report["timeline"]]


def decided(scene: Scene, *words: str) -> tuple[int, str]:
    """Run one command of a canary; return its exit code and decision."""
    code, report, err = scene.run("canary", *words)
    assert report, err
    return code, str(report.get("outputs", {}).get("decision"))
