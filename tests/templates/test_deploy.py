"""What runs the service elsewhere: valid, as strict as a cluster may ask, and of one mind with its image."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from mlops_ci.release.state import Challenger, Release, State
from templates.baking import PROGRAMS, bake

pytestmark = pytest.mark.integration

ONE = Release("7", f"sha256:{'a' * 64}", "c" * 40, "evidence/x.json", "2026-11-22T10:00:00Z")
NEW = Challenger(Release("8", f"sha256:{'b' * 64}", "d" * 40, "y", "z", image="ghcr.io/acme/x@sha256:8"), 25, 2)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bake(tmp_path_factory.mktemp("deploy"), project_slug="a" * 50, package="flights")


@pytest.fixture(scope="module")
def rendered(repository: Path) -> dict[str, Any]:
    """Return kind → object, as a cluster would get it."""
    argv = [str(PROGRAMS / "kubectl"), "kustomize", "deploy/kubernetes"]
    done = subprocess.run(argv, cwd=repository, capture_output=True, text=True, check=True)
    return {one["kind"]: one for one in yaml.safe_load_all(done.stdout)}


def test_every_object_is_one_that_kubernetes_knows(rendered: dict[str, Any]) -> None:
    assert set(rendered) == {"Namespace", "Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget"}
    for one in rendered.values():
        kubernetes_validate.validate(one, "1.37", strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):  # it is able to refuse
        kubernetes_validate.validate(rendered["Service"] | {"spec": {"port": 80}}, "1.37", strict=True)


def test_all_of_it_is_about_the_same_pods(rendered: dict[str, Any]) -> None:
    label = {"app.kubernetes.io/name": "a" * 50}
    spec = {kind: one.get("spec", {}) for kind, one in rendered.items()}
    assert spec["Deployment"]["template"]["metadata"]["labels"] == label
    assert spec["Deployment"]["selector"]["matchLabels"] == spec["Service"]["selector"] == label
    assert spec["NetworkPolicy"]["podSelector"] == spec["PodDisruptionBudget"]["selector"] == {"matchLabels": label}
    assert {one["metadata"].get("namespace", "a" * 50) for one in rendered.values()} == {"a" * 50}


def test_cluster_compose_and_image_say_the_same(repository: Path, rendered: dict[str, Any]) -> None:
    dockerfile = (repository / "Dockerfile").read_text()
    pod = rendered["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (composed,) = yaml.safe_load((repository / "compose.yaml").read_text())["services"].values()
    user = f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
    assert f"USER {user}\n" in dockerfile
    assert composed["user"] == user
    (port,) = container["ports"]
    assert f"EXPOSE {port['containerPort']}\n" in dockerfile
    assert composed["ports"] == [f"127.0.0.1:8080:{port['containerPort']}"]
    service = (repository / "src/flights/service.py").read_text()
    probes = {one["httpGet"]["path"] for name, one in container.items() if name.endswith("Probe")}
    assert probes == {"/healthz", "/readyz"} < set(re.findall(r'@app.get\("(/\w+)"', service))
    assert container["securityContext"]["readOnlyRootFilesystem"] is composed["read_only"] is True


@pytest.mark.parametrize("image", ["ghcr.io/acme/x@sha256:7", ""])
def test_the_champions_image_is_what_the_readme_puts_in(repository: Path, image: str, tmp_path: Path) -> None:
    """Not the challenger's, and none where the champion has none."""
    state = State("rehearsal", "x", replace(ONE, image=image), NEW)
    (tmp_path / "release.yaml").write_text(state.to_yaml())
    (command,) = re.findall(r"sed -n '([^']*)'", (repository / "README.md").read_text())
    argv = ["sed", "-n", command, str(tmp_path / "release.yaml")]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == image
