"""The gate with real models in processes of their own: verdicts both ways, and models that misbehave."""

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pandas as pd
import pytest

from mlops_ci.journeys.workshop import Workshop

pytestmark = pytest.mark.integration

MAKE_MODELS = """
    import sys
    from pathlib import Path
    import mlflow.pyfunc
    import numpy as np

    class Model(mlflow.pyfunc.PythonModel):
        def __init__(self, kind): self.kind = kind
        def predict(self, context, model_input, params=None):
            import sys, time
            signal = model_input["signal"].to_numpy()
            if self.kind == "worse": return 0.35 * signal + 0.325
            if self.kind == "chatty": print("noise on stdout"); return signal
            if self.kind == "nan": return np.where(signal > 0.5, signal, np.nan)
            if self.kind == "short": return signal[:-1]
            if self.kind == "wild": return signal * 10
            if self.kind == "raises": raise RuntimeError("no such feature store")
            if self.kind == "hangs": time.sleep(3600)
            if self.kind == "slow": time.sleep(0.02)
            return signal

    for kind in sys.argv[2:]:
        mlflow.pyfunc.save_model(Path(sys.argv[1]) / kind, python_model=Model(kind), pip_requirements=["numpy"])
"""
KINDS = ("good", "worse", "chatty", "nan", "short", "wild", "raises", "hangs", "slow")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one MLflow model for each kind, and a golden set that they answer."""
    folder = tmp_path_factory.mktemp("models")
    script = folder / "make.py"
    script.write_text(dedent(MAKE_MODELS))
    subprocess.run([sys.executable, script, folder, *KINDS], check=True, capture_output=True)
    rows = 400
    signal = [(7 * number % rows + 0.5) / rows for number in range(rows)]
    late = [int((13 * number % 100) / 100 < share) for number, share in enumerate(signal)]
    golden = pd.DataFrame({"id": [f"r{number:03d}" for number in range(rows)], "signal": signal, "late": late})
    golden.to_parquet(folder / "golden.parquet")
    return folder


def gate(folder: Path, challenger: str, *rules: str, champion: str = "good", **more: str) -> tuple[int, dict[str, Any]]:
    """Run `mlops-ci gate-model` on models of the folder, by flags alone; return exit code and report."""
    flags = {"golden": "golden.parquet", "label": "late", "challenger": challenger, "champion": champion, **more}
    done = subprocess.run(
        [sys.executable, "-m", "mlops_ci", "gate-model", "--format", "json"]
        + [word for name, value in flags.items() for word in (f"--{name}", value)],
        cwd=folder,
        env={**os.environ, "MLOPS_CI_GATE__RULES": f"[{', '.join(rules)}]", "MLOPS_CI_GATE__PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, report


def test_an_identical_challenger_is_no_worse(models: Path) -> None:
    code, report = gate(models, "chatty", "{accuracy: {no_worse_than: 0.01}}", "{roc_auc: {no_worse_than: 0.01}}")
    assert (code, report["verdict"]) == (0, "pass")
    assert [one["value"] for one in report["measurements"]] == [0, 0]


def test_a_worse_challenger_is_rejected_and_the_better_one_is_not(models: Path) -> None:
    """The champion's values must be the champion's: roles exchanged, the verdict is the other one."""
    rules = ("{log_loss: {improve_by: 0}}", "{brier_score_loss: {no_worse_than: 0.001}}")
    code, report = gate(models, "worse", *rules, champion="good")
    assert (code, report["verdict"]) == (10, "fail")
    lost = report["measurements"][0]
    code, report = gate(models, "good", *rules, champion="worse")
    assert (code, report["verdict"]) == (0, "pass")
    won = report["measurements"][0]
    assert won["value"] == pytest.approx(-lost["value"])
    assert (won["low"], won["high"]) == (pytest.approx(-lost["high"]), pytest.approx(-lost["low"]))
    assert (won["champion"], won["challenger"]) == (lost["challenger"], lost["champion"])


def test_too_little_evidence_blocks_and_says_what_would_be_enough(models: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.parquet"
    pd.read_parquet(models / "golden.parquet").sample(40, random_state=0).to_parquet(small)
    code, report = gate(models, "good", "{log_loss: {improve_by: 0.08}}", champion="worse", golden=str(small))
    assert (code, report["verdict"]) == (11, "inconclusive")
    assert "80 % power" in report["findings"][0]["message"]


def test_the_order_of_golden_rows_does_not_matter(models: Path, tmp_path: Path) -> None:
    shuffled = tmp_path / "shuffled.csv"
    pd.read_parquet(models / "golden.parquet").sample(frac=1, random_state=1).to_csv(shuffled, index=False)
    rule = "{log_loss: {improve_by: 0}}"
    plain, mixed = (gate(models, "worse", rule, golden=golden)[1] for golden in ("golden.parquet", str(shuffled)))
    assert mixed["measurements"][0]["low"] == pytest.approx(plain["measurements"][0]["low"])


def test_latency_is_judged_against_the_ceiling_and_against_the_champion(models: Path) -> None:
    code, report = gate(models, "slow", "{latency_p95_ms: {at_most: 10}}", "{latency_p50_ms: {no_worse_than: 50%}}")
    assert code == 10
    ceiling, ratio = report["measurements"]
    assert (ceiling["verdict"], ratio["verdict"]) == ("fail", "fail")
    assert ceiling["challenger"] > 20 > ceiling["champion"]
    assert ratio["value"] < -0.5


def test_a_first_release_is_judged_by_the_rules_about_itself(models: Path) -> None:
    rules = ("{roc_auc: {no_worse_than: 0.01}}", "{accuracy: {at_least: 0.5}}")
    code, report = gate(models, "good", *rules, champion="none")
    assert code == 0
    assert [one["verdict"] for one in report["measurements"]] == [None, "pass"]
    assert report["findings"][0]["code"] == "MCI-GATE-003"
    code, report = gate(models, "good", "{roc_auc: {no_worse_than: 0.01}}", champion="none")
    assert (code, report["verdict"]) == (3, None), "no rule could be judged, so nothing passed"


def test_slices_and_cases_stop_a_challenger_that_keeps_every_other_rule(models: Path, tmp_path: Path) -> None:
    rows = pd.read_parquet(models / "golden.parquet")
    rows["group"] = (rows["signal"] > 0.8).map({True: "sure", False: "rest"})
    rows.to_parquet(tmp_path / "golden.parquet")
    (tmp_path / "cases.jsonl").write_text('{"id": "r399"}\n')
    slices = "{by: [group], rule: {brier_score_loss: {no_worse_than: 0.001}}}"
    done = subprocess.run(
        [sys.executable, "-m", "mlops_ci", "gate-model", "--format", "json", "--golden", tmp_path / "golden.parquet",
         "--label", "late", "--challenger", "worse", "--champion", "good", "--must-pass", tmp_path / "cases.jsonl"],
        cwd=models,
        env={**os.environ, "MLOPS_CI_GATE__RULES": "[{accuracy: {at_least: 0.5}}]", "MLOPS_CI_GATE__SLICES": slices,
             "MLOPS_CI_GATE__FLIPS": "{at_most: 5%}", "MLOPS_CI_GATE__PYTHON": sys.executable},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert done.returncode == 10, done.stderr
    worse = [one["location"]["name"] for one in report["findings"] if one["code"] == "MCI-GATE-005"]
    assert worse == ["group=rest", "group=sure"]
    assert "MCI-GATE-001" not in {one["code"] for one in report["findings"]}
    names = [one["name"].split(":")[0] for one in report["measurements"]]
    assert names == ["accuracy at_least 0.5", "flips at_most 5 %", "group=rest", "group=sure"]
    assert ("MCI-GATE-007" in {one["code"] for one in report["findings"]}) is (not rows["late"].iloc[399])


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("nan", 3, "not finite numbers"),
        ("short", 3, "shape (399,)"),
        ("wild", 3, "not probabilities"),
        ("raises", 5, "no such feature store"),
        ("hangs", 5, "hang"),
        ("absent", 3, "is not an MLflow model"),
    ],
)
def test_a_model_that_cannot_be_judged_never_passes(models: Path, kind: str, code: int, said: str) -> None:
    found, report = gate(models, kind, "{accuracy: {at_least: 0}}", champion="none", timeout="20s")
    assert (found, report["verdict"]) == (code, None)
    assert said in report["error"]


def test_rules_that_judge_nothing_are_refused(models: Path) -> None:
    code, report = gate(models, "good")
    assert (code, report["verdict"]) == (2, None)
    code, report = gate(models, "good", "{acuracy: {at_least: 0.5}}")
    assert code == 2
    assert "Did you mean 'accuracy'?" in report["error"]


def test_the_templates_models_get_the_verdicts_that_the_template_promises(workshop: Workshop) -> None:
    """The released champion is found through the state branch; none is released in this environment yet."""
    ran = workshop.step("gate-model", "--environment", "nowhere")
    assert ran.report["verdict"] == "pass"
    assert "champion" not in ran.report["inputs"]
    assert ran.report["inputs"]["model"].startswith("sha256:")
