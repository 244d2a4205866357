"""`doctor` on a generated repository: healthy it finds nothing, and each planted defect is named by its own finding."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from builders import commit_all, git, mlops_ci
from integration.serving import Answering, serving
from mlops_ci.journeys.doctor import examine
from mlops_ci.report import Finding
from mlops_ci.tools.github import Forge
from templates.baking import bake

pytestmark = pytest.mark.integration

SPOKEN = "t0p"
BASE = "/repos/acme/flight-delay"
STATE = "/rules/branches/mlops-ci%2Fstate"
CHECKS = {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "mlops-ci"}]}}
REVIEWERS = {"type": "required_reviewers", "reviewers": [{"type": "User", "reviewer": {"login": "ada"}}]}
PULL_REQUEST = ".github/workflows/pull-request.yml"
RELEASE = ".github/workflows/release.yml"
Answers = dict[str, Any]
ENVIRONMENT, APPROVAL = "  environment: rehearsal\n  demands", "  environment: rehearsal\n  approval: true\n  demands"


class Api:
    """GitHub's API: what it answers about each path, and 404 about all others."""

    def __init__(self) -> None:
        self.answers: Answers = {}
        self.url = ""


@pytest.fixture(scope="module")
def server() -> Iterator[Api]:
    made = Api()

    class Handler(Answering):
        def get(self) -> None:
            answer = made.answers.get(urlsplit(self.path).path.removeprefix(BASE), 404)
            self.say(*(({"message": "no"}, answer) if isinstance(answer, int) else (answer,)))

    with serving(Handler) as made.url:
        yield made


@pytest.fixture
def api(server: Api) -> Api:
    """Return the stand-in, answering as it does about a repository that is set up."""
    server.answers = {
        "": {"default_branch": "main"},
        "/rules/branches/main": [{"type": "deletion"}, CHECKS],
        STATE: [{"type": "deletion"}, {"type": "non_fast_forward"}],
        "/branches/main": {"protection": {"enabled": False}},
        "/environments/rehearsal": {"protection_rules": []},
        **{f"/actions/{one}secrets": {"total_count": 0, "secrets": []} for one in ("", "organization-")},
        **{f"/actions/{one}variables": {"total_count": 0, "variables": []} for one in ("", "organization-")},
    }
    return server


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doctor")
    root = bake(folder)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Someone")
    git(root, "config", "user.email", "someone@example.org")
    commit_all(root)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    git(root, "remote", "add", "origin", str(folder / "origin.git"))
    git(root, "push", "--quiet", "origin", "main")
    return root


@pytest.fixture
def root(healthy: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(healthy, tmp_path / "flight-delay"))


def seen(root: Path, api: Api, token: str | None = SPOKEN) -> list[Finding]:
    """Return what the doctor finds, but for secrets that are optional."""
    found = examine(root, root / "mlops.yaml", Forge(api.url, "acme/flight-delay", 5), token, {}).findings
    return [one for one in found if not (one.code == "MCI-DOCTOR-010" and one.effect == "informs")]


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new, 1))


def test_a_healthy_repository_is_fine_and_stays_as_it_is(healthy: Path, api: Api) -> None:
    env = {"GITHUB_API_URL": api.url, "GITHUB_REPOSITORY": "acme/flight-delay", "MLOPS_CI_GIT_TOKEN": "t0p"}
    ended = mlops_ci(healthy, "doctor", "--format", "json", env=env)
    assert ended.code == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert {(one["code"], one["effect"]) for one in report["findings"]} == {("MCI-DOCTOR-010", "informs")}
    assert {"git", "dvc"} <= set(report["tools"])
    assert "t0p" not in ended.stdout + ended.stderr
    assert git(healthy, "status", "--porcelain") == ""
    api.answers["/rules/branches/main"] = []
    assert mlops_ci(healthy, "doctor", env=env).code == 10, "nothing requires the check"
    unasked = mlops_ci(healthy, "doctor", env={"GITHUB_REPOSITORY": "", "MLOPS_CI_GIT_TOKEN": ""})
    assert unasked.code == 11, "what was not looked at is not fine"
    assert "Push to GitHub first" in unasked.stderr


def untrack(root: Path) -> None:
    git(root, "rm", "--quiet", "--cached", "data/golden.parquet")


def widen(root: Path) -> None:
    edit(root, PULL_REQUEST, "contents: read # to check out", "contents: write")


def delete(path: str) -> Callable[[Path], None]:
    return lambda root: (root / path).unlink()


def skip(root: Path) -> None:
    edit(root, PULL_REQUEST, "    if: always()\n    needs", "    needs")


def break_(root: Path) -> None:
    edit(root, ".github/workflows/rollback.yml", "jobs:", "jobs: [")


def inherit(root: Path) -> None:
    edit(root, "README.md", "@" + pinned(root), "@" + "a" * 40)


def pinned(root: Path) -> str:
    commit: str = json.loads((root / ".cruft.json").read_text())["commit"]
    return commit


