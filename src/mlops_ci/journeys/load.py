"""Steady HTTP load: rows of real data, sent at a fixed rate whatever the service makes of them."""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, Self

from mlops_ci.errors import ProgramFailed
from mlops_ci.net import Client

_GOOD, _REFUSED = range(200, 300), range(400, 500)


class Load:
    """Requests to one URL while the `with` block lasts; `answers` counts them by status, 0 for none.

    They are counted from the first good answer on: a service that is about to start has no users yet. `refused` counts
    what a service that has started said before that was wrong with the requests.
    """

    def __init__(self, url: str, rows: Sequence[Mapping[str, Any]], *, rate: float, threads: int = 8) -> None:
        """Send `rate` requests a second, each with the next of `rows`."""
        self.answers: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self._url = url
        self._rows = rows
        self._pause = threads / rate
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(range(number, len(rows), threads),), daemon=True)
            for number in range(threads)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def by_status(self) -> dict[str, int]:
        """Return the answers by status; `no answer` should never stand here."""
        counted = self.answers or self.refused
        return {str(status) if status else "no answer": count for status, count in sorted(counted.items())}

    def describe(self) -> str:
        """Return the answers in words."""
        told = ", ".join(f"{count:,} × {status}" for status, count in self.by_status().items())
        return f"Users got {told or 'no answer yet'}."

    def _send(self, mine: range) -> None:
        client, due = Client(timeout=30.0, connections=1), time.monotonic()
        for number in count():
            due += self._pause
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            status = 0
            with suppress(ProgramFailed):
                status = client.post_json(self._url, self._rows[mine[number % len(mine)]]).status
            if self.answers or status in _GOOD:
                self.answers[status] += 1
            elif status in _REFUSED:
                self.refused[status] += 1
