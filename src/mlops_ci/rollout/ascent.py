"""One canary under way: its steps, its judgement, its promotion, and its way back to the champion."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field

from mlops_ci.errors import Interrupted
from mlops_ci.release.state import Challenger, Release
from mlops_ci.rollout.journal import JournalLost
from mlops_ci.rollout.lease import Renewing
from mlops_ci.rollout.live_ticks import Tick
from mlops_ci.rollout.outcome import Cause, Outcome
from mlops_ci.rollout.parts import Parts
from mlops_ci.rollout.policy import policy_of
from mlops_ci.rollout.shadow import Shadow, shadow
from mlops_ci.rollout.sources.choice import source_of
from mlops_ci.rollout.sources.source import Source
from mlops_ci.rollout.trial import Trial
from mlops_ci.rollout.watch import Ended, Watch

BAKE_WEIGHT = 95  # percent: the old champion stays beside the new one until that is sure
_UNWATCHED = 0.5  # seconds that a push may take before the traffic is looked at again meanwhile


@dataclass(frozen=True, slots=True)
class _SoFar:
    """Where a canary's counts come from, and what is known of it already."""

    source: Source
    began: float  # monotonic seconds
    warm_from: float  # when its challenger was started
    ticks: Sequence[Tick] = ()
    decided: int = 0


