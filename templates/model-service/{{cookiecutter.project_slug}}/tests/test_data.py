"""A model is judged on later rows than it has learned from."""

import pandas as pd
import pytest

from {{cookiecutter.package}}.data import chosen, held_out

TABLE = pd.DataFrame({"month": [1, 1, 2, 3, 3]})


def test_the_chosen_months_train() -> None:
    assert chosen(TABLE, [3, 1])["month"].tolist() == [1, 1, 3, 3]


def test_the_last_month_is_held_out() -> None:
    assert held_out(TABLE).tolist() == [False, False, False, True, True]


def test_one_month_is_too_little() -> None:
    with pytest.raises(ValueError, match="two months or more"):
        held_out(TABLE.head(2))
