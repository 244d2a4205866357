"""Rows as counts: how often each pair of answers occurs, which is all that many a metric knows of its rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]

_DENSE = 2**22  # pairs of cells up to which each has a counter of its own


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The pairs of cells that occur, all of shape (C,); without a champion its cells are the challenger's."""

    challenger: Codes
    champion: Codes
    counts: NDArray[np.int64]

    def swapped(self) -> "Cells":
        """Return the pairs as they would stand with the roles exchanged."""
        order = np.lexsort((self.challenger, self.champion))
        return Cells(self.champion[order], self.challenger[order], self.counts[order])


def occupied(challenger: Codes, champion: Codes | None, cells: int) -> Cells:
    """Return how often each pair of cells occurs, in the order of their codes.

    Args:
        challenger: the cell of each row, shape (n,), 0 … cells - 1.
        champion: the other model's cell of each row; None for the challenger alone.
        cells: how many cells there are.
    """
    if champion is None:
        counts = np.bincount(challenger, minlength=cells)
        found = np.flatnonzero(counts)
        return Cells(found, found, counts[found])
    joint = challenger * cells + champion
    if cells * cells <= _DENSE:
        counts = np.bincount(joint)
        pairs = np.flatnonzero(counts)
        counts = counts[pairs]
    else:
        pairs, counts = np.unique(joint, return_counts=True)
    return Cells(pairs // cells, pairs % cells, counts)
