"""A pipeline that ran once more leaves a commit as true as it was; anything else that changed does not."""

from pathlib import Path

import pytest

from builders import commit_all, git_repository
from mlops_ci.errors import UsageProblem
from mlops_ci.release import worktree
from mlops_ci.tools.git import Git

pytestmark = pytest.mark.integration

# `echo 1 > metrics.json` and so on: the MD5 of what the file holds
ONE, TWO = "b026324c6904b2a9cb4b88d6d61c81d1", "26ab0db90d72e28ad0ba1e22ee510510"
LOCK = """\
schema: '2.0'
stages:
  train:
    cmd: python train.py
    deps:
    - path: data
      hash: md5
      md5: {data}.dir
    outs:
    - path: metrics.json
      hash: md5
      md5: {metrics}
    - path: models/current
      hash: md5
      md5: {model}.dir
"""
OTHER = LOCK.format(data="aaa", metrics=TWO, model="ccc").replace("train.py", "other.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = git_repository(tmp_path)
    (made / "metrics.json").write_text("1\n")
    (made / "dvc.lock").write_text(LOCK.format(data="aaa", metrics=ONE, model="bbb"))
    commit_all(made)
    return made


def test_new_bytes_of_the_same_inputs_are_no_change(root: Path) -> None:
    (root / "metrics.json").write_text("2\n")
    (root / "dvc.lock").write_text(LOCK.format(data="aaa", metrics=TWO, model="ccc"))
    worktree.demand_clean_branch(Git(root))
    assert worktree.changed(Git(root)) == []


@pytest.mark.parametrize(
    ("lock", "metrics", "found"),
    [
        (LOCK.format(data="other", metrics=TWO, model="ccc"), "2\n", ["dvc.lock", "metrics.json"]),
        (LOCK.format(data="aaa", metrics=ONE, model="ccc"), "2\n", ["metrics.json"]),
        (LOCK.format(data="aaa", metrics=ONE, model="bbb"), "2\n", ["metrics.json"]),
        ("no: lock", "2\n", ["dvc.lock", "metrics.json"]),
        (OTHER, "2\n", ["dvc.lock", "metrics.json"]),
    ],
    ids=["other-data", "edited-after-training", "edited-without-training", "no-lock", "other-command"],
)  # fmt: skip
def test_anything_else_is_one(root: Path, lock: str, metrics: str, found: list[str]) -> None:
    (root / "metrics.json").write_text(metrics)
    (root / "dvc.lock").write_text(lock)
    assert worktree.changed(Git(root)) == found
    with pytest.raises(UsageProblem, match="work tree is dirty"):
        worktree.demand_clean_branch(Git(root))


def test_another_file_counts_beside_them(root: Path) -> None:
    (root / "dvc.lock").write_text(LOCK.format(data="aaa", metrics=ONE, model="ccc"))
    (root / "train.py").write_text("print()\n")
    assert worktree.changed(Git(root)) == ["train.py"]
