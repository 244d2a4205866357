"""Running sums along ticks, which begin anew where they are told to, and mixtures of evidence."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class RunningSum:
    """Sums of each release's increments, kept from one call to the next."""

    def __init__(self, releases: int, *shape: int) -> None:
        """Begin at zero for `releases` rows of `shape` values each."""
        self.value = np.zeros((releases, *shape))

    def extend(self, increments: Floats, restart: Flags | None = None) -> Floats:
        """Return the sums after each tick.

        Args:
            increments: shape (releases, ticks, …).
            restart: shape (releases, ticks); a tick at which the sum begins anew, with this tick's increment.
        """
        total = np.cumsum(increments, axis=1)
        path = total + self.value[:, None]
        if restart is not None and restart.any():
            last = last_flagged(restart)
            spread = (slice(None), slice(None), *[None] * (increments.ndim - 2))
            base = np.take_along_axis(total - increments, np.maximum(last, 0)[spread], axis=1)
            path = np.where((last >= 0)[spread], total - base, path)
        self.value = path[:, -1].copy()
        return path


class RollingSum:
    """Sums over the last seconds up to each tick."""

    def __init__(self, releases: int, width: int, window: float) -> None:
        """Begin with nothing; `window` is in seconds, and a tick exactly that old does not count any more."""
        self._window = window
        self._at, self._values = np.zeros((releases, 0)), np.zeros((releases, 0, width))

    def extend(self, at: Floats, values: Floats) -> Floats:
        """Return the sums up to each tick, (releases, ticks, width); `at` rises along each release's ticks."""
        known = self._at.shape[1]
        times = np.concatenate([self._at, at], axis=1)
        rows = np.concatenate([self._values, values], axis=1)
        total = np.cumsum(rows, axis=1)
        old = self._how_many_are_old(times, at)
        before = np.take_along_axis(total, np.maximum(old - 1, 0)[..., None], axis=1) * (old > 0)[..., None]
        keep = len(times[0]) - int(old[:, -1].min())
        self._at, self._values = times[:, -keep:], rows[:, -keep:]
        found: Floats = total[:, known:] - before
        return found

    def _how_many_are_old(self, times: Floats, at: Floats) -> NDArray[np.intp]:
        """Return, for each new tick, how many of its release's ticks have left the window."""
        if at.shape[1] == 1:
            gone: NDArray[np.intp] = np.sum(times <= at - self._window, axis=1)[:, None]
            return gone
        releases, ticks = times.shape
        lanes = np.arange(releases)[:, None] * (times.max() - times.min() + 2 * self._window)  # one axis for all
        found = np.searchsorted((times + lanes).ravel(), (at - self._window + lanes).ravel(), side="right")
        old: NDArray[np.intp] = np.maximum(found.reshape(at.shape) - np.arange(releases)[:, None] * ticks, 0)
        return old


def last_flagged(flags: Flags) -> NDArray[np.intp]:
    """Return, for each tick, the place of the last flagged one up to it; -1 where there is none."""
    places = np.where(flags, np.arange(flags.shape[1]), -1)
    found: NDArray[np.intp] = np.maximum.accumulate(places, axis=1)
    return found


def log_mixture(logs: Floats, prior: Floats) -> Floats:
    """Return the logarithm of the average of exp(logs) over the last axis, with weights `prior`."""
    top = logs.max(axis=-1)
    mixed: Floats = top + np.log(np.exp(logs - top[..., None]) @ prior)
    return mixed
