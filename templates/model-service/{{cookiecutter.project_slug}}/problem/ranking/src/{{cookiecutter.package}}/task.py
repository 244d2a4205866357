"""What is foretold, by which learners, how good that is, and how an answer reads."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import ndcg_score
from sklearn.preprocessing import StandardScaler

LABEL = "lateness"
QUERY = "board"  # whose rows are ranked together
LEARNERS = ("linear", "boosting")
METHOD = "predict"  # of a pipeline: a score; only its order within a board has a meaning
SHAPE = (-1,)  # of what that returns
PLACES = 10  # of a board that somebody looks at

WATCHED = "score"  # of an answer: how it is spread is a metric of the service
METRIC = "prediction_score"
LIMITS = [tenth / 10 for tenth in range(1, 16)]


def learner(model: str) -> list[Any]:
    """Return the untrained steps from numbers to a score."""
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
    """Return how well the first places of each board were chosen, on average over boards."""
    ranked = rows.assign(score=found).sort_values("score", ascending=False, kind="stable")
    boards = [board for _, board in ranked.groupby(QUERY) if len(board) >= PLACES]
    if not boards:
        message = f"No board has {PLACES} rows, so nothing can be measured."
        raise ValueError(message)
    gains = [ndcg_score([board[LABEL]], [board["score"]], k=PLACES) for board in boards]
    return {
        f"precision_at_{PLACES}": float(np.mean([precision(board) for board in boards])),
        f"ndcg_at_{PLACES}": float(np.mean(gains)),
    }


def precision(ranked: pd.DataFrame) -> float:
    """Return the share of rows that belong on top in the first places of one board."""
    return float((ranked[LABEL].head(PLACES) > 0).mean())


def answer(found: np.float64) -> dict[str, Any]:
    """Return what the service says about one row."""
    return {"score": float(found)}
