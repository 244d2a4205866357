"""Where evidence is so thin that an interval misses more often than it says; the limits were found by simulation."""

from scipy import special

LEAST_RANKED = 100  # rows of the smaller class for an area under a curve, or another metric of a ranking
LEAST_OF_CLASS = 10  # rows of the smaller class for a metric of counts
LEAST_DIFFERING = 6  # rows that the two models answer differently: with 4 a model worse by the margin passed in 6.2 %
LEAST_CLUSTERS = 40


def expected_at_most(seen: int) -> float:
    """Return how many are expected at most, at 95 %, where so many were seen. Source: Garwood (1936), Biometrika 28."""
    return float(special.pdtri(seen, 0.05))


def doubt(
    *,
    ranked_class: int | None = None,
    smaller_class: int | None = None,
    differing: int | None = None,
    clusters: int | None = None,
) -> str:
    """Return why an interval cannot be relied on; empty when it can.

    Args:
        ranked_class: rows of the smaller class, for a metric of a ranking (ROC AUC, average precision, KS).
        smaller_class: rows of the smaller class, for a metric of a table of counts.
        differing: rows that the two models answer differently, for a metric of a table of counts.
        clusters: how many there are, where rows form clusters.
    """
    limits = (
        (clusters, LEAST_CLUSTERS, "there are {found} clusters, fewer than {least}"),
        (ranked_class, LEAST_RANKED, "the smaller class has {found} rows, fewer than {least}"),
        (smaller_class, LEAST_OF_CLASS, "the smaller class has {found} rows, fewer than {least}"),
        (differing, LEAST_DIFFERING, "{found} rows are answered differently, fewer than {least}"),
    )
    for found, least, sentence in limits:
        if found is not None and found < least:
            return sentence.format(found=found, least=least)
    return ""
