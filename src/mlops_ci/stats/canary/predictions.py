"""Evidence that the challenger predicts something else than the champion, beyond what a new model may.

Predictions are counted by bins. A new model should predict differently, so the null is that each bin's share is
within a factor of the champion's. For each bin the alternative is what the ticks before showed, shrunk towards the
champion; its likelihood is compared with that of the nearest pair of shares within the null (Turner & Grünwald 2022,
"Exact anytime-valid confidence intervals for contingency tables and beyond": for a convex null that ratio is an
e-variable, and predictable alternatives keep the product one).
"""

import numpy as np

from mlops_ci.stats.canary.paths import Floats, RunningSum, log_mixture

WITHIN = 1.25  # a bin's share may be this many times the champion's, or one part in as many
_SHRINKAGE = 200.0  # predictions' worth of trust in the champion's shares
_LEAST = 1e-9


class PredictionEvidence:
    """Evidence of a shift of predictions: e-values averaged over bins, as logarithms."""

    def __init__(self, bins: int, releases: int = 1, within: float = WITHIN) -> None:
        """Begin with no evidence for `bins` bins."""
        self._within = within
        self._champion, self._challenger = RunningSum(releases, bins), RunningSum(releases, bins)
        self._logs = RunningSum(releases, bins)

    def observe(self, champion: Floats, challenger: Floats) -> Floats:
        """Return the log-evidence after each tick; counts of predictions are (releases, ticks, bins)."""
        theirs = self._champion.extend(champion) - champion  # before this tick
        mine = self._challenger.extend(challenger) - challenger
        base = (theirs + 0.5) / (theirs.sum(axis=-1, keepdims=True) + 1)
        other = (mine + _SHRINKAGE * base) / (mine.sum(axis=-1, keepdims=True) + _SHRINKAGE)
        base, other = np.clip(base, _LEAST, 1 - _LEAST), np.clip(other, _LEAST, 1 - _LEAST)
        found = _log_ratios(champion, challenger, base, other, self._within)
        return log_mixture(self._logs.extend(found), np.full(champion.shape[-1], 1 / champion.shape[-1]))


def _log_ratios(champion: Floats, challenger: Floats, base: Floats, other: Floats, within: float) -> Floats:
    """Return each bin's log-likelihood ratio of the shares (base, other) to the nearest pair within the null."""
    theirs, mine = champion.sum(axis=-1, keepdims=True), challenger.sum(axis=-1, keepdims=True)
    telling = (theirs > 0) & (mine > 0)
    share = np.where(telling, mine / np.maximum(theirs + mine, 1), 0.5)
    factor = np.where(other > base, within, 1 / within)  # on the side where the alternative lies
    near = _nearest(base, other, factor, share)
    found = champion * np.log(base / near) + (theirs - champion) * np.log((1 - base) / (1 - near))
    found += challenger * np.log(other / (factor * near))
    found += (mine - challenger) * np.log((1 - other) / (1 - factor * near))
    outside = (other > base * within) | (other < base / within)
    return np.where(telling & outside, found, 0.0)


def _nearest(base: Floats, other: Floats, factor: Floats, share: Floats) -> Floats:
    """Return the champion's share of the pair (x, factor·x) that is nearest to (base, other).

    Nearest in relative entropy, weighted by the arms' sizes: a root of factor·x² − b·x + c.
    """
    linear = (1 - share) * (1 + factor * base) + share * (factor + other)
    constant = (1 - share) * base + share * other
    root: Floats = np.sqrt(np.maximum(linear**2 - 4 * factor * constant, 0.0))
    near: Floats = np.minimum(2 * constant / (linear + root), (1 - _LEAST) / np.maximum(factor, 1.0))
    return near
