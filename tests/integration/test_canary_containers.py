"""A canary whose versions are real containers behind a real Envoy."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import not_here
from integration.released import BETTER, BUGGY, GOOD, Scene
from mlops_ci.journeys.demo import rows_of
from mlops_ci.journeys.load import Load
from mlops_ci.journeys.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

LEAKY = "4"
DOCKER = "docker" if not Path("/usr/bin/docker").exists() else "/usr/bin/docker"


def docker(*words: str) -> str:
    done = subprocess.run([DOCKER, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def containers(scene: Scene) -> dict[str, dict[str, Any]]:
    """Return what Docker says of this scene's containers, by release."""
    place = scene.workshop.root / ".mlops-ci/run" / scene.name / "flight-delay"
    names = docker("ps", "--all", "--quiet", "--filter", f"label=io.mlops-ci.place={place}").split()
    found = json.loads(docker("inspect", *names)) if names else []
    return {one["Config"]["Labels"]["io.mlops-ci.release"]: one for one in found}


@pytest.fixture(scope="module", autouse=True)
def images() -> Iterator[None]:
    """Remove the images that the tests had built."""
    if not not_here.answers(f"{DOCKER} info"):
        pytest.skip("no Docker engine answers")
    yield
    for image in set(docker("images", "--quiet", "--filter", "label=io.mlops-ci.commit").split()):
        docker("image", "rm", "--force", image)


@pytest.fixture(scope="module")
def leaky(workshop: Workshop) -> str:
    """Register a version whose service keeps four megabytes of each request; leave the code as it was."""
    service, answer = "src/flight_delay/service.py", "        entry = Entry(inputs | "
    leak = f"        globals().setdefault('kept', []).append(bytearray(b'x') * 4_000_000)\n{answer}"
    more, less = "months: [1, 2, 3, 4, 5, 6]", "months: [1, 2, 3, 4, 5]"
    workshop.edit(service, answer, leak)
    workshop.edit("params.yaml", more, less)  # another model, or it is registered already
    workshop.train("Keep the requests")
    for command in ("gate-model", "register-model"):
        assert workshop.step(command).exit_code == 0
    workshop.edit(service, leak, answer)
    workshop.edit("params.yaml", less, more)
    workshop.train("Keep nothing")
    return LEAKY


@pytest.fixture
def boxed(scene: Scene) -> Scene:
    """Return an environment whose versions run as containers."""
    limits = "{memory_mb: 500, cpus: 1, build_network: host}"  # a network of its own may not reach the package index
    scene.extra = {"MLOPS_CI_CANARY__ENGINE": "docker", "MLOPS_CI_CANARY__DOCKER": limits}
    scene.patience = 600
    return scene


def test_a_better_container_is_promoted_and_no_request_is_lost(boxed: Scene) -> None:
    boxed.release(GOOD)
    with boxed.load(100) as load:
        code, report, err = boxed.run("canary", "run", "--version", BETTER)
    assert code == 0, err
    assert report["outputs"]["decision"] == "promote"
    assert boxed.served_by().startswith("v2-")
    assert set(load.by_status()) == {"200"}
    ((name, found),) = containers(boxed).items()
    assert name.startswith("v2-")
    assert found["Image"].startswith("sha256:")
    assert found["Config"]["Labels"]["io.mlops-ci.model-digest"] == report["inputs"]["model"]
    _assert_strict(found)


def _assert_strict(found: dict[str, Any]) -> None:
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (500 * 1024**2, 500 * 1024**2, 10**9)
    modes = {mount["Destination"]: mount["RW"] for mount in found["Mounts"]}
    assert modes == {"/model": False, "/requests": True}
    assert {one["HostIp"] for ports in found["NetworkSettings"]["Ports"].values() for one in ports} == {"127.0.0.1"}


@pytest.mark.nightly
def test_a_container_that_fails_in_production_is_rolled_back(boxed: Scene) -> None:
    boxed.release(GOOD)
    with boxed.load(100):
        code, report, err = boxed.run("canary", "run", "--version", BUGGY)
    assert code == 10, err
    assert [finding["code"] for finding in report["findings"]] == ["MCI-CANARY-001"]
    assert boxed.recorded()["rejected"] == [report["inputs"]["model"]]
    assert boxed.served_by().startswith("v1-")
    assert [name[:3] for name in containers(boxed)] == ["v1-"]


@pytest.mark.nightly
def test_a_container_that_leaks_is_killed_by_its_limit_and_the_champion_serves(boxed: Scene, leaky: str) -> None:
    boxed.release(GOOD)
    boxed.extra |= {"MLOPS_CI_CANARY__BETA": "0.0001"}  # or it might be promoted before it is full
    rows = rows_of(boxed.workshop.root / "data/rows/2013-09.parquet")
    whole = [row for row in rows if None not in row.values()]  # with these its model does not fail
    with Load(f"http://127.0.0.1:{boxed.port}/predict", whole, rate=60):
        code, report, err = boxed.run("canary", "run", "--version", leaky)
    assert code == 10, err
    assert report["outputs"]["cause"] in {"crashed", "judged"}, err  # what is seen first: it is gone, or the 503s
    assert boxed.served_by().startswith("v1-")
    (log,) = (boxed.workshop.root / ".mlops-ci/run" / boxed.name).glob("flight-delay/services/v4-*.log")
    assert "wanted more memory than its limit" in log.read_text()


def test_a_container_that_cannot_serve_gets_no_traffic(boxed: Scene) -> None:
    boxed.release(GOOD)
    boxed.extra |= {"MLOPS_CI_CANARY__DOCKER": "{memory_mb: 24, build_network: host}"}
    code, report, err = boxed.run("canary", "run", "--version", BETTER)
    assert code == 10, err
    (finding,) = report["findings"]
    assert finding["code"] == "MCI-CANARY-002"
    assert "wanted more memory than its limit" in finding["message"]
    assert boxed.served_by().startswith("v1-")


def test_without_a_docker_engine_the_command_says_so(boxed: Scene, tmp_path: Path) -> None:
    boxed.extra |= {"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"}
    code, report, _ = boxed.run("canary", "run", "--version", GOOD)
    assert code == 5
    assert "Docker could not reach the Docker engine" in report["error"]
    boxed.extra["DOCKER_HOST"] = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