DEFECTS: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    "settings": (lambda root: edit(root, "mlops.yaml", "gate:", "gaet:"), "001", "no valid settings"),
    "golden set gone": (lambda root: (root / "data/golden.parquet").unlink(), "002", "does not exist"),
    "golden set untracked": (untrack, "002", "golden.parquet is not tracked"),
    "workflow deleted": (delete(".github/workflows/watchdog.yml"), "003", "no workflow watchdog"),
    "workflow broken": (break_, "003", "no jobs"),
    "action by tag": (
        lambda root: edit(root, PULL_REQUEST, "checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "checkout@v7"),
        "004",
        "actions/checkout is not pinned",
    ),
    "two commits": (inherit, "005", "several commits"),
    "another pin": (
        lambda root: edit(root, PULL_REQUEST, "checkout@3d3c42e5", "checkout@4d3c42e5"),
        "006",
        "actions/checkout is pinned to another",
    ),
    "wider permission": (widen, "007", "test may do more than the template's: contents: write"),
    "permissions for all": (
        lambda root: edit(root, RELEASE, "permissions: {}", "permissions: write-all"),
        "007",
        "every job gets write-all",
    ),
    "no permissions": (
        lambda root: edit(root, RELEASE, "permissions: {}\n", ""),
        "007",
        "every job gets what the repository's settings give",
    ),
    "job not needed": (
        lambda root: edit(root, PULL_REQUEST, "needs: [test, data, model, scan]", "needs: [test, data, model]"),
        "008",
        "does not wait for scan",
    ),
    "tests not needed": (
        lambda root: edit(root, PULL_REQUEST, "needs: [test, data, model, scan]", "needs: [data, model, scan]"),
        "008",
        "does not wait for test",
    ),
    "check skipped": (skip, "008", "skipped"),
    "secret": (
        lambda root: edit(root, RELEASE, "key: ${{ secrets.MLOPS_CI_MODEL_KEY }}", "key: ${{ secrets.OURS }}"),
        "010",
        "secret OURS is not set",
    ),
    "no reviewers": (
        lambda root: edit(root, "mlops.yaml", ENVIRONMENT, APPROVAL),
        "011",
        "Nobody has to approve releases to rehearsal",
    ),
    "no record": (lambda root: (root / ".cruft.json").unlink(), "012", "not recorded"),
    "template moved on": (
        lambda root: edit(root, ".cruft.json", pinned(root), "b" * 40),
        "012",
        "this repository at bbbbbbbbbbbb",
    ),
    "file deleted": (lambda root: (root / "docs/runbook.md").unlink(), "013", "docs/runbook.md"),
    "no origin": (lambda root: git(root, "remote", "remove", "origin"), "016", "nowhere to record"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_is_named_by_its_own_finding(defect: str, root: Path, api: Api) -> None:
    plant, code, title = DEFECTS[defect]
    plant(root)
    found = seen(root, api)
    assert title in next(one.title for one in found if one.code == f"MCI-DOCTOR-{code}")
    beside = {"workflow deleted": {"MCI-DOCTOR-013"}, "golden set gone": {"MCI-DOCTOR-013"}}
    assert {one.code for one in found} == {f"MCI-DOCTOR-{code}", *beside.get(defect, set())}
    assert all(one.message for one in found)


def test_what_github_knows_counts_wherever_it_stands(root: Path, api: Api) -> None:
    edit(root, RELEASE, "key: ${{ secrets.MLOPS_CI_MODEL_KEY }}", "key: ${{ secrets['ours'] }}")
    api.answers["/environments/rehearsal/secrets"] = {"secrets": [{"name": "OURS"}]}
    api.answers["/rules/branches/main"] = []
    api.answers["/branches/main"] = {"protection": {"required_status_checks": {"contexts": ["mlops-ci"]}}}
    assert seen(root, api) == []
    edit(
        root,
        "mlops.yaml",
        "  environment: rehearsal\n  demands",
        "  environment: rehearsal\n  approval: true\n  demands",
    )
    api.answers["/environments/rehearsal"] = {"protection_rules": [REVIEWERS]}
    assert seen(root, api) == []


@pytest.mark.parametrize("kind", ["deletion", "non_fast_forward"])
def test_a_record_that_may_be_rewritten_is_named(root: Path, api: Api, kind: str) -> None:
    api.answers[STATE] = [{"type": kind}]
    (found,) = seen(root, api)
    assert (found.code, found.effect) == ("MCI-DOCTOR-017", "blocks")
    assert "mlops-ci/state may be rewritten" in found.title


@pytest.mark.parametrize(
    ("path", "answer", "title"),
    [
        (STATE, 403, "whether the record of releases is kept"),
        (STATE, ["strange"], "whether the record of releases is kept"),
        ("", 403, "whether the check is required"),
        ("/rules/branches/main", 403, "whether the check is required"),
        ("/rules/branches/main", {"message": "strange"}, "whether the check is required"),
        ("/actions/secrets", 403, "secrets and variables"),
        ("/actions/variables", {"total_count": 1}, "secrets and variables"),
    ],
)
def test_what_github_does_not_say_is_not_fine(root: Path, api: Api, path: str, answer: object, title: str) -> None:
    api.answers[path] = answer
    (found,) = seen(root, api)
    assert (found.code, found.effect, found.title) == ("MCI-DOCTOR-015", "undecided", f"Not looked at: {title}")


def test_what_cannot_be_reached_is_not_fine(root: Path, api: Api, tmp_path: Path) -> None:
    git(root, "remote", "set-url", "origin", str(tmp_path / "gone.git"))
    record = json.loads((root / ".cruft.json").read_text())
    (root / ".cruft.json").write_text(json.dumps(record | {"template": str(tmp_path / "gone")}))
    found = seen(root, api, token=None)
    assert {(one.code, one.effect) for one in found} == {("MCI-DOCTOR-015", "undecided")}
    assert len(found) == 3
    assert any("MLOPS_CI_GIT_TOKEN" in one.message for one in found)


@pytest.mark.parametrize(
    ("script", "title"), [(None, "dvc is not on this machine"), ("#!/bin/sh\nexit 3\n", "dvc does not run")]
)
def test_a_program_that_is_missing_or_does_not_run_is_named(
    root: Path, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, title: str
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    if script:
        (programs / "dvc").write_text(script)
        (programs / "dvc").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr("sys.executable", str(programs / "python"))
    (found,) = seen(root, api)
    assert (found.code, found.title) == ("MCI-DOCTOR-014", title)
    assert found.effect == "blocks"
