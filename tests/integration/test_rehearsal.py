"""A canary without users: golden rows are the requests, and what was not promoted is ended."""

import time

import pytest

from integration.released import BETTER, BUGGY, GOOD, Scene

pytestmark = pytest.mark.integration


def test_a_rehearsal_promotes_on_golden_rows_and_leaves_nothing_running(scene: Scene) -> None:
    scene.extra = {"MLOPS_CI_CANARY__REHEARSAL_RATE": "300"}
    code, report, err = scene.run("canary", "run", "--version", GOOD, "--rehearse")
    assert code == 0, err
    assert not scene.in_force(), "the proxy stopped with the rehearsal"
    code, report, err = scene.run("canary", "run", "--version", BETTER, "--rehearse")
    assert code == 0, err
    assert report["outputs"]["decision"] == "promote"
    (told,) = report["findings"]
    assert told["code"] == "MCI-CANARY-011"
    assert set(told["evidence"]["answers"]) == {"200"}
    assert scene.recorded()["champion"]["version"] == BETTER


def test_production_gets_no_made_up_requests(scene: Scene) -> None:
    code, report, _ = scene.run("canary", "run", "--version", GOOD, "--rehearse", "--environment", "production")
    assert code == 2
    assert "production has users" in report["error"]


def test_production_demands_all_by_default_and_less_is_told(scene: Scene) -> None:
    scene.extra = {"MLOPS_CI_CANARY__DEMANDS": "[sbom]"}
    code, report, _ = scene.run("canary", "run", "--version", GOOD, "--environment", "production")
    assert code == 10
    assert "has no evidence that it was scanned" in report["error"]


@pytest.mark.parametrize("version", [BETTER, BUGGY])
def test_a_release_that_ends_takes_its_own_canary_along_and_no_other(scene: Scene, version: str) -> None:
    scene.release(GOOD)
    canary = scene.start("canary", "run", "--version", version)
    scene.wait_for_challenger()
    for process in scene.supervisors():
        process.kill()
    scene.kill(canary)
    time.sleep(1)
    code, report, err = scene.run("rollback", "--unless-promoted")
    assert code == 0, err
    own = version == BUGGY  # the commit that is checked out made it
    assert report["outputs"]["decision"] == ("rollback" if own else "nothing")
    assert ("challenger" not in scene.recorded()) == own
