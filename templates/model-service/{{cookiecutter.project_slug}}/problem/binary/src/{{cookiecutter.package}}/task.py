"""What is foretold, by which learners, how good that is, and how an answer reads."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.preprocessing import StandardScaler

LABEL = "delayed"
LEARNERS = ("logistic", "boosting")
METHOD = "predict_proba"  # of a pipeline: the probabilities that it is on time, and late
SHAPE = (-1, 2)  # of what that returns
THRESHOLD = 0.5

WATCHED = "score"  # of an answer: how it is spread is a metric of the service
METRIC = "prediction_score"
LIMITS = [tenth / 10 for tenth in range(1, 11)]


def learner(model: str) -> list[Any]:
    """Return the untrained steps from numbers to a probability."""
    if model == "logistic":
        return [SimpleImputer(), StandardScaler(), LogisticRegression()]
    # Few and small: every tree costs time in every request.
    trees = HistGradientBoostingClassifier(
        max_iter=40,
        learning_rate=0.15,
        max_leaf_nodes=15,
        min_samples_leaf=100,
        early_stopping=False,
        random_state=0,
    )
    return [trees]


def measure(rows: pd.DataFrame, found: NDArray[np.float64]) -> dict[str, float]:
    """Return how well the rows were foretold."""
    return {
        "roc_auc": float(roc_auc_score(rows[LABEL], found[:, 1])),
        "log_loss": float(log_loss(rows[LABEL], found[:, 1])),
    }


def answer(found: NDArray[np.float64]) -> dict[str, Any]:
    """Return what the service says about one row."""
    score = float(found[1])
    return {"score": score, "prediction": int(score >= THRESHOLD)}
