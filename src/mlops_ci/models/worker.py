"""Answer for one model in its own process and environment: predictions to a file, requests and batches timed.

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

ALONE = 5  # rows that are predicted once more, each alone

Columns = dict[str, "np.ndarray[Any, Any]"]


def columns_of(output: Any) -> Columns:  # noqa: ANN401 - an MLflow model answers with any of five types
    """Return what a model answered by column: numbers as float64, anything else as text."""
    if isinstance(output, pd.DataFrame):
        known = [name for name in output.columns if str(name) in {"prediction", "score", "cost"}]
        known += [name for name in output.columns if str(name).startswith("score_")]
        chosen = known or list(output.columns)
        return {str(name): values_of(output[name]) for name in chosen}
    array = np.asarray(output)
    if array.ndim == 2 and array.shape[1] > 1:  # noqa: PLR2004 - one column for each class
        return {str(number): values_of(array[:, number]) for number in range(array.shape[1])}
    return {"": values_of(array.reshape(len(array)) if array.ndim == 2 else array)}  # noqa: PLR2004


def values_of(values: Any) -> "np.ndarray[Any, Any]":  # noqa: ANN401 - a column of anything
    """Return a column as float64 or as text."""
    array = np.asarray(values)
    return array.astype(np.float64) if array.dtype.kind in "fiub" else np.array([str(one) for one in array])


def read(path: str) -> pd.DataFrame:
    """Return the golden rows in the file's order."""
    if path.endswith((".jsonl", ".ndjson")):
        return pd.read_json(path, lines=True)
    return pd.read_csv(path) if path.endswith(".csv") else pd.read_parquet(path)


class Answerer:
    """One model and the golden rows without their labels."""

    def __init__(self, model_folder: str, golden: str, label: str) -> None:
        self.rows = read(golden).drop(columns=[label]).reset_index(drop=True)  # its index: positions in the file
        self.model = mlflow.pyfunc.load_model(model_folder)

    def predict(self, ask: dict[str, Any]) -> dict[str, Any]:
        """Write the answers to rows; name one that the model fails on, or answers otherwise when alone."""
        rows = self.rows if ask["rows"] is None else self.rows.iloc[ask["rows"]]
        try:
            columns = columns_of(self.model.predict(rows))
        except Exception as problem:  # noqa: BLE001 - whatever the model raises
            return {"row": self.failing(rows), "error": f"{type(problem).__name__}: {problem}"}
        named: dict[str, Any] = {f"_{name}": values for name, values in columns.items()}
        np.savez(ask["to"], **named)
        return {"differs": self.differing(rows, columns)}

    def failing(self, rows: pd.DataFrame) -> int | None:
        """Return the position of a row that the model fails on alone; None when it answers each half."""
        while len(rows) > 1:
            halves = rows.iloc[: len(rows) // 2], rows.iloc[len(rows) // 2 :]
            failing = next((half for half in halves if self.fails(half)), None)
            if failing is None:
                return None
            rows = failing
        return int(rows.index[0])

    def fails(self, rows: pd.DataFrame) -> bool:
        """Say whether the model raises on some of the rows."""
        try:
            self.model.predict(rows)
        except Exception:  # noqa: BLE001 - whatever the model raises
            return True
        return False

    def differing(self, rows: pd.DataFrame, columns: Columns) -> dict[str, Any] | None:
        """Return a row whose answer is another when it is asked alone."""
        count = len(rows)
        if any(len(values) != count for values in columns.values()):
            return None  # which is said by whoever reads them
        for at in sorted({number * count // ALONE for number in range(ALONE)}):
            alone = columns_of(self.model.predict(rows.iloc[[at]]))
            if set(alone) != set(columns) or any(not same(alone[one][0], columns[one][at]) for one in columns):
                return {"row": int(rows.index[at]), "together": shown(columns, at), "alone": shown(alone, 0)}
        return None

    def measure(self, ask: dict[str, Any]) -> dict[str, list[float]]:
        """Return the milliseconds of one request for each row, or of one for all."""
        parts = [ask["rows"]] if ask["batch"] else [[index] for index in ask["rows"]]
        took = []
        for rows in [self.rows.iloc[indices] for indices in parts]:
            began = time.perf_counter()
            self.model.predict(rows)
            took.append((time.perf_counter() - began) * 1000)
        return {"ms": took}


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - a number or a text
    """Say whether two answers are the same but for rounding."""
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    return bool(np.isclose(one, other, rtol=1e-3, atol=1e-6, equal_nan=True))


def shown(columns: Columns, at: int) -> str:
    """Return an answer as people read it."""
    return ", ".join(f"{name or 'answer'} {values[at]}" for name, values in columns.items())


def main(model_folder: str, golden: str, label: str) -> None:
    """Answer until stdin ends."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answerer = Answerer(model_folder, golden, label)
    answers: dict[str, Callable[[dict[str, Any]], object]] = {"predict": answerer.predict, "time": answerer.measure}
    for line in sys.stdin:
        ask = json.loads(line)
        channel.write(json.dumps(answers[ask["do"]](ask)) + "\n")
        channel.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
