"""Trains the model that params.yaml describes; the same parameters and data give the same model."""

import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow.sklearn
import numpy as np
import pandas as pd
import yaml
from mlflow.models import ModelSignature
from mlflow.types.schema import ColSpec, Schema, TensorSpec
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from {{cookiecutter.package}} import stable, task
from {{cookiecutter.package}}.data import GOLDEN, MONTHS, SCHEDULE, WEATHER
from {{cookiecutter.package}}.features import to_matrix

PARAMS = Path("params.yaml")
MODEL = Path("models/current")
METRICS = Path("metrics.json")

INPUTS = [*SCHEDULE, *WEATHER]
REQUIREMENTS = ["mlflow", "numpy", "pandas", "scikit-learn", "skops"]
TRUSTED = [
    f"{to_matrix.__module__}.{to_matrix.__name__}",
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]


def build(model: str, features: str) -> Pipeline:
    """Return the untrained pipeline, from rows to what is foretold."""
    if features not in ("schedule", "weather"):
        message = f"{PARAMS}: train.features is {features!r}; choose schedule or weather."
        raise ValueError(message)
    if model not in task.LEARNERS:
        message = f"{PARAMS}: train.model is {model!r}; choose {' or '.join(task.LEARNERS)}."
        raise ValueError(message)
    matrix = FunctionTransformer(to_matrix, kw_args={"features": features})
    return make_pipeline(matrix, *task.learner(model))


def read(months: list[int]) -> pd.DataFrame:
    """Return the rows of these months, without those of the golden set."""
    rows = pd.concat([pd.read_parquet(MONTHS / f"2013-{month:02d}.parquet") for month in months])
    # A model judged on rows that it has seen would be judged on its memory.
    golden = pd.read_parquet(GOLDEN, columns=["id"])
    return rows[~rows["id"].isin(golden["id"])]


def validate(pipeline: Pipeline, rows: pd.DataFrame) -> dict[str, float]:
    """Return how well the last month is foretold by the months before it."""
    last = rows["month"] == rows["month"].max()
    if last.all():
        message = f"{PARAMS}: train.months needs two months or more: the last one validates."
        raise ValueError(message)
    pipeline.fit(rows[~last], rows.loc[~last, task.LABEL])
    found = getattr(pipeline, task.METHOD)(rows[last])
    metrics = {name: round(value, 6) for name, value in task.measure(rows[last], found).items()}
    return {**metrics, "rows": int(last.sum()), "month": int(rows["month"].max())}


def signature(rows: pd.DataFrame) -> ModelSignature:
    """Return the columns that a request holds, the same for every choice of features."""
    types = {"int64": "long", "float64": "double", "str": "string"}
    inputs = Schema([ColSpec(types[str(rows[name].dtype)], name) for name in INPUTS])
    return ModelSignature(inputs, Schema([TensorSpec(np.dtype("float64"), task.SHAPE)]))


def save(pipeline: Pipeline, rows: pd.DataFrame, path: Path) -> None:
    """Write the model together with the code and the versions that it needs."""
    shutil.rmtree(path, ignore_errors=True)
    mlflow.sklearn.save_model(
        pipeline,
        path,
        signature=signature(rows),
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        code_paths=[str(Path(__file__).parent)],
        pyfunc_predict_fn=task.METHOD,
        # Unlike a pickle, this format runs no code from the file: it loads the types named here.
        serialization_format="skops",
        skops_trusted_types=TRUSTED,
    )
    stable.rewrite(path / "model.skops")


def main() -> None:
    """Train on the months of params.yaml; write the model and its metrics."""
    params: dict[str, Any] = yaml.safe_load(PARAMS.read_text())["train"]
    rows = read(sorted(params["months"]))
    pipeline = build(params["model"], params["features"])
    metrics = validate(pipeline, rows)
    pipeline.fit(rows, rows[task.LABEL])
    save(pipeline, rows, MODEL)
    METRICS.write_text(json.dumps(metrics, indent=2) + "\n")


if __name__ == "__main__":
    main()
