"""A plane stays in its part, so what validates a model never trained it."""

import pandas as pd

from own.data import PARTS, chosen, held_out, part

TABLE = pd.DataFrame({"id": [f"N{number}" for number in range(100)]})


def test_every_part_has_planes_and_some_parts_train() -> None:
    assert set(part(TABLE)) == set(range(PARTS))
    rows = chosen(TABLE, [0, 1, 2])
    assert set(part(rows)) == {0, 1, 2}
    assert set(part(rows[held_out(rows)])) == {2}
