"""Who may change the rules, how often golden rows decide, and which models are not even loaded: by the real gate."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pandas as pd
import pytest

from builders import commit_all, git, git_repository, mlops_ci

pytestmark = pytest.mark.integration
N = 500
RULES = "[{accuracy: {no_worse_than: 0.02}}, {log_loss: {no_worse_than: 0.05}}]"


def settings(root: Path, rules: str = RULES, **more: str) -> None:
    lines = {"golden": "golden.parquet", "label": "late", "rules": rules, "champion": "champion", **more}
    body = "".join(f"  {name}: {value}\n" for name, value in lines.items())
    (root / "mlops.yaml").write_text(f"model: flights\ngate:\n  python: {sys.executable}\n{body}")


def gate(root: Path, *flags: str) -> tuple[int, dict[str, Any]]:
    done = mlops_ci(root, "gate-model", "--format", "json", *flags, timeout=150)
    report: dict[str, Any] = json.loads(done.stdout)
    return done.code, report


MODELS = """
    import sys
    import mlflow.pyfunc
    import numpy as np

    class Model(mlflow.pyfunc.PythonModel):
        def __init__(self, noise): self.noise = noise
        def predict(self, context, model_input, params=None):
            x = model_input["signal"].to_numpy()
            return np.clip(x + self.noise * np.sin(1e4 * x), 0, 1)

    for name, noise in (("champion", 0.0), ("same", 0.0), ("worse", 0.45)):
        mlflow.pyfunc.save_model(f"{sys.argv[1]}/{name}", python_model=Model(noise), pip_requirements=["numpy"])
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    (folder / "make.py").write_text(dedent(MODELS))
    subprocess.run([sys.executable, folder / "make.py", folder], check=True, capture_output=True)
    return folder


def golden(path: Path, seed: int = 0, easy: float = 0.0) -> None:
    draw = np.random.default_rng(seed)
    late = draw.random(N) < 0.5
    signal = np.clip(late * (0.4 + easy) + 0.6 * draw.random(N), 0, 1)
    frame = pd.DataFrame({"id": [f"r{n}" for n in range(N)], "late": late.astype(int), "signal": signal})
    frame.to_parquet(path)


@pytest.fixture
def root(tmp_path: Path, models: Path) -> Path:
    """Return a repository whose champion and challengers lie in it, with rules on its main branch."""
    made = git_repository(tmp_path)
    for name in ("champion", "same", "worse"):
        shutil.copytree(models / name, made / name)
    (made / ".gitignore").write_text(".mlops-ci/\nmlflow.db\n")
    golden(made / "golden.parquet")
    settings(made)
    commit_all(made)
    return made


def codes(report: dict[str, Any]) -> list[str]:
    return [one["code"] for one in report["findings"]]


def test_unchanged_rules_judge_once_and_a_pass_is_signed(root: Path) -> None:
    code, report = gate(root, "--base", "HEAD", "--challenger", "same")
    assert code == 0, report["error"]
    assert (codes(report), len(report["measurements"])) == ([], 2)
    assert report["artifacts"] == [".mlops-ci/evidence/gate-model.json"]
    assert (root / report["artifacts"][0]).exists()
    assert gate(root, "--challenger", "worse")[0] == 10
    assert not (root / report["artifacts"][0]).exists(), "what an earlier model proved is gone"


@pytest.mark.parametrize(
    "change",
    [
        {"rules": "[{accuracy: {no_worse_than: 0.9}}]"},
        {"rules": "[{accuracy: {at_least: 0.01}}]"},
        {"champion": "none", "rules": "[{accuracy: {at_least: 0.01}}]"},
        {"champion": "worse"},
        {"decide_on": "estimate", "rules": "[{accuracy: {no_worse_than: 0.9}}]"},
    ],
)
def test_loosened_rules_do_not_let_a_worse_model_pass(root: Path, change: dict[str, str]) -> None:
    rules = change.pop("rules", RULES)
    settings(root, rules, **change)
    commit_all(root)
    assert gate(root, "--challenger", "worse")[0] == 0, "by its own rules it passes"
    code, report = gate(root, "--challenger", "worse", "--base", "HEAD~1")
    assert code == 10, report
    assert "MCI-POLICY-001" in codes(report)
    assert any(one["title"].startswith("By the rules of HEAD~1: ") for one in report["findings"])
    assert any(one["name"].startswith("base: accuracy") for one in report["measurements"])
    code, report = gate(root, "--challenger", "same", "--base", "HEAD~1")
    assert (code, codes(report)[0]) == (0, "MCI-POLICY-001"), "a good model passes both, and the change is told"


