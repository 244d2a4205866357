"""What is foretold, by which learners, how good that is, and how an answer reads."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.preprocessing import StandardScaler

LABEL = "arrival"
CLASSES = ["early", "late", "on_time", "very_late"]  # in the order of a pipeline's columns
LEARNERS = ("logistic", "boosting")
METHOD = "predict_proba"  # of a pipeline: the probability of each class
SHAPE = (-1, len(CLASSES))  # of what that returns

WATCHED = "score_very_late"  # of an answer: how it is spread is a metric of the service
METRIC = "prediction_score"
LIMITS = [tenth / 10 for tenth in range(1, 11)]


def learner(model: str) -> list[Any]:
    """Return the untrained steps from numbers to probabilities."""
    if model == "logistic":
        return [SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1000)]
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
    named = np.array(CLASSES)[found.argmax(axis=1)]
    return {
        "log_loss": float(log_loss(rows[LABEL], found, labels=CLASSES)),
        "accuracy": float(accuracy_score(rows[LABEL], named)),
    }


def answer(found: NDArray[np.float64]) -> dict[str, Any]:
    """Return what the service says about one row."""
    scores = {f"score_{name}": float(score) for name, score in zip(CLASSES, found, strict=True)}
    return {"prediction": CLASSES[int(found.argmax())], **scores}
