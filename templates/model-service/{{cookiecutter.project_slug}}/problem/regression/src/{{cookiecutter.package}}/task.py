"""What is foretold, by which learners, how good that is, and how an answer reads."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from sklearn.preprocessing import StandardScaler

LABEL = "air_minutes"
LEARNERS = ("linear", "boosting")
METHOD = "predict"  # of a pipeline: minutes
SHAPE = (-1,)  # of what that returns

WATCHED = "prediction"  # of an answer: how it is spread is a metric of the service
METRIC = "prediction_minutes"
LIMITS = [float(minutes) for minutes in range(60, 720, 60)]


def learner(model: str) -> list[Any]:
    """Return the untrained steps from numbers to minutes."""
    if model == "linear":
        return [SimpleImputer(), StandardScaler(), Ridge()]
    # Few and small: every tree costs time in every request.
    trees = HistGradientBoostingRegressor(
        max_iter=40,
        learning_rate=0.15,
        max_leaf_nodes=15,
        min_samples_leaf=100,
        early_stopping=False,
        random_state=0,
    )
    return [trees]


def measure(rows: pd.DataFrame, found: NDArray[np.float64]) -> dict[str, float]:
    """Return how far from the truth the rows were foretold, in minutes."""
    return {
        "mean_absolute_error": float(mean_absolute_error(rows[LABEL], found)),
        "root_mean_squared_error": float(root_mean_squared_error(rows[LABEL], found)),
    }


def answer(found: np.float64) -> dict[str, Any]:
    """Return what the service says about one row."""
    return {"prediction": float(found)}
