"""What the gate lets pass is what can be registered: base rules, budgets and pickles, by the real command line."""

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import cloudpickle  # type: ignore[import-untyped] # it publishes no types
import numpy as np
import pandas as pd
import pytest
from securesystemslib.signer import Signer

from builders import commit_all, git, git_repository, mlops_ci, write_settings
from mlops_ci.evidence import digest_model, seal_report
from mlops_ci.evidence.keys import load_or_make
from mlops_ci.report import StepReport

pytestmark = pytest.mark.integration

SETTINGS = """
    model: delay
    gate:
      python: {python}
      golden: golden.parquet
      label: late
      rules:
        - accuracy: {{at_least: {least}}}
      budget: {budget}
"""
MAKE = """
    import sys
    import mlflow.pyfunc

    class Model(mlflow.pyfunc.PythonModel):
        def __init__(self, limit): self.limit = limit
        def predict(self, context, model_input, params=None):
            return (model_input["signal"] > self.limit).astype(int).to_numpy()

    for limit in sys.argv[2:]:
        mlflow.pyfunc.save_model(f"{sys.argv[1]}/{limit}", python_model=Model(float(limit)), pip_requirements=["numpy"])
"""
EVIDENCE = ".mlops-ci/evidence/gate-model.json"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two models of about the same accuracy, 88 %."""
    folder = tmp_path_factory.mktemp("models")
    argv = [sys.executable, "-c", dedent(MAKE), str(folder), "0.5", "0.51"]
    subprocess.run(argv, check=True, capture_output=True)
    return folder


@pytest.fixture
def root(tmp_path: Path, models: Path) -> Path:
    """Return a repository with a model whose rules ask for less than it has."""
    root = git_repository(tmp_path)
    configure(root)
    write_golden(root, noise=0.25)
    put(root, models / "0.5")
    (root / "dvc.lock").write_text("schema: '2.0'\n")
    commit_all(root)
    return root


def configure(root: Path, least: float = 0.7, budget: int = 200) -> None:
    write_settings(root, SETTINGS.format(python=sys.executable, least=least, budget=budget))


def write_golden(root: Path, noise: float) -> None:
    draw = np.random.default_rng(0)
    signal = draw.uniform(0, 1, 600)
    late = (signal + draw.uniform(-noise, noise, 600) > 0.5).astype(int)
    pd.DataFrame({"id": range(600), "signal": signal, "late": late}).to_parquet(root / "golden.parquet")


def put(root: Path, model: Path) -> Path:
    target = root / "models/current"
    subprocess.run(["rm", "-rf", target], check=True)
    target.parent.mkdir(exist_ok=True)
    subprocess.run(["cp", "-r", model, target], check=True)
    return target


def gate(root: Path, *flags: str) -> tuple[int, list[str], dict[str, Any]]:
    """Return exit code, the codes of the findings, and the report."""
    ended = mlops_ci(root, "gate-model", "--format", "json", *flags, timeout=180)
    report: dict[str, Any] = json.loads(ended.stdout)
    return ended.code, [one["code"] for one in report["findings"]], report


def test_what_passed_is_sealed_and_can_be_registered_as_it_is_and_no_other_way(root: Path) -> None:
    code, _, report = gate(root)
    assert code == 0, report
    assert report["artifacts"] == [EVIDENCE]
    sealed = (root / EVIDENCE).read_bytes()
    (root / EVIDENCE).write_bytes(sealed.replace(b"payload", b"paYload", 1))
    assert mlops_ci(root, "register-model").code == 10
    (root / EVIDENCE).write_bytes(sealed)
    assert mlops_ci(root, "register-model").code == 0


def loosened(root: Path) -> None:
    configure(root, least=0.7)


def swapped(root: Path) -> None:
    write_golden(root, noise=0.001)


@pytest.mark.parametrize(("change", "named"), [(loosened, "rules"), (swapped, "golden")])
def test_rules_and_golden_set_of_the_base_judge_as_well(root: Path, change: Callable[[Path], None], named: str) -> None:
    configure(root, least=0.95)
    git(root, "checkout", "--quiet", "-B", "base")
    commit_all(root)
    git(root, "checkout", "--quiet", "-b", "change")
    change(root)
    commit_all(root)
    assert gate(root)[0] == 0, "by its own rules the change passes"
    code, codes, report = gate(root, "--base", "base")
    assert code == 10, report
    assert {"MCI-GATE-001", "MCI-POLICY-001"} <= set(codes)
    (policy,) = [one for one in report["findings"] if one["code"] == "MCI-POLICY-001"]
    assert policy["evidence"]["changed"] == [named]
    assert not (root / EVIDENCE).exists()


def scan_of(model: str, key: Signer) -> bytes:
    """Return the sealed statement that a scan passed a model."""
    return seal_report(StepReport("scan", inputs={"model": model, "commit": "c" * 40}).to_json(), key)


def test_a_model_that_runs_code_when_it_is_loaded_is_refused_before_it_is_loaded(root: Path, tmp_path: Path) -> None:
    marker = str(tmp_path / "pwned")

    class Runs:
        def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
            return (lambda: Path(marker).touch()), ()  # it must not run

    model = root / "models/current"
    (model / "python_model.pkl").write_bytes(cloudpickle.dumps(Runs()))
    code, codes, report = gate(root)
    assert code == 10, report
    assert len(codes) == 1
    assert "python_model.pkl: calls what it brings along" in json.dumps(report["findings"])
    assert not Path(marker).exists()
    digest, ours = digest_model(model), load_or_make(None, root / ".mlops-ci/keys/evidence.pem")
    made_up = json.dumps(StepReport("scan", inputs={"model": digest, "commit": "c" * 40}).to_json()).encode()
    foreign = load_or_make(None, tmp_path / "foreign.pem")
    for sealed in (
        made_up,
        scan_of(digest, foreign),
        scan_of("sha256:another", ours),
        scan_of(digest, ours).replace(b"payload", b"paYload", 1),
    ):
        (root / ".mlops-ci/reports/scan.json").write_bytes(made_up)
        (root / ".mlops-ci/evidence").mkdir(exist_ok=True)
        (root / ".mlops-ci/evidence/scan.json").write_bytes(sealed)
        assert gate(root)[0] == 10, "made up, by another's key, of another model, altered"
        assert not Path(marker).exists()
    (root / ".mlops-ci/evidence/scan.json").write_bytes(scan_of(digest, ours))
    gate(root)
    assert Path(marker).exists(), "who scans it answers for it"


def test_a_golden_set_decides_only_as_often_as_its_budget_says(root: Path, models: Path) -> None:
    configure(root, budget=1)
    commit_all(root)
    code, codes, report = gate(root)
    assert code == 0, report
    put(root, models / "0.51")
    commit_all(root)
    code, codes, _ = gate(root)
    assert (code, "MCI-GATE-011" in codes) == (10, True)
    assert not (root / EVIDENCE).exists()
    put(root, models / "0.5")
    assert gate(root)[0] == 0, "the same question again is no further decision"


def write_predictions(root: Path, wrong: float) -> None:
    """Write the answers of the model `0.5`, but for a part that is another's; git does not see the file."""
    golden = pd.read_parquet(root / "golden.parquet")
    said = (golden["signal"] > 0.5) ^ (golden["signal"] < wrong)
    pd.DataFrame({"id": golden["id"], "prediction": said.astype(int)}).to_csv(root / "said.csv", index=False)
    with (root / ".git/info/exclude").open("a") as hidden:
        hidden.write("said.csv\n")


