"""Who steers a canary right now: a file that the controller touches, and whose age tells that it is gone."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from mlops_ci.errors import MlopsCiError, ProgramFailed
from mlops_ci.ports import Clock
from mlops_ci.process import Detached, alive, identity
from mlops_ci.release.leases import RemoteLease

EXPIRES_AFTER = 15.0  # seconds without a renewal
_LOCK_TRIES = 5  # one a second


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease on one model in one environment, on this machine.

    The file's time of modification is the clock's monotonic time of the last renewal: it needs no room on a full
    disk, and a machine's clock that is set anew ends no canary. In one that was promised or handed over it is when
    that ends.
    """

    path: Path
    clock: Clock

    def take(self) -> None:
        """Say that this process steers."""
        self._write(identity(os.getpid()).to_json(), self.clock.monotonic())

    def promise(self, seconds: float) -> None:
        """Say that nobody steers now, and that somebody will within that time."""
        self._write({"promised": seconds}, self.clock.monotonic() + seconds)

    def hand_over(self, seconds: float) -> None:
        """Say that nothing runs here any more, and that another machine will go on within that time."""
        self._write({"handed": seconds}, self.clock.monotonic() + seconds)

    def renew(self) -> None:
        """Say that this process still steers.

        Raises:
            ProgramFailed: the lease was taken away: the supervisor ends, or has ended, the canary.
        """
        holder = self._holder()
        if holder is None or holder.pid != os.getpid():
            raise ProgramFailed("The lease ran out, so the supervisor has ended this canary. Run it again.")
        self._stamp(self.path, self.clock.monotonic())

    def release(self) -> None:
        """Say that nobody steers any more; another's lease stays."""
        holder = self._holder()
        if holder is None or holder.pid == os.getpid():
            self.path.unlink(missing_ok=True)

    def held(self) -> bool:
        """Say whether somebody should be steering: the lease was taken, and neither released nor handed over."""
        return self.path.exists() and self.handed() is None

    def promised(self) -> bool:
        """Say whether nobody steers for the moment, as was announced."""
        return self.left() is not None

    def left(self) -> float | None:
        """Return the seconds in which somebody will steer again, as was promised; None when nothing was."""
        return self._seconds_of("promised")

    def handed(self) -> float | None:
        """Return the seconds in which another machine will go on; None when the canary was not handed over."""
        return self._seconds_of("handed")

    def steered(self) -> bool:
        """Say whether another process steers now, and lives."""
        holder = self._holder()
        return holder is not None and holder.pid != os.getpid() and not self.lost()

    def lost(self) -> bool:
        """Say whether its holder is dead or has not renewed it for too long, or a promise was not kept."""
        try:
            stamp, now = self.path.stat().st_mtime, self.clock.monotonic()
        except FileNotFoundError:
            return False
        promise, holder = self._content().get("promised"), self._holder()
        if promise is not None:
            return not now <= stamp <= now + promise
        if holder is None:
            return self.held()
        return not now - EXPIRES_AFTER <= stamp <= now + 1 or not alive(holder)

    @contextmanager
    def watched(self) -> Iterator[bool]:
        """Be the one who watches this lease, after whoever did; False when that one does not make room."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # on a full disk the one before stays
            self._watched.write_text(str(os.getpid()))
        with self._watched.open("a") as lock:
            yield any(self._locked(lock) for _ in range(_LOCK_TRIES))

    def succeeded(self) -> bool:
        """Say whether a newer one, of a later command with its own work tree and credentials, waits to watch it."""
        with suppress(OSError):
            return self._watched.read_text() not in {"", str(os.getpid())}
        return False

    @property
    def _watched(self) -> Path:
        """Return the file that whoever watches has locked; it names the newest who wants to."""
        return self.path.with_suffix(".watched")

    def _locked(self, lock: IO[str]) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.clock.sleep(1.0)  # its holder may be about to go, with the canary before
            return False
        return True

    def _write(self, content: dict[str, float], stamp: float) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(content))
        self._stamp(partial, stamp)
        partial.replace(self.path)

    @staticmethod
    def _stamp(path: Path, seconds: float) -> None:
        os.utime(path, (seconds, seconds))

    def _content(self) -> dict[str, float]:
        try:
            raw = json.loads(self.path.read_text())
            return {str(name): float(value) for name, value in raw.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _seconds_of(self, word: str) -> float | None:
        with suppress(FileNotFoundError):
            if word in self._content():
                return max(self.path.stat().st_mtime - self.clock.monotonic(), 0.0)
        return None

    def _holder(self) -> Detached | None:
        """Return who took the lease; None when nobody did, or the file does not say."""
        raw = self._content()
        if not raw.get("pid", 0.0) > 0 or "started" not in raw:
            return None
        return Detached(int(raw["pid"]), raw["started"])


@dataclass(frozen=True, slots=True)
class Renewing:
    """A clock for whoever waits while it holds the lease: sleeping renews it."""

    clock: Clock
    guard: "Guard"

    def now(self) -> float:
        """Return seconds since the epoch."""
        return self.clock.now()

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start."""
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for that many seconds."""
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 0:
            self.guard.renew()
            self.clock.sleep(min(left, 1.0))


@dataclass(slots=True)
class Guard:
    """Holds the lease while the `with` block lasts, with a supervisor standing by."""

    lease: Lease
    start: Callable[[], None]  # starts the supervisor
    origin: RemoteLease | None = None  # the same lease, for other machines
    promise: float | None = None  # seconds for which the canary is left to itself when the block ends

    def __enter__(self) -> Self:
        self.promise = None
        self.lease.take()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.promise is None:
            self.lease.release()
            return
        self.lease.promise(self.promise)
        with suppress(MlopsCiError):  # the supervisor says it again, where its credentials outlive this process
            if self.origin:
                self.origin.leave(self.lease.clock.now(), self.promise)

    def steered(self, now: float) -> str | None:
        """Return who steers this canary now, beside this process, as the end of a sentence; None when nobody does."""
        if self.lease.steered():
            return "by another process here"
        if self.lease.held():
            return None  # here, by one that is gone or has left it
        said = self.origin.said() if self.origin else None
        return "on another machine" if said and said.holds(now) and not said.anywhere else None

    def renew(self) -> None:
        """Say that the holder is well."""
        self.lease.renew()
