"""Many tests at once, with the expected share of false alarms among the alarms kept at its level."""

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the corrected p-values, in the order given: those at most α are the discoveries at rate α.

    When no hypothesis is false, the chance of even one discovery is α, too. Holds for independent tests and for
    those that rise and fall together.

    Args:
        p_values: none of them NaN.

    Source: Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57:289-300.
    """
    count, smallest = len(p_values), 1.0
    corrected = [1.0] * count
    # Step up, from the largest: each is at most what any larger one is.
    for rank, at in reversed(list(enumerate(sorted(range(count), key=p_values.__getitem__), start=1))):
        smallest = min(smallest, p_values[at] * count / rank)
        corrected[at] = smallest
    return tuple(corrected)
