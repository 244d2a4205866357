import numpy as np
import pytest

from mlops_ci.stats import cells
from mlops_ci.stats.cells import occupied

OURS, THEIRS = np.array([2, 0, 2, 1, 2]), np.array([1, 0, 1, 1, 0])


@pytest.mark.parametrize("dense", [2**22, 0])
def test_pairs_are_counted(monkeypatch: pytest.MonkeyPatch, dense: int) -> None:
    monkeypatch.setattr(cells, "_DENSE", dense)
    found = occupied(OURS, THEIRS, 3)
    assert list(zip(found.challenger, found.champion, found.counts, strict=True)) == [
        (0, 0, 1),
        (1, 1, 1),
        (2, 0, 1),
        (2, 1, 2),
    ]


def test_exchanged_pairs_stand_as_if_they_had_been_counted_so() -> None:
    swapped, counted = occupied(OURS, THEIRS, 3).swapped(), occupied(THEIRS, OURS, 3)
    for one in ("challenger", "champion", "counts"):
        assert getattr(swapped, one).tolist() == getattr(counted, one).tolist()


def test_one_model_alone_is_counted_by_its_own_cells() -> None:
    found = occupied(OURS, None, 4)
    assert found.challenger.tolist() == [0, 1, 2]
    assert found.counts.tolist() == [1, 1, 3]
