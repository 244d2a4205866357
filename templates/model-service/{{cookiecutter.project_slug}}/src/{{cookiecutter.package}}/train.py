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
from {{cookiecutter.package}}.data import DATA, GOLDEN, INPUTS, chosen, held_out
from {{cookiecutter.package}}.features import FEATURES, to_matrix

PARAMS = Path("params.yaml")
MODEL = Path("models/current")
METRICS = Path("metrics.json")
EXAMPLE = "example.json"  # beside the model: a request

REQUIREMENTS = ["mlflow", "numpy", "pandas", "scikit-learn", "skops"]
TRUSTED = [
    f"{to_matrix.__module__}.{to_matrix.__name__}",
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]


def build(model: str, features: str) -> Pipeline:
    """Return the untrained pipeline, from rows to what is foretold."""
    if features not in FEATURES:
        message = f"{PARAMS}: train.features is {features!r}; choose {' or '.join(FEATURES)}."
        raise ValueError(message)
    if model not in task.LEARNERS:
        message = f"{PARAMS}: train.model is {model!r}; choose {' or '.join(task.LEARNERS)}."
        raise ValueError(message)
    matrix = FunctionTransformer(to_matrix, kw_args={"features": features})
    return make_pipeline(matrix, *task.learner(model))


def known(table: pd.DataFrame, golden: pd.DataFrame, which: dict[str, Any]) -> pd.DataFrame:
    """Return the rows that params.yaml chooses, without those of the golden set."""
    # A model judged on rows that it has seen would be judged on its memory.
    return chosen(table[~table["id"].isin(golden["id"])], **which)


def validate(pipeline: Pipeline, rows: pd.DataFrame) -> dict[str, float]:
    """Return how well some of the rows are foretold by the others."""
    aside = held_out(rows)
    pipeline.fit(rows[~aside], rows.loc[~aside, task.LABEL])
    found = getattr(pipeline, task.METHOD)(rows[aside])
    metrics = {name: round(value, 6) for name, value in task.measure(rows[aside], found).items()}
    return {**metrics, "rows": int(aside.sum())}


def signature(rows: pd.DataFrame) -> ModelSignature:
    """Return the columns that a request holds, the same for every choice of features."""
    types = {"int64": "long", "float64": "double", "str": "string", "bool": "boolean"}
    inputs = Schema([ColSpec(types[str(rows[name].dtype)], name) for name in INPUTS])
    return ModelSignature(inputs, Schema([TensorSpec(np.dtype("float64"), task.SHAPE)]))


def save(pipeline: Pipeline, rows: pd.DataFrame, path: Path) -> None:
    """Write the model with the code and the versions that it needs, and the first row's inputs."""
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
    rows[INPUTS].head(1).to_json(path / EXAMPLE, orient="records", lines=True)


def main() -> None:
    """Train as params.yaml says; write the model and its metrics."""
    which: dict[str, Any] = yaml.safe_load(PARAMS.read_text())["train"]
    pipeline = build(which.pop("model"), which.pop("features"))
    golden = pd.read_parquet(GOLDEN)
    table = pd.concat([pd.read_parquet(path) for path in sorted(DATA.glob("*.parquet"))])
    rows = known(table, golden, which)
    metrics = validate(pipeline, rows)
    pipeline.fit(rows, rows[task.LABEL])
    save(pipeline, golden, MODEL)
    METRICS.write_text(json.dumps(metrics, indent=2) + "\n")


if __name__ == "__main__":
    main()
