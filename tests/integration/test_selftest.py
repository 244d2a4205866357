"""`selftest` on a generated repository with the real steps: it sees what the settings catch, and what they do not."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from builders import Ended, git, mlops_ci
from integration import scanning
from integration.workflows import edit
from mlops_ci.journeys.selftest_model import spoil
from mlops_ci.journeys.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

LATENCY = "    - latency_p95_ms: {at_most: 40}\n"
SLICES = "  slices: {by: [carrier], rule: {accuracy: {no_worse_than: 0.02}}}\n"


@pytest.fixture(scope="module")
def root(scanners: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated repository with data and a model; timing a slow model would take a minute."""
    workshop = Workshop(tmp_path_factory.mktemp("self test"))
    workshop.bake()
    workshop.edit("mlops.yaml", LATENCY, SLICES)
    workshop.train("First model")
    return workshop.root


def tried(root: Path, *words: str, tools: Path = scanning.FOLDER) -> tuple[Ended, dict[str, dict[str, Any]]]:
    """Run the command, see that the repository stays as it was, and return what became of each defect."""
    before = state(root)
    env = scanning.environment(tools, OFF="pip-audit")
    ended = mlops_ci(root, "selftest", "--format", "json", *words, env=env, timeout=580)
    assert state(root) == before, "the repository itself is only read"
    found = json.loads(ended.stdout)["defects"] if ended.stdout.startswith("{") else []
    return ended, {one["defect"]: one for one in found}


def state(root: Path) -> tuple[str, str, dict[str, str]]:
    """Return every ref, what git says of the work tree, and every file's digest."""
    files = [path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts]
    digests = {str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest() for path in files}
    return git(root, "for-each-ref"), git(root, "status", "--porcelain", "--ignored"), digests


def test_the_templates_settings_catch_every_defect_that_applies(root: Path) -> None:
    ended, found = tried(root)
    assert ended.code == 0, ended.stderr
    rest = {name: one["because"] for name, one in found.items() if one["result"] != "caught"}
    assert rest == {
        "slower model": "no rule is about latency",
        "must-pass case wrong": "there is no gate.must_pass",
    }
    assert {name: one["code"] for name, one in found.items() if one["step"] == "gate-model" and one["code"]} == {
        "worse model": "MCI-GATE-001",
        "unfair slice": "MCI-GATE-005",
        "model that runs code": "MCI-GATE-020",
        "rules loosened": "MCI-GATE-001",
        "golden set tampered with": "MCI-GATE-001",
    }
    assert "20 caught; 2 not applicable." in ended.stderr
    assert "caught          scan            secret" in ended.stderr


@pytest.mark.nightly
def test_weakened_settings_are_seen_to_miss_what_they_gave_up(root: Path, tmp_path: Path) -> None:
    weak = tmp_path / "weak"
    subprocess.run(["cp", "-a", root, weak], check=True)
    strict = "    - roc_auc: {no_worse_than: 0.01}\n    - log_loss: {no_worse_than: 0.01}\n"
    edit("mlops.yaml", strict, "    - roc_auc: {no_worse_than: 0.9}\n")(weak)
    edit("mlops.yaml", SLICES, "")(weak)
    edit("mlops.yaml", "\nregister:", "\nscan:\n  exclude: ['selftest/**']\n\nregister:")(weak)
    contract = weak / "contracts/data.json"
    suite = json.loads(contract.read_text())
    suite["expectations"] = [one for one in suite["expectations"] if one["kwargs"].get("column") != "distance"]
    contract.write_text(json.dumps(suite))
    workflow, last = weak / ".github/workflows/pull-request.yml", "          reports: reports"
    workflow.write_text(workflow.read_text().replace(last, f"          optional: model\n{last}"))
    names = ["worse model", "unfair slice", "secret", "column lost", "gate skipped"]
    ended, found = tried(weak, *(word for name in names for word in ("--only", name)))
    assert ended.code == 10, ended.stderr
    assert {name: one["result"] for name, one in found.items()} == {
        "worse model": "NOT caught",
        "unfair slice": "not applicable",
        "secret": "NOT caught",
        "column lost": "caught",  # the columns themselves are promised, too
        "gate skipped": "NOT caught",
    }
    assert found["worse model"]["because"] == "gate-model ended with pass"


def test_a_step_that_cannot_judge_is_an_error_with_its_code(root: Path, tmp_path: Path) -> None:
    ended, found = tried(root, "--only", "secret", tools=tmp_path)
    assert ended.code == 4, ended.stderr
    assert (found["secret"]["result"], found["secret"]["exit_code"]) == ("error", 4)


def test_the_copy_is_kept_when_asked_for(root: Path) -> None:
    ended, _ = tried(root, "--only", "evidence written by hand", "--keep")
    (said,) = [line for line in ended.stderr.splitlines() if line.startswith("The copy: ")]
    kept = Path(said.removeprefix("The copy: "))
    assert (kept / "repository/mlops.yaml").is_file()
    subprocess.run(["rm", "-r", kept], check=True)


def test_wrong_words_are_usage_and_the_list_needs_no_repository(root: Path, tmp_path: Path) -> None:
    assert mlops_ci(root, "selftest", "--only", "nonsense").code == 2
    (tmp_path / "empty").mkdir()
    assert mlops_ci(tmp_path / "empty", "selftest").code == 2
    listed = mlops_ci(tmp_path / "empty", "selftest", "--list")
    assert (listed.code, len(listed.stdout.splitlines())) == (0, 22)


ASK = """
import sys, time
import mlflow.pyfunc, numpy as np, pandas as pd
rows = pd.read_parquet(sys.argv[1]).drop(columns=["delayed"]).head(40)
good, spoilt = (mlflow.pyfunc.load_model(path) for path in sys.argv[2:])
right = np.asarray(good.predict(rows))
began = time.perf_counter()
wrong = np.asarray(spoilt.predict(rows))
assert time.perf_counter() - began > 0.05
assert np.allclose(wrong[:10], right[:10, ::-1])
assert np.allclose(wrong[10:], right[10:])
assert np.allclose(spoilt.predict(rows.iloc[[3]]), wrong[3]), "alone as among others"
"""


def test_a_spoilt_model_is_wrong_where_it_should_be_and_late(root: Path, tmp_path: Path) -> None:
    import pandas as pd

    golden, model = root / "data/golden.parquet", root / "models/current"
    ids = pd.read_parquet(golden)["id"].head(10).tolist()
    made = spoil(model, tmp_path / "spoilt", id_="id", ids=ids, seconds=0.05)
    subprocess.run([sys.executable, "-c", ASK, golden, model, made], check=True, cwd=tmp_path)
