"""A model is judged on later hours than it has learned from."""

import pandas as pd

from own.data import chosen, held_out

TABLE = pd.DataFrame({"day": [1, 10, 20, 100]})


def test_the_first_days_train_and_the_last_of_them_validate() -> None:
    rows = chosen(TABLE, 20)
    assert rows["day"].tolist() == [1, 10, 20]
    assert held_out(rows).tolist() == [False, False, True]
