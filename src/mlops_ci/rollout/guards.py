"""Hard guards: a challenger that crashes, says that it is not ready, or gives no answer at all needs no statistics."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from mlops_ci.traffic.engine import Counts

LEAST_PATIENCE = 1.2  # seconds without any answer; the next look at the counters must still come within two
_TIMES = 2.0  # as long as the champion's slowest answers take
_SLOWEST = 0.999  # the part of the champion's answers that are not slower
_LEAST_WAITING = 3  # requests that wait for an answer all that time
_UNREADY_LOOKS = 3  # in a row


@dataclass(slots=True)
class NoAnswer:
    """Sees when the challenger has answered nothing for longer than the champion ever takes.

    Requests that both versions leave without an answer are no guard's matter: nothing would be won by going back.
    A champion that owes nobody an answer is not such a one: all users may be waiting for the challenger.
    """

    patience: float  # seconds
    _past: deque[tuple[float, Counts, Counts]] = field(default_factory=deque)

    def look(self, at: float, champion: Counts, challenger: Counts) -> bool:
        """Take both versions' counters at a time in seconds, and say whether the challenger gives no answer at all."""
        if self._past and challenger.requests < self._past[-1][2].requests:
            self._past.clear()  # the counters have begun anew
        self._past.append((at, champion, challenger))
        while len(self._past) > 1 and self._past[1][0] <= at - self.patience:
            self._past.popleft()
        began, their_first, my_first = self._past[0]
        if at - began < self.patience or challenger.requests > my_first.requests:
            return False
        waiting = my_first.started - challenger.requests
        answers = champion.requests - their_first.requests >= _LEAST_WAITING
        return waiting >= _LEAST_WAITING and (answers or champion.started == champion.requests)


def patience(champion: Counts, bounds: Sequence[float]) -> float:
    """Return how many seconds without an answer are too many, by the champion's answers so far.

    Args:
        champion: its counts; `latency` by bucket.
        bounds: upper bounds of the buckets but the last, in ms.
    """
    answered, so_far = sum(champion.latency), 0
    for bound, more in zip(bounds, champion.latency, strict=False):
        so_far += more
        if so_far >= _SLOWEST * answered:
            return max(LEAST_PATIENCE, _TIMES * bound / 1000)
    return max(LEAST_PATIENCE, _TIMES * bounds[-1] / 1000)


@dataclass(slots=True)
class Unready:
    """Sees when a version says several times in a row that it is not ready; no word is no such word."""

    _times: int = 0

    def look(self, *, ready: bool | None) -> bool:
        """Take an answer of its health check, None when there was none in time; say whether it is not ready."""
        self._times = self._times + 1 if ready is False else 0
        return self._times >= _UNREADY_LOOKS