@dataclass(slots=True)
class Ascent:
    """A challenger's way from its first step to its promotion."""

    parts: Parts
    champion: Release
    place: Challenger
    files: Mapping[str, bytes]  # what proves it, and its answers; empty where the record has them already
    trial: Trial
    watch: Watch
    decided: int = 0  # the last step whose evidence said: go on
    promoted: bool = field(default=False, init=False)
    shadow: Shadow | None = field(default=None, init=False)

    @classmethod
    def begin(cls, parts: Parts, champion: Release, release: Release, files: Mapping[str, bytes]) -> "Ascent":
        """Return a canary whose challenger runs and gets no traffic yet."""
        now = parts.clock.monotonic()
        parts.journal.begin(release.name, champion.name, now)
        place = Challenger(release, parts.settings.steps[0], 1)
        return cls._made(parts, champion, place, files, _SoFar(_source(parts, champion, release), now, now))

    @classmethod
    def resume(cls, parts: Parts, champion: Release, place: Challenger, files: Mapping[str, bytes]) -> "Ascent":
        """Return the canary that stands on the record, both versions running; raise NeverReady if one does not start.

        What it has gathered so far counts where this machine's journal has it. Elsewhere the evidence against the
        challenger counts as it stood when the step began, and the evidence for it is gathered again.
        """
        now = parts.clock.monotonic()
        past = parts.journal.past(place.release.name, place.step)
        ran = parts.engine.running(place.release.name)
        parts.serve(champion)
        parts.serve(place.release)
        source = _source(parts, champion, place.release)
        ticks = _ticks(past.ticks, source) if past else []
        if past is None or not ticks:
            parts.journal.begin(place.release.name, champion.name, now)
            began, decided = now, 0
        else:
            began, decided = min(past.began, now - ticks[-1].at), past.decided
        warm_from = began if ran else parts.clock.monotonic()
        so_far = _SoFar(source, began, warm_from, ticks, decided)
        return cls._made(parts, champion, place, files, so_far)

    @classmethod
    def _made(
        cls, parts: Parts, champion: Release, place: Challenger, files: Mapping[str, bytes], so_far: "_SoFar"
    ) -> "Ascent":  # fmt: skip
        name, source = place.release.name, so_far.source

        def log(tick: Tick) -> None:
            parts.journal.tick(tick.to_json(name, source.bounds))

        names, against = (champion.name, name), dict(place.against)
        trial = Trial(source, names, policy_of(parts.settings), so_far.ticks, log, against)
        watch = Watch(parts, trial, champion, place.release, so_far.began, so_far.warm_from)
        return cls(parts, champion, place, files, trial, watch, so_far.decided)

    def following(self) -> int | None:
        """Return the next step's weight; None after the last step."""
        return next((weight for weight in self.parts.settings.steps if weight > self.place.weight), None)

    def first_step(self) -> Outcome:
        """Record the first step and send it its traffic, after copies of requests where the settings ask for them."""
        if self.parts.settings.shadow and (refusal := self._answer_copies()):
            return self.outcome("judged", refusal)
        return self._take(self.place) or self.outcome("begun")

    def _answer_copies(self) -> str | None:
        """Let the challenger answer copies of the champion's requests; return why it must not get any itself."""
        parts, seconds = self.parts, self.parts.settings.shadow
        names, key = (self.champion.name, self.place.release.name), parts.settings.answers.key
        self.shadow = shadow(parts.engine, Renewing(parts.clock, parts.guard), *names, seconds=seconds, key=key)
        parts.mark("shadow", 0, f"{self.shadow.pairs:,} requests answered by both, {self.shadow.different:,} otherwise")
        return self.shadow.refusal

    def go_on(self) -> Outcome:
        """Have the present step in force: another process has taken it."""
        self.parts.guard.renew()
        if self.trial.weight != self.place.weight:
            self.trial.begin_step(self.place.weight)
        self.watch.route(self.place.weight)
        self.parts.journal.write("routed", step=self.place.step)
        self.parts.mark("resumed", self.place.weight, f"step {self.place.step}")
        return self.outcome("begun")

    def advance(self) -> Outcome | None:
        """Take the next step; the present one is watched while its record is pushed, and may end the canary."""
        weight = self.following()
        assert weight  # noqa: S101 - callers have asked
        against = tuple(sorted(self.trial.evidence_by.items()))
        return self._take(Challenger(self.place.release, weight, self.place.step + 1, against))

    def judge(self) -> Outcome:
        """Watch the present step until its evidence decides, or this process has watched for as long as it may."""
        ended = self.watch.until_decided(self.parts.time_is_up)
        seen, needed = self.trial.seen, self.trial.needed
        self.parts.mark("judged", self.place.weight, f"{seen:,} requests seen", requests=seen, needed=needed)
        if ended.cause == "go-on":
            self.parts.journal.write("go-on", step=self.place.step)
            self.decided = self.place.step
        return self._ended(ended)

    def promote(self) -> Outcome:
        """Record the promotion, let the old champion stand beside the new one for a while, then give it everything."""
        release, outcome = self.place.release, self.outcome("promoted")
        self.parts.journal.write("promote")
        if ended := self._meanwhile(lambda: self.parts.recorder.promote(outcome)):
            return self._ended(ended)
        self.promoted = True
        self.parts.guard.renew()
        if (found := self._bake()) and found.rejected:
            self.promoted = False
            return found
        self.parts.engine.route({release.name: 100})
        self.parts.mark("promoted", 100, f"{release.name} is the champion")
        return outcome

    def _bake(self) -> Outcome | None:
        clock, seconds = self.parts.clock, self.parts.settings.bake
        if not seconds:
            return None
        self.trial.begin_step(BAKE_WEIGHT)
        self.watch.route(BAKE_WEIGHT)
        self.parts.mark("bake", BAKE_WEIGHT, f"{self.champion.name} stands by for {seconds:g} s")
        end = clock.monotonic() + seconds
        return self._ended(self.watch.until_decided(lambda: clock.monotonic() >= end, goes_on=False))

    def return_to_champion(self, outcome: Outcome) -> None:
        """Put the champion back: traffic first, the record after it."""
        parts, began = self.parts, self.parts.clock.monotonic()
        parts.engine.route({self.champion.name: 100})
        took = (parts.clock.monotonic() - began) * 1000
        parts.mark("rolled back", 0, f"{self.champion.name} has all traffic again, {took:.0f} ms after the decision")
        with suppress(JournalLost):  # a full disk keeps nobody from recording it
            subject, name = outcome.note().subject, outcome.release.name
            parts.journal.write("returning", release=name, rejected=outcome.rejected, subject=subject)
        parts.recorder.end(outcome, self.champion)
        if outcome.recorded:
            self.close()
        drain = 0.0 if outcome.cause == "interrupted" else parts.settings.drain
        parts.engine.retire(outcome.release.name, drain=drain)

    def retire_champion(self) -> None:
        """Let the old champion finish what it began, and stop it; an interruption only shortens the wait."""
        try:
            self.parts.engine.retire(self.champion.name, drain=self.parts.settings.drain)
        except (Interrupted, KeyboardInterrupt):
            self.parts.engine.retire(self.champion.name, drain=0.0)
            raise

    def close(self) -> None:
        """Note that nothing of this canary is left to do."""
        with suppress(JournalLost):
            self.parts.journal.write("end")

    def outcome(self, cause: Cause, detail: str = "") -> Outcome:
        """Return how it ended, or how far it came, with its evidence."""
        trial = self.trial
        return Outcome(
            self.place.release, self.champion, cause, detail, guardrail=trial.culprit, evidence=trial.evidence,
            evidence_by=trial.evidence_by, timeline=self.parts.timeline, shadow=self.shadow,
        )  # fmt: skip

    def _ended(self, ended: Ended) -> Outcome:
        return self.outcome(ended.cause, ended.detail)

    def _take(self, place: Challenger) -> Outcome | None:
        journal = self.parts.journal
        journal.write("step", step=place.step, weight=place.weight)
        if ended := self._meanwhile(lambda: self.parts.recorder.advance(place, self.files)):
            return self._ended(ended)
        self.parts.guard.renew()
        self.place = place
        self.trial.begin_step(place.weight)
        self.watch.route(place.weight)
        journal.write("routed", step=place.step)
        self.parts.mark("step", place.weight, f"needs about {self.trial.needed:,} requests when all is well")
        return None

    def _meanwhile(self, push: Callable[[], None]) -> Ended | None:
        """Push while the traffic is watched; return how the canary ends if it ends meanwhile."""
        with ThreadPoolExecutor(1) as aside:
            pushed = aside.submit(push)
            wait([pushed], timeout=_UNWATCHED)
            if not pushed.done() and self.watch.weight:
                ended = self.watch.until_decided(pushed.done, goes_on=False)
                if ended.cause != "held":
                    self.parts.engine.route({self.champion.name: 100})  # the push may take a while yet
                    return ended
            pushed.result()
        return None


def _source(parts: Parts, champion: Release, release: Release) -> Source:
    return source_of(parts.settings, parts.engine, (champion.name, release.name), parts.clock)


def _ticks(lines: list[dict[str, object]], source: Source) -> list[Tick]:
    """Return logged ticks; none when they count other things than the source does now."""
    try:
        ticks = [Tick.from_json(line, source.bounds) for line in lines]
    except (KeyError, ValueError, TypeError):
        return []
    shape = len(source.bins), len(source.named)
    same = all((len(arm.predictions), len(arm.named)) == shape for tick in ticks for arm in tick.arms)
    return ticks if same else []
