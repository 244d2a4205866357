"""A model that can be asked: in a process of its own, or as a service that runs elsewhere."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np

from mlops_ci.errors import NothingToJudge, ProgramFailed
from mlops_ci.models.golden import Columns, GoldenSet
from mlops_ci.models.predictions import Columns as Answered
from mlops_ci.net import Client
from mlops_ci.process import NO_SECRETS, Conversation
from mlops_ci.tools.duckdb import open_table

_WORKER = Path(__file__).with_name("worker.py")
_AT_ONCE = 8  # requests to a service; while latency is measured, one


class Asked(Protocol):
    """Whoever answers for one model."""

    def predict(self) -> Answered:
        """Return the answers to all golden rows, in the file's order."""
        ...

    def time(self, rows: Sequence[int], *, batch: bool) -> list[float]:
        """Return milliseconds: of one request for each row, or of one for all of them."""
        ...


class Process:
    """A model in an interpreter of its own."""

    def __init__(self, name: str, worker: Conversation, golden: GoldenSet, timeout: float) -> None:
        """Speak for a worker that was started with the golden set."""
        self._name, self._worker, self._golden, self._timeout = name, worker, golden, timeout

    def predict(self, rows: Sequence[int] | None = None) -> Answered:
        """Return the answers to golden rows (None: to all), in the file's order or in that of the rows."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "answers.npz"
            answer = self._worker.ask({"do": "predict", "rows": rows, "to": str(path)}, timeout=self._timeout)
            if error := answer.get("error"):
                raise ProgramFailed(f"The {self._name} raised {error}{self._row(answer.get('row'))}")
            if differs := answer.get("differs"):
                said = (
                    f"The {self._name} answers row {self._id(differs['row'])} with {differs['together']} among others"
                )
                raise NothingToJudge(f"{said}, and with {differs['alone']} alone. A model must answer a row one way.")
            with np.load(path, allow_pickle=False) as stored:
                return {name.removeprefix("_"): stored[name] for name in stored.files}

    def time(self, rows: Sequence[int], *, batch: bool) -> list[float]:
        """Return milliseconds: of one request for each row, or of one for all of them."""
        answer = self._worker.ask({"do": "time", "rows": list(rows), "batch": batch}, timeout=self._timeout)
        return [float(one) for one in answer["ms"]]

    def _row(self, position: int | None) -> str:
        if position is None:
            return ", though it answers each half of the rows. Look into its log."
        return f" on the row with id {self._id(position)}. Correct the model, or its inputs."

    def _id(self, position: int) -> str:
        """Return the id of a row of the file."""
        return str(self._golden.ids[int(np.flatnonzero(self._golden.order == position)[0])])


def start(name: str, folder: Path, golden: GoldenSet, python: str | Path, log: Path) -> Conversation:
    """Start a worker that loads an MLflow model folder with an interpreter."""
    argv: list[str | Path] = [python, _WORKER, folder, golden.path, golden.label]
    env = {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", **NO_SECRETS}
    return Conversation(argv, cwd=golden.path.parent, env=env, log=log / f"gate-{name}.log")


class Service:
    """A running service: MLflow's protocol at `/invocations`, otherwise one JSON object for each row."""

    def __init__(self, name: str, url: str, golden: GoldenSet, columns: Columns, timeout: float) -> None:
        """Read the rows that will be sent: the golden set's without id, label, weight and cluster."""
        self._name, self._url, self._mlflow = name, url, takes_batches(url)
        self._client = Client(timeout=timeout, connections=_AT_ONCE)
        kept = {columns.label, columns.weight, columns.cluster, *(columns.key if columns.query is None else ())}
        with open_table([golden.path]) as table:
            every = table.to_arrow().to_pylist()
        self._rows = [{key: _plain(value) for key, value in row.items() if key not in kept} for row in every]

    def predict(self) -> Answered:
        """Return the answers to all golden rows, in the file's order."""
        if self._mlflow:
            return _columns(self._name, self._send(self._rows))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return _columns(self._name, list(pool.map(lambda row: self._send([row])[0], self._rows)))

    def time(self, rows: Sequence[int], *, batch: bool) -> list[float]:
        """Return milliseconds: of one request for each row, or of one for all of them."""
        parts = [list(rows)] if batch else [[index] for index in rows]
        took = []
        for part in parts:
            began = time.perf_counter()
            self._send([self._rows[index] for index in part])
            took.append((time.perf_counter() - began) * 1000)
        return took

    def _send(self, rows: list[dict[str, Any]]) -> list[Any]:
        """Return the answers to rows; where the service takes one at a time, they are sent one after the other."""
        if not self._mlflow:
            return [self._body(row) for row in rows]
        answer = self._body({"dataframe_records": rows})
        found = answer.get("predictions") if isinstance(answer, dict) else None
        if not isinstance(found, list) or len(found) != len(rows):
            raise NothingToJudge(f"The {self._name} at {self._url} did not answer {len(rows)} rows with as many.")
        return found

    def _body(self, sent: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever a service answers
        answer = self._client.post_json(self._url, sent)
        if answer.status != 200:  # noqa: PLR2004 - OK
            said = answer.body[:200].decode(errors="replace")
            raise ProgramFailed(f"The {self._name} at {self._url} answered {answer.status}: {said}")
        try:
            return answer.json()
        except json.JSONDecodeError as problem:
            raise NothingToJudge(
                f"The {self._name} at {self._url} answered with something that is no JSON."
            ) from problem


def takes_batches(url: str) -> bool:
    """Say whether a service speaks MLflow's protocol, which takes many rows at once."""
    return url.rstrip("/").endswith("/invocations")


def _plain(value: object) -> object:
    """Return a value as JSON has it: no NaN, and times as text."""
    if isinstance(value, date):
        return value.isoformat()
    return None if value != value else value  # noqa: PLR0124 - NaN


def _columns(name: str, answers: list[Any]) -> Answered:
    """Return answers by column: objects by their keys, lists by position, anything else as one column."""
    first = answers[0]
    if isinstance(first, dict):
        keys = [key for key in first if key in {"prediction", "score", "cost"} or key.startswith("score_")]
        rows = [[one.get(key) if isinstance(one, dict) else None for key in keys] for one in answers]
    elif isinstance(first, list):
        keys, rows = [str(at) for at in range(len(first))], answers
    else:
        keys, rows = [""], [[one] for one in answers]
    if any(not _fits(row, len(keys)) for row in rows):
        raise NothingToJudge(f"The {name}'s answers differ in form from row to row.")
    values = {key: [row[at] for row in rows] for at, key in enumerate(keys)}
    return {
        key: np.array(column, dtype=np.float64 if all(_is_number(one) for one in column) else np.object_)
        for key, column in values.items()
    }


def _fits(row: object, width: int) -> bool:
    return isinstance(row, list) and len(row) == width and None not in row


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
