"""What production demands and refuses by default, and how a release ends that was not promoted."""

from pathlib import Path

import pytest

from builders import git, mlops_ci
from integration.test_evidence import judged, make, registered, sealed, write
from mlops_ci.release.branch import Note, StateBranch
from mlops_ci.release.state import Challenger, Release, State
from mlops_ci.tools.git import Git

pytestmark = pytest.mark.integration


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path)


def test_production_gets_no_made_up_requests(root: Path) -> None:
    ended = mlops_ci(root, "canary", "run", "--rehearse", "--environment", "production")
    assert ended.code == 2, ended.stderr
    assert "production has users" in ended.stderr


def test_production_demands_a_scan_although_no_setting_says_so(root: Path) -> None:
    write(root, sealed(root, judged(root)))
    assert registered(root)[0] == 0
    ended = mlops_ci(root, "canary", "run", "--environment", "production")
    assert ended.code == 10, ended.stderr
    assert "has no evidence that it was scanned" in " ".join(ended.stderr.split())


@pytest.mark.parametrize("own", [True, False])
def test_a_release_that_ends_takes_its_own_canary_along_and_no_other(root: Path, *, own: bool) -> None:
    head = git(root, "rev-parse", "HEAD")
    champion = Release("1", "sha256:aa", "c1", "evidence/a.json", "2026-11-01T00:00:00Z")
    challenger = Release("2", "sha256:bb", head if own else "c2", "evidence/b.json", "2026-11-02T00:00:00Z")
    branch = StateBranch(Git(root), "staging", "flight-delay")
    running = State("staging", "flight-delay", champion, Challenger(challenger, 25, 2))
    branch.change(lambda _: running, Note("Canary", challenger.name))
    ended = mlops_ci(root, "rollback", "--unless-promoted")
    assert ended.code == 0, ended.stderr
    assert branch.read() == (State("staging", "flight-delay", champion) if own else running)
    said = git(root.parent / "origin.git", "log", "-1", "--format=%s", "mlops-ci/state")
    assert ("its release ended before it was promoted" in said) == own
