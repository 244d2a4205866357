"""Many tests at once, with the chance of even one false alarm kept at its level."""

import numpy as np
from numpy.typing import NDArray


def holm(p_values: NDArray[np.float64], level: float = 0.05) -> NDArray[np.bool_]:
    """Return which hypotheses are rejected, in the order given.

    The chance of rejecting even one that is true is at most `level`, whatever the tests have to do with each other.

    Args:
        p_values: shape (k,), none of them NaN.
        level: family-wise error rate.

    Source: Holm (1979), Scandinavian Journal of Statistics 6:65-70.
    """
    order = np.argsort(p_values, kind="stable")
    limits = level / (p_values.size - np.arange(p_values.size))
    passed = p_values[order] <= limits
    rejected = np.zeros(p_values.size, dtype=np.bool_)
    # Step down: the first that is not rejected ends it, however small the later ones' limits allow.
    rejected[order] = np.logical_and.accumulate(passed)
    return rejected
