"""What a person gets for every mistake: the documented exit code, one clear sentence, and nothing half-written."""

import json
import time
from pathlib import Path

import pytest

from builders import Ended, commit_all, git, git_repository, mlops_ci, report, write_settings
from mlops_ci.evidence import digest_file, digest_model, seal_report
from mlops_ci.evidence.keys import load_or_make

pytestmark = pytest.mark.integration

SETTINGS = """
    model: flight-delay
    tracking_uri: {uri}
    data: {{path: data.csv, contract: contract.json}}
    gate:
      golden: golden.csv
      label: late
      champion: none
      rules:
        - accuracy: {{at_least: 0.5}}
    canary:
      serve: [python, -m, service]
"""
GOOD = SETTINGS.format(uri="sqlite:///mlflow.db")
UNREACHABLE = SETTINGS.format(uri="http://127.0.0.1:9")
STEPS = [["validate-data"], ["gate-model"], ["register-model"], ["canary", "run"]]
RELEASING = [["register-model"], ["canary", "run"]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with settings, a model and data, all committed and pushed."""
    made = git_repository(tmp_path)
    write_settings(made, GOOD)
    (made / "dvc.lock").write_text("schema: '2.0'\n")
    model = made / "models/current"
    model.mkdir(parents=True)
    (model / "MLmodel").write_text("flavors: {}\n")
    (model / "requirements.txt").write_text("numpy\n")
    commit_all(made)
    git(made, "push", "--quiet", "origin", "main")
    return made


def gate_evidence(root: Path) -> Path:
    """Write the sealed evidence that the model in the repository passed its gate, signed by its own key."""
    inputs = {"model": digest_model(root / "models/current"), "commit": git(root, "rev-parse", "HEAD")}
    path = root / ".mlops-ci/evidence/gate-model.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        seal_report(report().to_json() | {"inputs": inputs}, load_or_make(None, root / ".mlops-ci/keys/evidence.pem"))
    )
    return path


def traces(root: Path) -> dict[str, str]:
    """Return everything that a command might leave behind, but for its own report."""
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    found = {name: digest_file(path) for name, path in files.items() if not name.startswith((".git/", ".mlops-ci/"))}
    ours = [name for name in files if name.startswith(".mlops-ci/") and "/reports/" not in name]
    found |= dict.fromkeys([name for name in ours if name != ".mlops-ci/.gitignore"], "ours")
    origin = root.parent / "origin.git"
    return found | {"refs": git(origin, "for-each-ref") if origin.is_dir() else ""}


def refused(root: Path, words: list[str], code: int, *sentence: str) -> Ended:
    """Run a command that must fail with this code, saying this, and leaving nothing but its report."""
    before = traces(root)
    ended = mlops_ci(root, *words)
    assert ended.code == code, ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    first, *rest = ended.stderr.strip().splitlines()
    assert "NOT PASSED: nothing was judged" in first or code in {10, 11}
    for part in sentence:
        assert part in " ".join(rest), ended.stderr
    assert len(rest) <= 4
    assert traces(root) == before
    assert not list(root.rglob("*.partial"))
    name = "canary" if words[0] == "canary" else words[0]
    assert json.loads((root / f".mlops-ci/reports/{name}.json").read_text())["exit_code"] == code
    return ended


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (["validate-data"], "data.contract is missing; set it or pass --contract."),
        (["gate-model"], "gate.rules is missing; set it."),
        (["canary", "run"], "canary.serve is missing; set it."),
    ],
)
def test_without_settings_the_needed_values_are_named(root: Path, words: list[str], needed: str) -> None:
    (root / "mlops.yaml").unlink()
    refused(root, words, 2, "mlops.yaml (there is none here)", needed)


@pytest.mark.parametrize("words", STEPS)
@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("data: {path", "data: {{path", "mlops.yaml:4:1: this is not valid YAML"),
        ("contract:", "contrakt:", "mlops.yaml:3:24: unknown key 'contrakt'. Did you mean 'contract'?"),
        ("data:", "dtaa:", "mlops.yaml:3:1: unknown key 'dtaa'. Did you mean 'data'?"),
        ("[python, -m, service]", "7", "mlops.yaml:11:3: canary.serve: input should be a valid list (got 7)."),
    ],
)
def test_wrong_settings_are_told_with_line_and_column(
    root: Path, words: list[str], before: str, after: str, sentence: str
) -> None:
    path = root / "mlops.yaml"
    path.write_text(path.read_text().replace(before, after, 1))
    refused(root, words, 2, sentence)


def test_a_settings_file_that_is_not_there_is_told(root: Path) -> None:
    refused(root, ["gate-model", "--settings", "other/mlops.yaml"], 2, "other/mlops.yaml does not exist")


def test_a_missing_golden_set_is_nothing_to_judge(root: Path) -> None:
    refused(root, ["gate-model"], 3, "golden.csv cannot be read: No such file or directory.")


def test_missing_data_is_nothing_to_judge(root: Path) -> None:
    (root / "contract.json").write_text(
        '{"name": "c", "expectations": [{"type": "expect_table_row_count_to_be_between", "kwargs": {}}]}'
    )
    refused(root, ["validate-data"], 3, "data.csv does not exist. Make the data first")


@pytest.mark.parametrize("words", RELEASING)
def test_an_unreachable_registry_is_told_within_ten_seconds(root: Path, words: list[str]) -> None:
    write_settings(root, UNREACHABLE)
    commit_all(root)
    gate_evidence(root)
    began = time.monotonic()
    refused(root, words, 5, "http://127.0.0.1:9")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("words", RELEASING)
def test_a_dirty_work_tree_is_refused(root: Path, words: list[str]) -> None:
    (root / "forgotten.py").touch()
    refused(root, words, 2, "The work tree is dirty (forgotten.py)", "Commit or stash first.")


@pytest.mark.parametrize("words", RELEASING)
def test_a_detached_head_is_refused(root: Path, words: list[str]) -> None:
    git(root, "switch", "--quiet", "--detach")
    refused(root, words, 2, "HEAD is detached", "git switch main")


@pytest.mark.parametrize("words", [*RELEASING, ["rollback"]])
def test_without_origin_nothing_is_released(root: Path, words: list[str]) -> None:
    git(root, "remote", "remove", "origin")
    refused(root, words, 2, "There is no remote named origin", "git remote add origin URL")


@pytest.mark.parametrize("words", [*RELEASING, ["rollback"]])
def test_outside_a_repository_nothing_is_released(tmp_path: Path, words: list[str]) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    write_settings(folder, GOOD)
    refused(folder, words, 2, "is not a git repository with a commit")


def test_a_missing_model_is_nothing_to_judge(root: Path) -> None:
    (root / "models/current/MLmodel").unlink()
    commit_all(root)
    refused(root, ["register-model"], 3, "is not an MLflow model", "Train the model first.")


def test_missing_evidence_is_nothing_to_judge(root: Path) -> None:
    refused(root, ["register-model"], 3, "gate-model.json does not exist. Run mlops-ci gate-model first.")


def test_empty_evidence_is_nothing_to_judge(root: Path) -> None:
    gate_evidence(root).write_bytes(b"")
    refused(root, ["register-model"], 3, "gate-model.json is empty. Run mlops-ci gate-model again.")


def test_a_version_that_was_never_registered_is_nothing_to_release(root: Path) -> None:
    ended = mlops_ci(root, "canary", "run")
    assert ended.code == 3, ended.stderr
    assert "There is no model flight-delay" in ended.stderr
    assert git(root.parent / "origin.git", "for-each-ref", "refs/heads/mlops-ci") == ""


def test_a_rollback_before_the_first_release_does_nothing(root: Path) -> None:
    ended = mlops_ci(root, "rollback")
    assert ended.code == 0, ended.stderr
    assert "Nothing was released yet" in ended.stderr
    assert git(root.parent / "origin.git", "for-each-ref", "refs/heads/mlops-ci") == ""
