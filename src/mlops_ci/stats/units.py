"""What one piece of evidence is: a row, with its weight, or the rows that belong together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What rows weigh, and which of them belong together.

    Args:
        weights: shape (n,), positive and finite; only their ratios matter.
        clusters: shape (n,), codes 0 … G-1, every code present.

    Raises:
        ValueError: a weight is not positive and finite, or a code between 0 and the largest has no row.
    """

    weights: Floats | None = None
    clusters: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        if self.weights is not None and not (np.isfinite(self.weights) & (self.weights > 0)).all():
            raise ValueError("a weight is not a positive number")
        if self.clusters is not None and not np.bincount(self.clusters).all():
            raise ValueError("a cluster has no rows")

    @property
    def plain(self) -> bool:
        """Say whether every row counts the same and stands for itself."""
        return self.weights is None and self.clusters is None

    @property
    def name(self) -> str:
        """Return what a unit is called."""
        return "rows" if self.clusters is None else "clusters"

    def count(self, n: int) -> int:
        """Return how many units n rows are."""
        return n if self.clusters is None else int(self.clusters.max(initial=-1)) + 1

    def codes(self, n: int) -> NDArray[np.intp]:
        """Return the unit of each of n rows."""
        return np.arange(n, dtype=np.intp) if self.clusters is None else self.clusters

    def relative(self, n: int) -> Floats:
        """Return the weights of n rows, 1 on average."""
        return np.ones(n) if self.weights is None else self.weights / self.weights.mean()

    def totals(self, values: Floats) -> Floats:
        """Return the weighted sum of each unit's rows: from shape (n, m) to (units, m)."""
        weighted = values if self.weights is None else values * self.relative(values.shape[0])[:, None]
        if self.clusters is None:
            return weighted
        return np.column_stack([np.bincount(self.clusters, column) for column in weighted.T])

    def take(self, rows: NDArray[np.bool_]) -> "Units":
        """Return the units of some rows, a mask of shape (n,); clusters without any of them are gone."""
        clusters = None if self.clusters is None else np.unique(self.clusters[rows], return_inverse=True)[1]
        return Units(None if self.weights is None else self.weights[rows], clusters)


ROWS = Units()
