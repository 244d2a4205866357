"""Evidence is kept where a commit describes what passed, and nowhere else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import commit_all, finding, git, git_repository, report
from mlops_ci.evidence import find_fault, open_
from mlops_ci.release.keyring import Keyring
from mlops_ci.report import Effect
from mlops_ci.tools.git import Git

pytestmark = pytest.mark.integration

DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return git_repository(tmp_path, origin=False)


def keyring(root: Path) -> Keyring:
    return Keyring(Git(root), root / ".mlops-ci/keys/evidence.pem")


def judged(root: Path, effect: Effect | None = None, **inputs: str) -> dict[str, Any]:
    known = {"model": DIGEST, "champion": DIGEST, "commit": git(root, "rev-parse", "HEAD")}
    return report(*([finding(effect=effect)] if effect else [])).to_json() | {"inputs": known | inputs}


def kept(root: Path, plain: dict[str, Any]) -> Path | None:
    return keyring(root).keep(plain, root / ".mlops-ci/evidence/gate-model.json")


def test_a_pass_is_sealed_about_all_that_was_judged(root: Path) -> None:
    plain = judged(root)
    path = kept(root, plain)
    assert path is not None
    statement = open_(path.read_bytes(), keyring(root).trusted(plain["inputs"]["commit"]))
    assert find_fault(statement, step="gate-model", subjects=plain["inputs"]) is None
    assert statement["predicate"] == json.loads(json.dumps(plain))
    assert git(root, "status", "--porcelain") == ""


def fail(root: Path) -> dict[str, Any]:
    return judged(root, "blocks")


def undecided(root: Path) -> dict[str, Any]:
    return judged(root, "undecided")


def about_another_commit(root: Path) -> dict[str, Any]:
    return judged(root, commit="0" * 40)


def without_a_commit(root: Path) -> dict[str, Any]:
    return judged(root, commit="")


def with_an_edit(root: Path) -> dict[str, Any]:
    (root / ".gitignore").write_text("everything\n")
    return judged(root)


def with_a_forgotten_file(root: Path) -> dict[str, Any]:
    (root / "forgotten.py").touch()
    return judged(root)


@pytest.mark.parametrize(
    "spoil", [fail, undecided, about_another_commit, without_a_commit, with_an_edit, with_a_forgotten_file]
)
def test_nothing_else_is_and_what_was_kept_before_is_gone(root: Path, spoil: Callable[[Path], dict[str, Any]]) -> None:
    path = kept(root, judged(root))
    assert path is not None
    assert kept(root, spoil(root)) is None
    assert not path.exists()


def test_what_we_write_ourselves_leaves_the_work_tree_clean(root: Path) -> None:
    (root / ".gitignore").unlink()
    commit_all(root)
    (root / ".mlops-ci/logs").mkdir(parents=True)
    (root / ".mlops-ci/logs/worker.log").touch()
    assert kept(root, judged(root)) is not None
