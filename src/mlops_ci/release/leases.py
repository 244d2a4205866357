"""The lease on origin: a ref that whoever steers renews, so that another machine can tell whether anybody does."""

import json
from dataclasses import dataclass
from urllib.parse import quote

from mlops_ci.tools.git import Git

RENEW_EVERY = 30.0  # seconds
EXPIRES_AFTER = 180.0  # seconds without a renewal; clocks of two machines may differ by some
SCHEMA = "mlops-ci.lease/v1"


@dataclass(frozen=True, slots=True)
class Said:
    """What the lease on origin says; times in seconds since the epoch."""

    renewed: float
    until: float | None = None  # nobody steers for the moment; somebody will, before then
    anywhere: bool = False  # nothing of the canary runs any more, so another machine may go on with it

    def holds(self, now: float) -> bool:
        """Say whether the canary is somebody's at this time."""
        return now <= max(self.renewed + EXPIRES_AFTER, self.until or 0.0)


@dataclass(frozen=True, slots=True)
class RemoteLease:
    """The lease on one model in one environment; each renewal replaces the one before, and no branch grows.

    Raises:
        ProgramFailed: origin cannot be read, or does not take a push (any method).
    """

    git: Git
    environment: str
    model: str

    @property
    def ref(self) -> str:
        """Return its name on origin; a model's name may hold what no ref may."""
        name = quote(self.model, safe="").replace(".", "%2E").replace("~", "%7E")
        return f"refs/mlops-ci/lease/{self.environment}/{name}"

    def renew(self, now: float) -> None:
        """Say that somebody steers at this time, in seconds since the epoch."""
        self._say(renewed=now)

    def leave(self, now: float, seconds: float, *, anywhere: bool = False) -> None:
        """Say that nobody steers now, and that somebody will within that time: on any machine, or on this one only."""
        self._say(renewed=now, until=now + seconds, anywhere=anywhere)

    def release(self) -> None:
        """Say that nobody steers any more; nothing happens when there is no lease."""
        if self.git.fetch(self.ref) is not None:
            self.git.push("", self.ref, replace=True)

    def said(self) -> Said | None:
        """Return what it says; None when there is no lease, or what stands there is none."""
        commit = self.git.fetch(self.ref)
        text = self.git.read(commit, "lease.json") if commit else None
        try:
            raw = json.loads(text or "")
            until = raw.get("until")
            return Said(float(raw["renewed"]), None if until is None else float(until), raw.get("anywhere") is True)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def _say(self, **facts: float | bool) -> None:
        content = json.dumps({"schema": SCHEMA, **facts}).encode()
        self.git.push(self.git.commit(None, {"lease.json": content}, "Lease\n"), self.ref, replace=True)
