"""An answer is a score; what is measured is the order that the scores make within a board."""

import numpy as np
import pandas as pd
import pytest

from {{cookiecutter.package}}.task import LABEL, PLACES, QUERY, answer, measure


@pytest.fixture
def boards() -> pd.DataFrame:
    """Return two boards of 20 rows, of which five belong on top."""
    return pd.DataFrame({QUERY: ["a"] * 20 + ["b"] * 20, LABEL: ([2] * 2 + [1] * 3 + [0] * 15) * 2})


def test_an_answer_is_a_score() -> None:
    assert answer(np.float64(0.25)) == {"score": 0.25}


def test_the_best_order_finds_all_that_belongs_on_top(boards: pd.DataFrame) -> None:
    best = measure(boards, boards[LABEL].to_numpy(dtype=float))
    assert best == {"precision_at_10": 5 / PLACES, "ndcg_at_10": pytest.approx(1.0)}


def test_the_worst_order_finds_nothing(boards: pd.DataFrame) -> None:
    assert measure(boards, -boards[LABEL].to_numpy(dtype=float))["precision_at_10"] == 0


def test_one_board_does_not_hide_another(boards: pd.DataFrame) -> None:
    scores = np.where(boards[QUERY] == "a", 100.0, 0.0) + boards[LABEL]
    assert measure(boards, scores)["precision_at_10"] == 5 / PLACES


def test_boards_that_are_all_short_cannot_be_measured(boards: pd.DataFrame) -> None:
    short = boards.head(PLACES - 1)
    with pytest.raises(ValueError, match="No board has"):
        measure(short, np.zeros(len(short)))