BESIDE = ("--challenger", "models/current", "--challenger-predictions", "said.csv")


def test_predictions_beside_their_model_are_evidence_that_says_so(root: Path) -> None:
    write_predictions(root, wrong=0.0)
    code, codes, report = gate(root, *BESIDE[2:])
    assert (code, report["artifacts"], "model" in report["inputs"]) == (0, [], False), "they name no model"
    code, codes, report = gate(root, *BESIDE)
    assert (code, report["artifacts"]) == (0, [EVIDENCE]), report
    assert "MCI-GATE-008" in codes
    statement = json.loads(b64decode(json.loads((root / EVIDENCE).read_bytes())["payload"]))
    assert {"model", "challenger_predictions"} <= {one["name"] for one in statement["subject"]}
    assert "MCI-GATE-008" in {one["code"] for one in statement["predicate"]["findings"]}
    assert mlops_ci(root, "register-model").code == 0


def test_predictions_of_another_model_prove_nothing(root: Path) -> None:
    write_predictions(root, wrong=0.1)
    assert gate(root, *BESIDE[2:])[0] == 0, "good enough by themselves"
    code, _, report = gate(root, *BESIDE)
    assert (code, report["verdict"]) == (3, None)
    assert "otherwise than its file of predictions" in report["error"]
    assert not (root / EVIDENCE).exists()
    assert gate(root, "--challenger", "http://127.0.0.1:9/predict", *BESIDE[2:])[0] == 2
