"""Truths and predictions that tests of the gate are built from."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_ci.models.answers import Answers
from mlops_ci.models.golden import GoldenSet
from mlops_ci.models.metrics.known import METRICS
from mlops_ci.models.rules import Facts
from mlops_ci.models.truth import Predictions, Truth

ROOT = Path("/nowhere")
Floats = NDArray[np.float64]


def binary(labels: Any) -> Truth:  # noqa: ANN401 - whatever numpy takes
    return Truth("binary", np.asarray(labels, dtype=np.bool_), 7, ("0", "1"))


def scored(scores: Any) -> Predictions:  # noqa: ANN401 - whatever numpy takes
    found = np.asarray(scores, dtype=np.float64)
    return Predictions((found >= 0.5).astype(np.intp), found)


def answered(scores: Any) -> Answers:  # noqa: ANN401 - whatever numpy takes
    return Answers(scored(scores))


def facts(labels: Any, challenger: Any, champion: Any = None) -> Facts:  # noqa: ANN401 - whatever numpy takes
    """Return what a gate judges of two binary models by their scores."""
    theirs = None if champion is None else answered(champion)
    return Facts(binary(labels), answered(challenger), theirs, METRICS)


def golden(truth: Truth, **columns: Any) -> GoldenSet:  # noqa: ANN401 - whatever numpy takes
    """Return a golden set with ids r0000, r0001 …."""
    count = truth.labels.size
    ids = np.array([f"r{number:04d}" for number in range(count)], dtype=np.object_)
    named = {name: np.array([str(one) for one in values], dtype=np.object_) for name, values in columns.items()}
    return GoldenSet(Path("golden.parquet"), "sha256:1", ids, truth, np.arange(count), named, "label", "id")
