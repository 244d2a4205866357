"""Watches one step of a canary, tick by tick, and keeps what it watches in order: proxy, champion, weights."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread

from mlops_ci.errors import MlopsCiError, ProgramFailed
from mlops_ci.release.state import Release
from mlops_ci.rollout.guards import LEAST_PATIENCE, NoAnswer, Unready, patience
from mlops_ci.rollout.outcome import Cause
from mlops_ci.rollout.parts import Parts
from mlops_ci.rollout.trial import Decision, Trial

TICK = 0.5  # seconds
_MENDED_TOO_OFTEN = 5  # times that somebody else has changed the weights


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a watch ended."""

    cause: Cause
    detail: str = ""


@dataclass(slots=True)
class Watch:
    """One canary's two versions, from its first step to the end of its bake."""

    parts: Parts
    trial: Trial
    champion: Release
    challenger: Release
    began: float  # monotonic seconds when the canary began
    warm_from: float  # and when the challenger was started
    weight: int = 0
    _counted_from: float = 0.0
    _heard: float = 0.0  # when the counts were last read
    _mended: int = 0
    _no_answer: NoAnswer = field(init=False)
    _unready: Unready = field(default_factory=Unready)

    def __post_init__(self) -> None:
        self._heard = self.parts.clock.monotonic()
        seconds = 2 * self.parts.settings.slow_ms / 1000
        with suppress(ProgramFailed):
            if champion := self.parts.engine.counts().get(self.champion.name):
                seconds = patience(champion, self.parts.engine.bounds)
        self._no_answer = NoAnswer(max(seconds, LEAST_PATIENCE))

    @property
    def split(self) -> dict[str, int]:
        """Return the weights that should be in force."""
        return {self.champion.name: 100 - self.weight, self.challenger.name: self.weight}

    def route(self, weight: int) -> None:
        """Give the challenger `weight` percent; answers from before do not count in what is watched next."""
        self.weight = weight
        self.parts.engine.route(self.split)
        self._settle()

    def until_decided(self, stop: Callable[[], bool] = lambda: False, *, goes_on: bool = True) -> Ended:
        """Look at every tick until the step is decided, or `stop` says so (cause `held`).

        Args:
            stop: asked at every tick.
            goes_on: whether evidence for the challenger ends the watch, too.
        """
        while True:
            self.parts.clock.sleep(TICK)
            self.parts.guard.renew()
            if ended := self._broken() or self._look(goes_on=goes_on):
                return ended
            if stop():
                return Ended("held")

    def _broken(self) -> Ended | None:
        """Return what needs no statistics."""
        name = self.challenger.name
        if not self.parts.engine.running(name):
            return Ended("crashed", f"{name} stopped running")
        if self._unready.look(ready=self.parts.engine.ready(name)):
            return Ended("unhealthy", f"{name} says that it is not ready any more")
        with suppress(ProgramFailed):
            counts = self.parts.engine.counts()
            arms = counts.get(self.champion.name), counts.get(name)
            if arms[0] and arms[1] and self._no_answer.look(self.parts.clock.monotonic(), arms[0], arms[1]):
                return Ended("no-answer", f"{name} has answered nothing for {self._no_answer.patience:g} s")
        return None

    def _look(self, *, goes_on: bool) -> Ended | None:
        """Look at the evidence; None means that it does not decide yet."""
        now = self.parts.clock.monotonic()
        try:
            in_order = self._in_order()
            if self._mended >= _MENDED_TOO_OFTEN:
                return Ended("split-wrong", "somebody else changes the weights again and again")
            counted = in_order and now >= self._counted_from
            timed = now - self.warm_from >= self.parts.settings.warm_up
            decision = self.trial.look(now - self.began, counted=counted, timed=timed)
        except ProgramFailed as failure:
            if now - self._heard > self.parts.settings.metrics_timeout:
                return Ended("evidence-lost", str(failure))
            return None
        self._heard = now
        self.parts.progress.status(f"{self.challenger.name}: {self.trial.status()}")
        if ended := self._end_of(decision, goes_on=goes_on):
            return ended
        limit = self.parts.settings.time_limit
        if now - self.began > limit and goes_on:
            return Ended("time-limit", f"no decision within {limit:g} s: too little traffic, or too close to call")
        return None

    def _end_of(self, decision: Decision, *, goes_on: bool) -> Ended | None:
        trial = self.trial
        if decision == "roll-back":
            return Ended("judged", f"{trial.culprit}: {trial.describe(trial.culprit)}")
        if decision == "invalid":
            return Ended("split-wrong", f"{trial.describe('errors')}: that is not the split that was set")
        return Ended("go-on") if decision == "go-on" and goes_on else None

    def _in_order(self) -> bool:
        """Say whether everything was as it was set; otherwise set it so again."""
        if not self.parts.engine.running(self.champion.name):
            self.parts.mark("champion down", self.weight, f"{self.champion.name} stopped running; it is started again")
            self._start_champion()
        elif self._weights() != self.split:
            self._mended += 1
            self.parts.mark("weights mended", self.weight, f"somebody else had set {self._weights()}")
            self.parts.engine.route(self.split)
        else:
            return True
        self._settle()
        return False

    def _weights(self) -> dict[str, int]:
        """Return the split in force; a proxy that is gone is started again, with the split that was set."""
        try:
            return self.parts.engine.weights()
        except ProgramFailed:
            self.parts.engine.route(self.split)
            self.parts.mark("proxy down", self.weight, "the proxy was started again")
            self._settle()
            return self.parts.engine.weights()

    def _start_champion(self) -> None:
        """Start it while the lease is renewed, for a large model takes longer than a lease lasts."""
        started = Future[None]()
        Thread(target=_settled, args=(started, lambda: self.parts.serve(self.champion)), daemon=True).start()
        while not started.done():
            self.parts.guard.renew()
            wait([started], timeout=TICK)
        try:
            started.result()
        except MlopsCiError as failure:
            raise ProgramFailed(f"{self.champion.name} stopped running and does not start: {failure}") from failure

    def _settle(self) -> None:
        """Do not count what was begun before now, until the slowest answers of it must have come."""
        self._counted_from = self.parts.clock.monotonic() + self.parts.settings.slow_ms / 1000


def _settled(future: Future[None], work: Callable[[], None]) -> None:
    """Do the work, and tell its end by the future."""
    try:
        work()
    except Exception as failure:  # noqa: BLE001 - raised again where the future is asked
        future.set_exception(failure)
    else:
        future.set_result(None)
