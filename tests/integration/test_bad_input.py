"""What a person gets for every mistake: the documented exit code, one clear sentence, and nothing half-written."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from builders import Ended, commit_all, git, git_repository, mlops_ci, report, write_settings
from mlops_ci.evidence import digest_file, digest_model

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


def gate_report(root: Path, *, verdict: str = "pass", digest: str | None = None) -> Path:
    """Write a report of gate-model about the model in the repository, or about another one."""
    inputs = {"model": digest or digest_model(root / "models/current")}
    path = root / ".mlops-ci/reports/gate-model.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report().to_json() | {"verdict": verdict, "inputs": inputs}))
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
    gate_report(root)
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


def test_a_missing_gate_report_is_nothing_to_judge(root: Path) -> None:
    refused(root, ["register-model"], 3, "gate-model.json does not exist. Run mlops-ci gate-model first.")


@pytest.mark.parametrize("text", ["", "{", '"pass"x'])
def test_a_broken_gate_report_is_nothing_to_judge(root: Path, text: str) -> None:
    gate_report(root).write_text(text)
    refused(root, ["register-model"], 3, "gate-model.json cannot be read as a report.")


def about_another(root: Path) -> None:
    gate_report(root, digest=f"sha256:{'0' * 64}")


def failed(root: Path) -> None:
    gate_report(root, verdict="fail")


def edited_to_pass_about_another(root: Path) -> None:
    path = gate_report(root, verdict="fail", digest=f"sha256:{'0' * 64}")
    path.write_text(path.read_text().replace('"fail"', '"pass"'))


def edited_to_pass_with_its_findings(root: Path) -> None:
    path = gate_report(root)
    raw = json.loads(path.read_text())
    path.write_text(json.dumps(raw | {"findings": [{"code": "MCI-GATE-001", "effect": "blocks"}]}))


def model_changed_since(root: Path) -> None:
    gate_report(root)
    (root / "models/current/weights").write_bytes(b"others")
    commit_all(root)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (about_another, "it is about another model"),
        (failed, "it says gate-model: fail, not gate-model: pass"),
        (edited_to_pass_about_another, "it is about another model"),
        (edited_to_pass_with_its_findings, "its findings do not: somebody edited it"),
        (model_changed_since, "it is about another model"),
    ],
)
def test_a_report_that_proves_nothing_registers_nothing(root: Path, spoil: Callable[[Path], None], said: str) -> None:
    spoil(root)
    refused(root, ["register-model"], 10, "MCI-REGISTER-001", said)


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
