"""A model's answers to some golden rows, kept so that the model can be recognised when it is made again."""

import json
from typing import Any

import numpy as np

from mlops_ci.errors import NothingToJudge, ProgramFailed
from mlops_ci.models.golden import GoldenSet
from mlops_ci.models.spot_check import same
from mlops_ci.models.truth import Predictions, Rows

SCHEMA = "mlops-ci.predictions/v1"
ROWS = 1000  # at most; more would only make the record longer


def to_bytes(model: str, golden: GoldenSet, said: Predictions) -> bytes:
    """Return the record of what a model (its digest) answered, given in id order."""
    part = said.take(_chosen(golden))
    document = {
        "schema": SCHEMA,
        "model": model,
        "golden": golden.digest,
        "labels": part.labels.tolist(),
        "scores": None if part.scores is None else part.scores.tolist(),
    }
    return json.dumps(document).encode() + b"\n"


def refuse_another(record: str, model: str, golden: GoldenSet, said: Predictions) -> None:
    """Raise unless a model answers, but for rounding, as was recorded of the one with this digest.

    Raises:
        NothingToJudge: the record is about another model or golden set, or is none.
        ProgramFailed: the answers are others.
    """
    try:
        raw = json.loads(record)
        about = raw["schema"], raw["model"], raw["golden"]
        before = Predictions(_array(raw["labels"]), None if raw["scores"] is None else np.array(raw["scores"]))
    except (ValueError, KeyError, TypeError) as problem:
        raise NothingToJudge(f"What is recorded of {model[:19]} on the state branch are no predictions.") from problem
    if about != (SCHEMA, model, golden.digest):
        raise NothingToJudge(f"The predictions recorded of {model[:19]} are of another model or golden set.")
    now = said.take(_chosen(golden))
    if before.labels.shape != now.labels.shape or (before.scores is None) != (now.scores is None):
        raise ProgramFailed("it answers in another form")
    if differing := int((~same(now, before)).sum()):
        raise ProgramFailed(f"it answers {differing} of {now.labels.size} golden rows otherwise")


def _array(labels: list[Any]) -> Any:  # noqa: ANN401 - codes, numbers or texts
    return np.array(labels, dtype=np.object_ if any(isinstance(one, str) for one in labels) else None)


def _chosen(golden: GoldenSet) -> Rows:
    """Return which rows are recorded, in id order: all of them, or some evenly among them."""
    count = golden.ids.size
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[np.linspace(0, count - 1, min(ROWS, count)).astype(np.intp)] = True
    return chosen
