"""`mlops-ci image`, given what it cannot build from; its good way is part of the release workflow."""

from pathlib import Path

import pytest

from builders import commit_all, mlops_ci
from integration.test_evidence import make

pytestmark = pytest.mark.integration


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path)


@pytest.mark.parametrize("name", ["ghcr.io/Acme/Flights", "ghcr.io/acme/flights:latest", "-v", "a b", "x@sha256:00"])
def test_what_is_no_repository_of_images_is_refused(root: Path, name: str) -> None:
    ended = mlops_ci(root, "image", f"--push-to={name}")
    assert ended.code == 2, ended.stderr
    assert "is no repository of images" in ended.stderr


def test_without_a_dockerfile_there_is_nothing_to_build(root: Path) -> None:
    ended = mlops_ci(root, "image")
    assert ended.code == 3, ended.stderr
    assert "has no Dockerfile" in ended.stderr


def test_a_change_that_is_not_committed_is_in_no_image(root: Path) -> None:
    (root / "mlops.yaml").write_text((root / "mlops.yaml").read_text() + "\n")
    ended = mlops_ci(root, "image")
    assert ended.code == 2, ended.stderr
    assert "Commit or stash first" in ended.stderr


def test_without_a_docker_engine_the_command_says_so(root: Path, tmp_path: Path) -> None:
    (root / "Dockerfile").write_text("FROM scratch\nCOPY models/current /model\n")
    commit_all(root)
    ended = mlops_ci(root, "image", env={"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"})
    assert ended.code == 5, ended.stderr
    assert "Docker could not reach the Docker engine" in ended.stderr
