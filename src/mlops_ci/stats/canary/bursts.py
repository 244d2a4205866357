"""How large bursts of bad events are: events with one cause are no independent witnesses.

A burst is many bad events with one cause: retries, one noisy pod. Each arm's counts then vary in time more than a
Poisson law allows, by a factor that is the bursts' size (Fisher's index of dispersion). Evidence counts that many
events as one (quasi-likelihood: Wedderburn 1974; McCullagh & Nelder 1989, section 9.2). Long bursts are looked for in
the champion only: a challenger that begins to fail must not pass for one. An incident that hits both arms is none.
"""

import numpy as np

from mlops_ci.stats.canary.paths import Flags, Floats, RunningSum
from mlops_ci.stats.canary.ratio import Events

_GRAIN = 5.0  # seconds over which counts are compared: many comparisons, for bursts shorter than that …
_BLOCK = 30.0  # … and few, for longer ones
_STANDARD_ERRORS = 4.0
_LEAST_EVENTS = 5
_SHARED = (4.0, 0.25, 4.0)  # expected events of the challenger from which on sharing shows, and how many it has then


class Periods:
    """Sums over periods of time, handed out when each is over."""

    def __init__(self, length: float, releases: int, width: int) -> None:
        """Begin with an open period of `length` seconds and `width` sums for each release."""
        self._length = length
        self._sums = RunningSum(releases, width)
        self._begins = np.ones((releases, 1), dtype=bool)

    def extend(self, at: Floats, following: Floats, values: Floats) -> Floats:
        """Return the sums of each period that ends with a tick, zeros elsewhere, (releases, ticks, width).

        Args:
            at: the ticks' times in seconds, (releases, ticks).
            following: the times of the ticks after them.
            values: what is summed, (releases, ticks, width).
        """
        last: Flags = np.floor(following / self._length) != np.floor(at / self._length)
        restart = np.concatenate([self._begins, last[:, :-1]], axis=1)
        self._begins = last[:, -1:]
        ended: Floats = self._sums.extend(values, restart) * last[..., None]
        return ended


class Bursts:
    """Follows the size of the champion's bursts of bad events: 1 when there are none."""

    def __init__(self, known: Floats) -> None:
        """Begin with the sizes known before the release, (releases,); they are the least from then on."""
        releases = len(known)
        self._known = known[:, None]
        self._before = np.zeros((releases, 5))  # the last tick: time, and counts
        self._grain, self._block = Periods(_GRAIN, releases, 4), Periods(_BLOCK, releases, 12)
        self._sums = RunningSum(releases, 3, 4)

    def observe(self, at: Floats, events: Events) -> Floats:
        """Return the size of bursts as the periods that ended before each tick show it, (releases, ticks)."""
        columns = [at, events.champion, events.champion_bad, events.challenger, events.challenger_bad]
        now = np.stack(columns, axis=-1)
        known = np.concatenate([self._before[:, None], now[:, :-1]], axis=1)
        self._before = now[:, -1]
        time, counts = known[..., 0], known[..., 1:]
        grains = self._grain.extend(time, at, counts)
        champion, challenger = _terms(grains[..., :2]), _terms(grains[..., 2:])
        blocks = self._block.extend(time, at, np.concatenate([counts, champion, challenger], axis=-1))
        shared = _shared(*np.moveaxis(blocks[..., :4], -1, 0))[..., None]
        terms = [blocks[..., 4:8] * ~shared, _terms(blocks[..., :2] * ~shared), challenger - blocks[..., 8:] * shared]
        sizes = _size(self._sums.extend(np.stack(terms, axis=-2)))
        largest: Floats = np.max(sizes, axis=-1)
        return np.maximum(largest, self._known)


def _terms(sums: Floats) -> Floats:
    """Return (1, n, x, x²/n) for a period with n requests and x bad ones; zeros without requests."""
    n, x = sums[..., 0], sums[..., 1]
    return np.stack([(n > 0) * 1.0, n, x, x**2 / np.maximum(n, 1)], axis=-1)


def _size(sums: Floats) -> Floats:
    """Return the index of dispersion from summed terms; 1 where it is not shown to be larger.

    The sum over periods of (x − p·n)² / (p·n) is about the number of periods less one when counts are Poisson; its
    variance takes small counts into account.
    """
    periods, n, x, squares = np.moveaxis(sums, -1, 0)
    free = np.maximum(periods - 1, 1)
    excess = n / np.maximum(x, 1) * squares - x - (periods - 1)
    allowed = _STANDARD_ERRORS * np.sqrt(free * (2 + periods / np.maximum(x, 1)))
    shown = (periods > 1) & (x >= _LEAST_EVENTS) & (excess > allowed)
    return 1 + np.where(shown, excess / free, 0.0)


def _shared(champion: Floats, champion_bad: Floats, challenger: Floats, challenger_bad: Floats) -> Flags:
    """Say in which periods the challenger had so many bad events that the champion's have a cause outside of it."""
    expected = challenger / np.maximum(champion, 1) * champion_bad
    least, low, high = _SHARED
    shared: Flags = (expected >= least) & (challenger_bad >= low * expected) & (challenger_bad <= high * expected)
    return shared
