"""The gate's rules and files as they were at the base of a change, from a real git and a real DVC."""

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from builders import PROGRAMS, commit_all, git, git_repository, write_settings
from mlops_ci.errors import UsageProblem
from mlops_ci.models.base import at, changed, file_at
from mlops_ci.settings.gate import GateSettings

pytestmark = pytest.mark.integration

GATE = """
    gate:
      golden: data/golden.parquet
      label: late
      rules:
        - accuracy: {no_worse_than: 0.01}
"""
BYTES = bytes(range(256)) * 3 + b"\r\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository whose `base` has a gate, a golden set and cases."""
    made = git_repository(tmp_path, origin=False)
    write_settings(made, GATE)
    (made / "data").mkdir()
    (made / "data/golden.parquet").write_bytes(BYTES)
    commit_all(made)
    git(made, "tag", "base")
    return made


def base(root: Path, model: str | None = None, head: GateSettings | None = None) -> GateSettings | None:
    return at("base", root, root / "mlops.yaml", model, head)


def test_loosened_rules_in_the_work_tree_leave_the_base_as_it_was(root: Path) -> None:
    write_settings(root, GATE.replace("0.01", "0.9"))
    found = base(root)
    assert found is not None
    assert str(found.rules[0]["accuracy"].no_worse_than) == "0.01"
    head = GateSettings.model_validate(found.model_dump() | {"rules": [{"accuracy": {"no_worse_than": 0.9}}]})
    assert changed(found, head, root) == ("rules",)


def test_settings_that_were_renamed_moved_or_given_a_model_do_not_hide_the_base(root: Path) -> None:
    (root / "mlops.yaml").rename(root / "other.yaml")
    assert at("base", root, root / "other.yaml", None) == base(root)
    assert at("base", root, root / "new.yaml", "delay") == base(root)
    (root / "mlops.yaml").write_text("models:\n  delay:\n" + dedent(GATE).replace("\n", "\n    "))
    (root / "other.yaml").unlink()
    commit_all(root)
    git(root, "tag", "several")
    for model in ("delay", None, "renamed"):
        assert at("several", root, root / "mlops.yaml", model) == base(root)


def test_what_the_file_leaves_to_flags_is_taken_from_the_head(root: Path) -> None:
    head = base(root)
    write_settings(root, GATE.replace("      label: late\n", ""))
    commit_all(root)
    git(root, "tag", "--force", "base")
    assert base(root) is None
    assert base(root, head=head) == head


@pytest.mark.parametrize(
    "text", ["model: x\n", "gate: [\n", "gate: 5\n", "gate: {rules: 5}\n", "gate: {unknown: 1}\n", ""]
)
def test_a_base_without_a_readable_gate_has_none(root: Path, text: str) -> None:
    (root / "mlops.yaml").write_text(text)
    commit_all(root)
    git(root, "tag", "--force", "base")
    assert base(root) is None


def test_a_revision_that_names_no_commit_is_told(root: Path, tmp_path: Path) -> None:
    for look in (
        lambda: at("nowhere", root, root / "mlops.yaml", None),
        lambda: file_at("nowhere", Path("data/golden.parquet"), root, tmp_path / "golden"),
    ):
        with pytest.raises(UsageProblem, match="nowhere names no commit"):
            look()


def test_a_swapped_golden_set_is_had_as_it_was_to_the_byte(root: Path, tmp_path: Path) -> None:
    (root / "data/golden.parquet").write_bytes(b"easy")
    for path in (Path("data/golden.parquet"), root / "data/golden.parquet"):
        found = file_at("base", path, root, tmp_path / "there/golden.parquet")
        assert found is not None
        assert found.read_bytes() == BYTES
    found = file_at("base", Path("golden.parquet"), root / "data", tmp_path / "again")
    assert found is not None
    assert found.read_bytes() == BYTES, "in a folder of the repository, too"


def test_a_golden_set_that_is_left_out_of_releases_is_had_all_the_same(root: Path, tmp_path: Path) -> None:
    (root / ".gitattributes").write_text("data/** export-ignore\n")
    commit_all(root)
    found = file_at("HEAD", Path("data/golden.parquet"), root, tmp_path / "golden.parquet")
    assert found is not None
    assert found.read_bytes() == BYTES


def test_a_file_that_was_not_there_is_none(root: Path, tmp_path: Path) -> None:
    assert file_at("base", Path("data/must.jsonl"), root, tmp_path / "must") is None
    assert file_at("base", tmp_path / "elsewhere", root, tmp_path / "must") is None


def test_a_golden_set_in_dvc_is_had_as_it_was(root: Path, tmp_path: Path) -> None:
    def dvc(*words: str) -> None:
        subprocess.run([PROGRAMS / "dvc", *words, "--quiet"], cwd=root, check=True)

    git(root, "rm", "--quiet", "--cached", "data/golden.parquet")
    dvc("init")
    dvc("add", "data/golden.parquet")
    commit_all(root)
    git(root, "tag", "--force", "base")
    (root / "data/golden.parquet").chmod(0o644)
    (root / "data/golden.parquet").unlink()
    (root / "data/golden.parquet").write_bytes(b"easy")
    dvc("add", "data/golden.parquet")
    commit_all(root)
    found = file_at("base", Path("data/golden.parquet"), root, tmp_path / "golden.parquet")
    assert found is not None
    assert found.read_bytes() == BYTES
    assert file_at("base", Path("data/none.parquet"), root, tmp_path / "none.parquet") is None