def test_a_swapped_golden_set_does_not_either(root: Path) -> None:
    frame = pd.read_parquet(root / "golden.parquet")
    frame["signal"] = frame["late"] * 2.0  # rows that nobody has wrong
    frame.to_parquet(root / "golden.parquet")
    commit_all(root)
    assert gate(root, "--challenger", "worse")[0] == 0
    code, report = gate(root, "--challenger", "worse", "--base", "HEAD~1")
    assert (code, "MCI-POLICY-001" in codes(report)) == (10, True)
    said = next(one["title"] for one in report["findings"] if one["code"] == "MCI-POLICY-001")
    assert "golden" in said


def test_training_data_that_the_base_names_are_looked_through(root: Path) -> None:
    pd.read_parquet(root / "golden.parquet").head(5).to_parquet(root / "train.parquet")
    settings(root, training="train.parquet")
    commit_all(root)
    settings(root)
    commit_all(root)
    assert gate(root, "--challenger", "same")[0] == 0, "by its own rules it passes"
    code, report = gate(root, "--challenger", "same", "--base", "HEAD~1")
    assert (code, report["verdict"]) == (3, None)
    assert "5 of 500 golden rows stand in the training data" in report["error"]


def test_the_bases_budget_counts_though_the_head_raised_it(root: Path) -> None:
    rules = "[{accuracy: {at_least: 0.01}}]"
    settings(root, rules, champion="released", budget="1")
    commit_all(root)
    settings(root, rules, champion="released", budget="100")
    commit_all(root)
    assert gate(root, "--challenger", "worse")[0] == 0
    code, report = gate(root, "--challenger", "same", "--base", "HEAD~1")
    assert (code, "MCI-GATE-011" in codes(report)) == (10, True)
    (spent,) = [one for one in report["findings"] if one["code"] == "MCI-GATE-011"]
    assert spent["title"].startswith("By the rules of HEAD~1: ")
    assert not (root / ".mlops-ci/evidence/gate-model.json").exists()
    assert gate(root, "--challenger", "worse", "--base", "HEAD~1")[0] == 0, "asked again, it is no further decision"


def test_rules_that_the_base_lacks_are_told(root: Path) -> None:
    git(root, "rm", "-q", "--cached", "mlops.yaml")
    git(root, "commit", "-qm", "without settings")
    commit_all(root)
    code, report = gate(root, "--challenger", "same", "--base", "HEAD~1")
    assert (code, codes(report)) == (0, ["MCI-POLICY-001"])


class Payload:
    """Runs a command when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch owned",)


def test_a_pickle_that_runs_code_is_refused_before_it_is_loaded(root: Path, models: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    subprocess.run(["cp", "-r", models / "same", bad], check=True)
    (bad / "python_model.pkl").write_bytes(pickle.dumps(Payload()))
    code, report = gate(root, "--challenger", str(bad))
    assert (code, codes(report)) == (10, ["MCI-GATE-020"])
    assert "system" in report["findings"][0]["message"]
    assert not list(tmp_path.rglob("owned"))
    assert report["measurements"] == []


def test_a_ledger_counts_decisions_and_blocks_when_they_are_spent(root: Path) -> None:
    settings(root, "[{accuracy: {at_least: 0.01}}]", champion="released", budget="2", golden_version="one")
    commit_all(root)
    assert codes(gate(root, "--challenger", "same")[1]) == ["MCI-GATE-003"]
    assert codes(gate(root, "--challenger", "same")[1]) == ["MCI-GATE-003"], "the same question is no new decision"
    assert "MCI-GATE-011" not in codes(gate(root, "--challenger", "worse")[1])
    settings(root, "[{accuracy: {at_least: 0.02}}]", champion="released", budget="2", golden_version="one")
    commit_all(root)
    code, report = gate(root, "--challenger", "same")
    assert (code, "MCI-GATE-011" in codes(report)) == (10, True)
    golden(root / "golden.parquet", seed=5)
    commit_all(root)
    code, report = gate(root, "--challenger", "same")
    assert (code, report["verdict"]) == (3, None)
    assert "changed under the same version one" in report["error"]


def test_plan_says_what_can_be_decided(root: Path) -> None:
    settings(root, slices="{by: [late], rule: {accuracy: {no_worse_than: 0.01}}}")
    done = mlops_ci(root, "gate-model", "plan", "--disagreement", "0.06", "--format", "json")
    assert done.code == 0, done.stderr
    accuracy, log_loss, *slices = json.loads(done.stdout)
    assert 0.02 < accuracy["smallest"] < 0.04
    assert accuracy["needed"] > N
    assert log_loss["smallest"] is None
    assert sum(one["n"] for one in slices) == N
    gate(root, "--challenger", "worse")
    log_loss = json.loads(mlops_ci(root, "gate-model", "plan", "--format", "json").stdout)[1]
    more = json.loads(mlops_ci(root, "gate-model", "plan", "--rows", str(4 * N), "--format", "json").stdout)[1]
    assert more["smallest"] == pytest.approx(log_loss["smallest"] / 2)
    assert mlops_ci(root, "gate-model", "plan", "--disagreement", "0").code == 2
