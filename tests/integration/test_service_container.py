"""The image that the template's Dockerfile makes, run as strictly as a cluster would run it."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import not_here
from mlops_ci.errors import ProgramFailed
from mlops_ci.journeys.demo import rows_of
from mlops_ci.journeys.workshop import Workshop
from mlops_ci.net import Client, free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PACKAGED = Path("/usr/bin/docker")  # another one on PATH may lack BuildKit
DOCKER = str(PACKAGED) if PACKAGED.exists() else "docker"
STRICT = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]  # noqa: S108
SECRET = "planted-9f2c41"  # noqa: S105 - planted where a careless build would pick it up
LISTING = (
    "import json, os; "
    "print(json.dumps([os.path.join(at, name) for top in ('/app', '/root', '/home', '/tmp') "
    "for at, _, names in os.walk(top) for name in names]))"
)


def docker(*words: str, timeout: float = 60) -> str:
    """Return what the Docker client prints; fail with its words when it does."""
    env = {**os.environ, "DOCKER_BUILDKIT": "1"}
    done = subprocess.run([DOCKER, *words], env=env, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@dataclass(frozen=True)
class Container:
    name: str
    row: dict[str, Any]  # a flight
    client: Client

    @property
    def url(self) -> str:
        return f"http://{docker('port', self.name, '8080').splitlines()[0]}"

    def state(self, field: str) -> str:
        return docker("inspect", "--format", f"{{{{.State.{field}}}}}", self.name)


def answers(url: str) -> bool:
    try:
        return Client().get(url).status == 200
    except ProgramFailed:
        return False


def wait_for(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def image(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the image of a trained repository, with things beside its code that belong in no image."""
    if not not_here.answers(f"{DOCKER} info"):
        pytest.skip("no Docker engine answers")
    context = tmp_path_factory.mktemp("context") / "repository"
    shutil.copytree(workshop.root, context)
    (context / ".env").write_text(f"TOKEN={SECRET}\n")
    (context / "models" / "token.txt").write_text(SECRET)
    tag = f"mlops-ci-test:{uuid4().hex[:12]}"
    # The host's network: a container's own may not reach the package index.
    docker("build", "--network", "host", "--tag", tag, str(context), timeout=500)
    yield tag
    docker("image", "rm", "--force", tag)


@contextmanager
def running(image: str, workshop: Workshop) -> Iterator[Container]:
    """Run the image as strictly as a cluster would; begin when it is ready."""
    name = f"mlops-ci-test-{uuid4().hex[:12]}"
    docker("run", "--detach", "--name", name, "--publish", "127.0.0.1::8080", *STRICT, image)
    row = rows_of(workshop.root / "data/rows/2013-09.parquet")[0]
    made = Container(name, row, Client())
    try:
        wait_for(lambda: answers(f"{made.url}/readyz"))
        yield made
    finally:
        docker("rm", "--force", name)


@pytest.fixture(scope="module")
def container(image: str, workshop: Workshop) -> Iterator[Container]:
    with running(image, workshop) as made:
        yield made


def test_it_becomes_ready_and_healthy_and_answers(container: Container) -> None:
    answer = container.client.post_json(f"{container.url}/predict", container.row)
    assert answer.status == 200
    assert 0 < answer.json()["score"] < 1
    wait_for(lambda: container.state("Health.Status") == "healthy")


def test_a_wrong_request_is_told_which_field(container: Container) -> None:
    answer = container.client.post_json(f"{container.url}/predict", container.row | {"distance": -1})
    assert answer.status == 422
    assert [one["field"] for one in answer.json()["detail"]] == ["distance"]


def test_it_is_nobody_and_can_write_nothing(container: Container) -> None:
    script = "import os; print(os.getuid(), os.getgid(), *(os.access(p, os.W_OK) for p in ('/app', '/usr', '/etc')))"
    assert docker("exec", container.name, "python", "-c", script) == "10001 10001 False False False"
    status = docker("exec", container.name, "cat", "/proc/1/status")
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)


def test_sigterm_ends_it_with_0_within_seconds(image: str, workshop: Workshop) -> None:
    with running(image, workshop) as container:
        began = time.monotonic()
        docker("kill", "--signal", "TERM", container.name)
        assert docker("wait", container.name, timeout=20) == "0"
        assert time.monotonic() - began < 5


def test_the_image_holds_the_service_and_its_model_only(image: str) -> None:
    listed = docker("run", "--rm", "--user", "0", "--network", "none", image, "python", "-c", LISTING)
    files = [Path(one) for one in json.loads(listed)]
    app = [path.relative_to("/app") for path in files if path.is_relative_to("/app")]
    assert {path.parts[0] for path in app} == {"requirements.txt", "src", "contracts", "models"}
    assert [path for path in app if path.parts[0] == "contracts"] == [Path("contracts/request.json")]
    assert {path.parts[1] for path in app if path.parts[0] == "models"} == {"current"}
    assert not [path for path in files if {"__pycache__", ".cache", ".git", ".dvc", ".env"} & set(path.parts)]


def test_no_secret_is_left_in_its_settings_or_its_history(image: str) -> None:
    told = docker("inspect", image) + docker("history", "--no-trunc", image)
    assert SECRET not in told
    assert not re.search(r"https?://[^\s'\"]*@|(TOKEN|PASSWORD|SECRET|INDEX_URL)=\S", told, re.IGNORECASE)


def compose() -> list[str]:
    """Return the words that run Compose: Docker's plugin, or the program of its own that Debian has."""
    plugin = subprocess.run([DOCKER, "compose", "version"], capture_output=True, check=False).returncode == 0
    return [DOCKER, "compose"] if plugin else ["docker-compose"]


def test_the_compose_file_starts_it_as_strictly(image: str, workshop: Workshop, tmp_path: Path) -> None:
    """The image is here already, and the port may be taken; all else is as the file says."""
    project = f"mlops-ci-test-{uuid4().hex[:12]}"
    port = free_port()
    file = tmp_path / "compose.yaml"
    text = (workshop.root / "compose.yaml").read_text()
    file.write_text(text.replace("build: .", f"image: {image}").replace("127.0.0.1:8080:", f"127.0.0.1:{port}:"))
    words = [*compose(), "--file", str(file), "--project-name", project]
    subprocess.run([*words, "up", "--detach"], check=True, capture_output=True, timeout=120)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
        (name,) = docker(
            "ps", "--filter", f"label=com.docker.compose.project={project}", "--format", "{{.Names}}"
        ).split()
        host = json.loads(docker("inspect", "--format", "{{json .HostConfig}}", name))
    finally:
        subprocess.run([*words, "down"], check=True, capture_output=True, timeout=60)
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (
        True, ["ALL"], 2**30, 10**9, 128,
    )  # fmt: skip
