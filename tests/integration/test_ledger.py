"""The ledger of golden sets on a real origin: counted once, whoever writes at the same time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from builders import git, git_repository
from mlops_ci.errors import ProgramFailed
from mlops_ci.release.branch import BRANCH, Note, StateBranch
from mlops_ci.release.ledger import Decision, Ledger
from mlops_ci.release.state import Release
from mlops_ci.tools.git import Git

pytestmark = pytest.mark.integration

GOLDEN, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
ONE = Decision("sha256:m", "sha256:c", "sha256:r", "pass", "2026-11-22T10:00:00Z", "c" * 40)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return git_repository(tmp_path)


def test_a_decision_is_counted_once(root: Path) -> None:
    ledger = Ledger(Git(root))
    assert ledger.read(GOLDEN).decisions == ()
    assert ledger.record(GOLDEN, ONE, "2026-11") is None
    written = git(root.parent / "origin.git", "rev-parse", "mlops-ci/state")
    assert ledger.record(GOLDEN, replace(ONE, verdict="fail", at="later", commit="d" * 40), "2026-11") is None
    assert git(root.parent / "origin.git", "rev-parse", "mlops-ci/state") == written, "the same question again"
    assert ledger.record(GOLDEN, replace(ONE, model="sha256:n")) is None
    assert ledger.read(GOLDEN).decisions == (ONE, replace(ONE, model="sha256:n"))
    assert ledger.read(GOLDEN).version == "2026-11"
    assert ledger.read(OTHER).decisions == ()


def test_versions_belong_to_whoever_decided_first(root: Path) -> None:
    ledger = Ledger(Git(root))
    assert ledger.versions() == {}
    ledger.record(OTHER, replace(ONE, at="2026-11-23T10:00:00Z"), "1")
    ledger.record(GOLDEN, ONE, "1")
    ledger.record(f"sha256:{'d' * 64}", ONE, "2")
    ledger.record(f"sha256:{'e' * 64}", ONE)
    assert ledger.versions() == {"1": GOLDEN, "2": f"sha256:{'d' * 64}"}
    (root / "part").mkdir()
    assert Ledger(Git(root / "part")).versions() == ledger.versions(), "from a folder of the repository, too"


def test_the_ledger_and_the_releases_leave_each_other_alone(root: Path) -> None:
    ledger, state = Ledger(Git(root)), StateBranch(Git(root), "production", "delay")
    release = Release("7", GOLDEN, "c" * 40, "evidence/a.json", "2026-11-22T10:00:00Z")
    state.change(lambda before: replace(before, champion=release), Note("first", "v7"))
    ledger.record(GOLDEN, ONE)
    state.change(lambda before: replace(before, rejected=("x",)), Note("second", "v7"))
    assert state.read().champion == release
    assert ledger.read(GOLDEN).decisions == (ONE,)


def test_decisions_made_at_the_same_time_are_all_counted(root: Path) -> None:
    clones = []
    for number in range(3):
        clone = root.parent / f"clone{number}"
        git(root.parent, "clone", "--quiet", str(root.parent / "origin.git"), str(clone))
        clones.append(clone)
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(lambda clone: Ledger(Git(clone)).record(GOLDEN, replace(ONE, model=clone.name)), clones))
    assert said == [None] * 3
    assert {one.model for one in Ledger(Git(root)).read(GOLDEN).decisions} == {clone.name for clone in clones}


def test_a_push_that_is_refused_is_told_and_fails_nothing(root: Path) -> None:
    hook = root.parent / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'you may not' >&2\nexit 1\n")
    hook.chmod(0o755)
    said = Ledger(Git(root)).record(GOLDEN, ONE)
    assert said is not None
    assert "was refused" in said


def test_a_page_that_somebody_spoiled_is_told(root: Path) -> None:
    repository = Git(root)
    spoiled = {f"ledger/gate/{'a' * 64}.json": b"{}"}
    repository.push(repository.commit(None, spoiled, "spoiled"), BRANCH)
    with pytest.raises(ProgramFailed, match="no page of the ledger"):
        Ledger(repository).read(GOLDEN)
