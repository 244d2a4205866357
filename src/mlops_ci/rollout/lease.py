"""Who steers a canary right now: a file that the controller touches, and whose age tells that it is gone."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mlops_ci.errors import ProgramFailed
from mlops_ci.process import Detached, alive, identity

EXPIRES_AFTER = 15.0  # seconds without a renewal


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease on one model in one environment, on this machine."""

    path: Path

    def take(self) -> None:
        """Say that this process steers."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(identity(os.getpid()).to_json()))

    def renew(self) -> None:
        """Say that this process still steers.

        Raises:
            ProgramFailed: the lease was taken away: the supervisor ends, or has ended, the canary.
        """
        holder = self._holder()
        if holder is None or holder.pid != os.getpid():
            raise ProgramFailed("The lease ran out, so the supervisor has ended this canary. Run it again.")
        os.utime(self.path)

    def release(self) -> None:
        """Say that nobody steers any more; another's lease stays."""
        holder = self._holder()
        if holder is None or holder.pid == os.getpid():
            self.path.unlink(missing_ok=True)

    def held(self) -> bool:
        """Say whether somebody should be steering: the lease was taken and not released."""
        return self.path.exists()

    def lost(self, now: float) -> bool:
        """Say whether its holder is dead, or has not renewed it for too long.

        Args:
            now: seconds since the epoch, by the clock that also stamps files.
        """
        holder = self._holder()
        if holder is None:
            return self.held()
        try:
            return now - self.path.stat().st_mtime > EXPIRES_AFTER or not alive(holder)
        except FileNotFoundError:
            return False

    def _holder(self) -> Detached | None:
        """Return who took the lease; None when nobody did, or the file does not say."""
        try:
            raw = json.loads(self.path.read_text())
            holder = Detached(int(raw["pid"]), float(raw["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return holder if holder.pid > 0 else None


@dataclass(frozen=True, slots=True)
class Guard:
    """Holds the lease while the `with` block lasts, with a supervisor standing by."""

    lease: Lease
    start: Callable[[], None]  # starts the supervisor

    def __enter__(self) -> Self:
        self.lease.take()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.lease.release()

    def renew(self) -> None:
        """Say that the holder is well."""
        self.lease.renew()
