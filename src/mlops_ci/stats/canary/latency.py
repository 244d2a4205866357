"""Evidence that the challenger answers more slowly than the champion times a margin, from histograms.

Both arms' buckets are compared, tick by tick, as two samples of one distribution: for densities p (null) and q
(alternative) and the mixture m of both by the arms' sizes, the product of q/m over the challenger's answers and of
p/m over the champion's is an e-variable, whatever the common distribution is and however it changes in time (Turner,
Ly & Grünwald 2021, "Generic E-variables for exact sequential k-sample tests"). With a margin, the champion's answers
are counted as if they had taken that many times as long: the part of each bucket that crosses its bound is read off
what was seen before. Alternatives are slower by a factor, or have more answers above one bound.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from mlops_ci.stats.canary.paths import Flags, Floats, RunningSum, log_mixture

FACTORS = np.array([1.08, 1.15, 1.3, 1.6, 2.2, 4.0])  # times the margin
_FACTOR_PRIOR = np.array([0.15, 0.25, 0.25, 0.15, 0.1, 0.1])
TAILS = (0.5, 0.1, 0.01)  # of the champion's answers, above the bounds nearest to these quantiles
_ODDS = (1.5, 2.5, 6.0)
_BY_FACTOR = 0.68  # part of the prior; the rest is on single bounds
PRIOR = np.concatenate([_BY_FACTOR * _FACTOR_PRIOR, np.full(len(TAILS) * len(_ODDS), (1 - _BY_FACTOR) / 9)])

_FIRST_REFERENCE = 200  # champion's answers before anything is compared
_LAST_EPOCH = 12  # from 200 · 2^11 answers on the reference stays
_MOST = (1.0, 0.3)  # log-evidence of one tick: at most so much, and so much for each second it lasts
_LEAST_SHARE = 1e-5  # of a bucket under null and alternative, so that no single answer decides


class LatencyEvidence:
    """Evidence that the challenger is more than `margin` times as slow: e-values, as logarithms."""

    def __init__(self, bounds: Floats, champion: Floats, margin: float = 1.1, floor: float = 0.0) -> None:
        """Begin with no evidence.

        Args:
            bounds: upper bounds of all buckets but the last, rising, at least two, in any unit of time.
            champion: its answers by bucket before the release, (releases, buckets).
            margin: how many times as slow is still no harm.
            floor: answers up to here are all equally fast, in the bounds' unit.
        """
        releases = len(champion)
        self._bounds = bounds
        self._margin = margin
        self._seen = champion.astype(np.float64)
        self._epoch = np.zeros(releases, dtype=np.intp)
        self._alike = max(int(np.searchsorted(bounds, floor, side="right")), 1)  # buckets below the floor
        width = len(bounds) + 2 - self._alike
        self._logs = np.zeros((releases, len(PRIOR), width))  # log q/p by alternative and bucket
        self._parts = np.zeros((releases, len(bounds)))
        self._below = np.searchsorted(bounds, bounds / margin * (1 + 1e-12)) - 1  # the bound below each shifted one
        self._sums = RunningSum(releases, len(PRIOR))

    def observe(self, champion: Floats, challenger: Floats, seconds: Floats) -> Floats:
        """Return the log-evidence after each tick, (releases, ticks).

        One stall makes many answers slow at once, so a tick's evidence is cut off above: what is cut from an e-variable
        leaves one.

        Args:
            champion: its answers by bucket, (releases, ticks, buckets).
            challenger: the same.
            seconds: how long each tick lasted, (releases, ticks).
        """
        logs, parts = self._references(champion)
        shifted, challenger = self._pooled(self._shift(champion, parts)), self._pooled(challenger)
        size = challenger.sum(axis=-1)
        both = size + champion.sum(axis=-1)
        share = np.where((size > 0) & (size < both), size / np.maximum(both, 1), 0.0)[..., None, None]
        pooled = np.log1p(share * np.expm1(logs))
        found = np.einsum("rtb,rtab->rta", challenger, logs) - np.einsum("rtb,rtab->rta", challenger + shifted, pooled)
        most = _MOST[0] + _MOST[1] * seconds[..., None]
        return log_mixture(self._sums.extend(np.minimum(found, most)), PRIOR)

    def _references(self, champion: Floats) -> tuple[Floats, Floats]:
        """Return what each tick is compared by; a reference is renewed when the champion's answers have doubled."""
        releases = len(champion)
        before = self._seen[:, None] + np.cumsum(champion, axis=1) - champion
        answers = before.sum(axis=-1)
        epoch = np.floor(np.log2(np.maximum(answers, 1) / _FIRST_REFERENCE)).astype(np.intp) + 1
        epoch = np.clip(epoch, 0, _LAST_EPOCH)
        renewed: Flags = np.diff(epoch, axis=1, prepend=self._epoch[:, None]) > 0
        logs, parts = self._compared_by(before[renewed])
        logs, parts = np.concatenate([self._logs, logs]), np.concatenate([self._parts, parts])
        place = np.where(
            renewed, releases - 1 + np.cumsum(renewed).reshape(renewed.shape), np.arange(releases)[:, None]
        )
        place = np.maximum.accumulate(place, axis=1)
        self._seen += champion.sum(axis=1)
        self._epoch, self._logs, self._parts = epoch[:, -1], logs[place[:, -1]], parts[place[:, -1]]
        return logs[place], parts[place]

    def _compared_by(self, histograms: Floats) -> tuple[Floats, Floats]:
        """Return log q/p by alternative and bucket, and how far each shifted bound lies in its bucket."""
        scores = ndtri(_distribution(histograms))
        null = ndtr(self._at(scores, self._margin))
        inside = np.concatenate([np.zeros((len(null), 1)), ndtr(scores)], axis=1)
        low, high = inside[:, self._below + 1], inside[:, np.minimum(self._below + 2, len(self._bounds))]
        parts = np.clip((null - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
        found = [ndtr(self._at(scores, self._margin * factor)) for factor in FACTORS]
        found += [_with_more_above(null, tail, odds) for tail in TAILS for odds in _ODDS]
        shares = self._pooled(np.stack([_shares(one) for one in found], axis=1))
        return np.log(shares / self._pooled(_shares(null))[:, None]), parts

    def _pooled(self, buckets: Floats) -> Floats:
        """Return values by bucket with those below the floor summed, over the last axis."""
        low = buckets[..., : self._alike].sum(axis=-1, keepdims=True)
        return np.concatenate([low, buckets[..., self._alike :]], axis=-1)

    def _at(self, scores: Floats, factor: float) -> Floats:
        """Return the normal scores of the distribution of `factor` times the times, at each bound.

        Between bounds the score is linear in the logarithm of time (exact for log-normal times); outside, the
        nearest two bounds are drawn out.
        """
        known, wanted = np.log(self._bounds), np.log(self._bounds / factor)
        right = np.clip(np.searchsorted(known, wanted), 1, len(known) - 1)
        slope = (scores[:, right] - scores[:, right - 1]) / (known[right] - known[right - 1])
        found: Floats = scores[:, right - 1] + slope * (wanted - known[right - 1])
        return found

    def _shift(self, counts: Floats, parts: Floats) -> Floats:
        """Return the counts by bucket as if each answer had taken `margin` times as long."""
        if self._margin == 1.0:
            return counts
        cumulative = np.concatenate([np.zeros((*counts.shape[:-1], 1)), np.cumsum(counts, axis=-1)], axis=-1)
        low, high = cumulative[..., self._below + 1], cumulative[..., self._below + 2]
        up_to = low + parts * (high - low)
        return np.diff(up_to, prepend=0.0, append=cumulative[..., -1:], axis=-1)


def _distribution(histograms: Floats) -> Floats:
    """Return the share of answers up to each bound, never 0 or 1."""
    answers = histograms.sum(axis=-1, keepdims=True)
    found: Floats = (np.cumsum(histograms, axis=-1)[:, :-1] + 0.5) / (answers + 1)
    return found


def _shares(distribution: Floats) -> Floats:
    """Return each bucket's share, none below the least."""
    shares = np.maximum(np.diff(distribution, prepend=0.0, append=1.0, axis=-1), _LEAST_SHARE)
    found: Floats = shares / shares.sum(axis=-1, keepdims=True)
    return found


def _with_more_above(distribution: Floats, tail: float, odds: float) -> Floats:
    """Return the distribution with the odds of an answer above one bound multiplied: the bound nearest to a tail."""
    nearest: NDArray[np.intp] = np.argmin(np.abs(ndtri(distribution) - ndtri(1 - tail)), axis=1)[:, None]
    above = 1 - np.take_along_axis(distribution, nearest, axis=1)
    more = odds * above / (1 - above + odds * above)
    below = np.arange(distribution.shape[1]) <= nearest
    return np.where(below, distribution * (1 - more) / (1 - above), 1 - (1 - distribution) * more / above)
