"""Users as the unit: who was seen for the first time, and who met a bad answer for the first time.

One user's requests are no independent witnesses. A user counts once in each second in which they ask, up to their
first bad answer from either version; after it they count no more. So in every tick the events are users' first bad
answers, out of the users who had none before: a sequential log-rank test (Mantel 1966), whose share is measured among
those at risk. By user, not by user and version: whoever failed on the champion is no new witness on the challenger.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any

from mlops_ci.errors import ProgramFailed
from mlops_ci.rollout.sources.tail import Tail
from mlops_ci.traffic.engine import Counts

_BAD = 500  # status from which on an answer is bad


@dataclass(slots=True)
class _Arm:
    """What one version's users did."""

    latency: list[int]
    seen: int = 0
    asked: int = 0
    failed: int = 0


@dataclass(slots=True)
class UserCounts:
    """Counts of users by version, from the access log of a sticky proxy: `t`, `user`, `release`, `status`, `ms`."""

    log: Tail
    bounds: tuple[float, ...]
    bins: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    _arms: dict[str, _Arm] = field(default_factory=dict)
    _asked: dict[str, int | None] = field(default_factory=dict)  # user → the last second; None after a bad answer

    def counts(self) -> dict[str, Counts]:
        """Return by version how many users were first seen, asked while at risk, and met their first bad answer.

        Raises:
            ProgramFailed: the log cannot be read, or has a line that is not the proxy's.
        """
        from orjson import loads

        for line in self.log.lines():
            try:
                self._add(loads(line))
            except (KeyError, TypeError, ValueError) as problem:
                raise ProgramFailed(
                    f"{self.log.path} has a line that the proxy did not write: {problem!r}"
                ) from problem
        return {name: Counts(arm.seen, arm.asked, arm.failed, tuple(arm.latency)) for name, arm in self._arms.items()}

    def _add(self, raw: dict[str, Any]) -> None:
        user, release = raw["user"], raw["release"]
        if user is None or release is None:
            return  # nobody known, or nobody to answer
        arm = self._arms.setdefault(release, _Arm([0] * (len(self.bounds) + 1)))
        second = int(float(raw["t"]))
        before = self._asked.get(user, -1)
        if before == -1:
            arm.seen += 1
        if before is None:
            return
        if before != second:
            arm.asked += 1
            arm.latency[bisect_left(self.bounds, float(raw["ms"]))] += 1
        failed = int(raw["status"]) >= _BAD
        arm.failed += failed
        self._asked[user] = None if failed else second
