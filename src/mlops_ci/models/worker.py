"""Answer for one model in its own process and environment: predictions to a file, single requests timed.

Run by path with the model's own interpreter; it needs MLflow, pandas and NumPy there, nothing of mlops-ci. It
reads one JSON question a line and writes one JSON answer a line; whatever the model prints goes to stderr.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd


def scores_of(output: Any) -> np.ndarray[Any, np.dtype[np.float64]]:  # noqa: ANN401 - an MLflow model answers with any of five types
    """Return probabilities of the positive class, shape (n,), from what a model answered."""
    if isinstance(output, pd.DataFrame) and "score" in output.columns:
        output = output["score"]
    array = np.asarray(output, dtype=np.float64)
    if array.ndim == 2 and array.shape[1] == 2:  # noqa: PLR2004 - predict_proba of two classes
        return array[:, 1]
    return array.reshape(len(array)) if array.ndim == 1 or array.shape[1] == 1 else array


def main(model_folder: str, golden: str, label: str) -> None:
    """Answer until stdin ends."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    rows = pd.read_csv(golden) if golden.endswith(".csv") else pd.read_parquet(golden)
    rows = rows.drop(columns=[label])
    model = mlflow.pyfunc.load_model(model_folder)

    def predict(to: str) -> dict[str, int]:
        scores = scores_of(model.predict(rows))
        np.save(to, scores)
        return {"rows": len(scores)}

    def measure(indices: list[int]) -> dict[str, list[float]]:
        singles = [rows.iloc[[index]] for index in indices]
        took = []
        for single in singles:
            began = time.perf_counter()
            model.predict(single)
            took.append((time.perf_counter() - began) * 1000)
        return {"ms": took}

    answers: dict[str, Callable[[dict[str, Any]], object]] = {
        "predict": lambda ask: predict(ask["to"]),
        "time": lambda ask: measure(ask["rows"]),
    }
    for line in sys.stdin:
        ask = json.loads(line)
        channel.write(json.dumps(answers[ask["do"]](ask)) + "\n")
        channel.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
