"""Turn an engine's rising counts into ticks for the judge."""

from mlops_ci.rollout.judge import SHARES
from mlops_ci.stats.sequential import Tick
from mlops_ci.traffic.engine import Counts, Engine

_NOTHING = Counts(0, 0, 0, 0)


class Meter:
    """Reads the counters of two versions; a counter that falls was reset, and its tick starts from zero."""

    def __init__(self, engine: Engine, champion: str, challenger: str) -> None:
        """Take the present counts as the start."""
        self._engine = engine
        self._names = (champion, challenger)
        self._last = (_NOTHING, _NOTHING)
        self._last = self._counts()
        self._totals = {name: Tick(0, 0, 0, 0) for name in SHARES}
        self.seen = 0

    def champion_rates(self) -> dict[str, float]:
        """Return the champion's rate of each bad event up to now."""
        champion = self._last[0]
        return {"errors": champion.errors / max(champion.requests, 1), "slow": champion.slow / max(champion.timed, 1)}

    def begin_step(self) -> None:
        """Count the requests of a new step from zero."""
        self.seen = 0

    def read(self, *, with_latency: bool) -> dict[str, Tick]:
        """Return what happened since the last reading, by guardrail; raise ProgramFailed when it is unknown."""
        now = self._counts()
        champion, challenger = (_since(new, old) for new, old in zip(now, self._last, strict=True))
        self._last = now
        self.seen += champion.requests + challenger.requests
        ticks = {"errors": Tick(champion.requests, champion.errors, challenger.requests, challenger.errors)}
        if with_latency:
            ticks["slow"] = Tick(champion.timed, champion.slow, challenger.timed, challenger.slow)
        for name, tick in ticks.items():
            self._totals[name] = _add(self._totals[name], tick)
        return ticks

    def describe(self, guardrail: str) -> str:
        """Return both arms' counts since the start in words."""
        total = self._totals[guardrail]
        return (
            f"{total.challenger_bad:,} of {total.challenger:,} requests to the challenger, "
            f"{total.champion_bad:,} of {total.champion:,} to the champion"
        )

    def _counts(self) -> tuple[Counts, Counts]:
        """Return both arms' counts; an arm that is missing from one answer stays as it was, and is not reset."""
        found = self._engine.counts()
        champion, challenger = (found.get(name, last) for name, last in zip(self._names, self._last, strict=True))
        return champion, challenger


def _since(new: Counts, old: Counts) -> Counts:
    if new.requests < old.requests or new.timed < old.timed:
        return new
    return Counts(
        new.requests - old.requests,
        max(new.errors - old.errors, 0),
        new.timed - old.timed,
        max(new.slow - old.slow, 0),
    )


def _add(one: Tick, other: Tick) -> Tick:
    return Tick(
        one.champion + other.champion,
        one.champion_bad + other.champion_bad,
        one.challenger + other.challenger,
        one.challenger_bad + other.challenger_bad,
    )
