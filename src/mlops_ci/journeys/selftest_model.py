"""A model that answers chosen golden rows wrongly, or late: made around any MLflow model, whatever its library."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

# Runs in the interpreter of the model, where nothing of mlops-ci is.
_CODE = '''"""Answers as the model inside does, but wrongly for some rows, and late."""

import json
import time
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pandas as pd


class Spoiled:
    def __init__(self, folder):
        self.plan = json.loads((folder / "plan.json").read_text())
        self.model = mlflow.pyfunc.load_model(str(folder / "inside"))

    def predict(self, rows, params=None):
        time.sleep(self.plan["seconds"])
        answers = self.model.predict(rows)
        column = self.plan["id"]
        if column not in rows.columns:
            return answers
        wrong = rows[column].astype(str).isin(self.plan["ids"]).to_numpy()
        if isinstance(answers, pd.DataFrame):
            answers = answers.copy()
            for name in answers.columns:
                values = answers[name].to_numpy().copy()
                values[wrong] = self.other(values[wrong])
                answers[name] = values
            return answers
        values = np.array(answers)
        of_classes = values.ndim == 2 and values.shape[1] > 1
        values[wrong] = values[wrong][:, ::-1] if of_classes else self.other(values[wrong])
        return values

    def other(self, values):
        if values.dtype.kind == "b":
            return ~values
        if values.dtype.kind == "f":
            return np.where((values >= 0) & (values <= 1), 1 - values, -values)
        other = [self.plan["labels"].get(str(one), one) for one in values.ravel()]
        return np.array(other).reshape(values.shape).astype(values.dtype)


def _load_pyfunc(path):
    return Spoiled(Path(path))
'''
_FLAVOR = """flavors:
  python_function:
    code: code
    data: data
    loader_module: mlops_ci_selftest
"""


def spoil(
    model: Path, target: Path, *, id_: str, ids: Sequence[str] = (), labels: Sequence[str] = (), seconds: float = 0.0
) -> Path:
    """Write a model around a copy of another.

    Args:
        model: an MLflow model folder.
        target: a folder that is not there.
        id_: column of the golden set that names a row, or the query of several.
        ids: its values where answers are wrong: classes are exchanged, numbers are mirrored.
        labels: what a text may be exchanged with.
        seconds: how long each request takes longer.
    """
    (target / "code").mkdir(parents=True)
    (target / "code/mlops_ci_selftest.py").write_text(_CODE, encoding="utf-8")
    (target / "data").mkdir()
    shutil.copytree(model, target / "data/inside")
    following = dict(zip(labels, [*labels[1:], *labels[:1]], strict=True))
    plan = {"id": id_, "ids": list(ids), "labels": following, "seconds": seconds}
    (target / "data/plan.json").write_text(json.dumps(plan), encoding="utf-8")
    (target / "MLmodel").write_text(_FLAVOR, encoding="utf-8")
    if (model / "requirements.txt").is_file():
        shutil.copyfile(model / "requirements.txt", target / "requirements.txt")
    return target


def poison(model: Path, target: Path) -> Path:
    """Copy a model, with a file in it that would run a command when it is loaded."""
    shutil.copytree(model, target)
    (target / "python_model.pkl").write_bytes(b"cos\nsystem\n(S'echo loaded'\ntR.")
    return target
