"""Ordinary models as MLflow saves them are not refused; the same models with a payload are."""

import json
import os
import pickle
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped] # it publishes no types
import joblib  # type: ignore[import-untyped] # it publishes no types
import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from mlops_ci.errors import ProgramFailed
from mlops_ci.tools.picklescan import dangerous, dangerous_apart

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore"),  # MLflow's own, about how these models are saved
]

QUICK: Any = {"pip_requirements": ["scikit-learn"]}  # not found by loading the model in a process of its own
ROWS = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) % 3})
LABELS = np.arange(40) % 2
PREPARED = ColumnTransformer([("s", StandardScaler(), ["a"]), ("o", OneHotEncoder(handle_unknown="ignore"), ["b"])])
MODELS = {
    "boosting": make_pipeline(PREPARED, HistGradientBoostingClassifier(max_iter=3)),
    "forest": RandomForestClassifier(5),
    "logistic": make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()),
}


@pytest.mark.parametrize("how", ["pickle", "cloudpickle", "skops"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_scikit_learn_is_not_refused(tmp_path: Path, name: str, how: str) -> None:
    trusted = {"skops_trusted_types": _untrusted(MODELS[name].fit(ROWS, LABELS))} if how == "skops" else {}
    mlflow.sklearn.save_model(MODELS[name], tmp_path / "model", serialization_format=how, **QUICK, **trusted)
    assert dangerous(tmp_path / "model") == ()


def _untrusted(model: Any) -> list[str]:  # noqa: ANN401 - any estimator
    import skops.io  # type: ignore[import-untyped] # it publishes no types

    found: list[str] = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    return found


def _python_model(payload: object = None) -> object:
    class Model(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined] # MLflow publishes no types
        """Saved by value, as from a notebook: cloudpickle writes its code."""

        def __init__(self) -> None:
            self.inside = lambda rows: np.log1p(rows) + 1
            self.payload = payload

        def predict(self, model_input):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - MLflow judges hints
            return [json.dumps(len(re.findall("a", os.sep + str(one)))) for one in model_input["a"]]

    return Model()


def test_a_python_model_with_artifacts_is_not_refused(tmp_path: Path) -> None:
    joblib.dump(MODELS["forest"].fit(ROWS, LABELS), tmp_path / "forest.joblib")
    artifacts = {"forest": str(tmp_path / "forest.joblib")}
    mlflow.pyfunc.save_model(tmp_path / "model", python_model=_python_model(), artifacts=artifacts, **QUICK)
    assert dangerous(tmp_path / "model") == ()


class _Payload:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("echo pwned",)


def test_a_python_model_with_a_payload_is_refused(tmp_path: Path) -> None:
    mlflow.pyfunc.save_model(tmp_path / "model", python_model=_python_model(_Payload()), **QUICK)
    assert dangerous(tmp_path / "model") == ("python_model.pkl: posix.system",)


class _Function:
    def __reduce__(self) -> tuple[Callable[[], int], tuple[()]]:
        return (lambda: os.system("echo pwned")), ()  # noqa: S605 - never run


def test_a_python_model_with_a_function_that_is_called_when_it_is_loaded_is_refused(tmp_path: Path) -> None:
    mlflow.pyfunc.save_model(tmp_path / "model", python_model=_python_model(), **QUICK)
    (tmp_path / "model/python_model.pkl").write_bytes(cloudpickle.dumps(_python_model(_Function())))
    assert dangerous(tmp_path / "model") == ("python_model.pkl: calls what it brings along",)


def test_a_model_of_scikit_learn_with_a_payload_is_refused(tmp_path: Path) -> None:
    model = MODELS["logistic"].fit(ROWS, LABELS)
    mlflow.sklearn.save_model(model, tmp_path / "model", serialization_format="pickle", **QUICK)
    (tmp_path / "model/model.pkl").write_bytes(pickle.dumps([model, _Payload()]))
    assert dangerous(tmp_path / "model") == ("model.pkl: posix.system",)


def test_apart_it_says_the_same_and_imports_nothing_that_lies_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(_Payload()))
    (tmp_path / "json.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    assert dangerous_apart(tmp_path) == dangerous(tmp_path) != ()


def test_a_file_that_takes_for_ever_is_not_waited_for(tmp_path: Path) -> None:
    names = b"".join(b"cm%d\nf\n0" % number for number in range(1_000_000))
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04" + names + b"N.")
    began = time.monotonic()
    with pytest.raises(ProgramFailed):
        dangerous_apart(tmp_path, timeout=3.0)
    assert time.monotonic() - began < 10
