"""The canary: traffic moves away from the champion only after the push, and back to it before anything else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlops_ci.errors import Inconclusive, Interrupted, ProgramFailed, UsageProblem
from mlops_ci.release.state import Challenger, Release
from mlops_ci.rollout.ascent import Ascent
from mlops_ci.rollout.candidates import Candidate
from mlops_ci.rollout.outcome import Cause, Outcome
from mlops_ci.rollout.parts import Parts
from mlops_ci.tools.git import OriginAway
from mlops_ci.traffic.engine import NeverReady

_ORIGIN_MAY_BE_AWAY = 600.0  # seconds
_GOES_ON: frozenset[Cause] = frozenset({"begun", "go-on", "held"})

Act = Callable[[Ascent], Outcome]
Demand = Callable[[Ascent], None]


def _demand_nothing(_ascent: Ascent) -> None:
    """Let it be as far as it is."""


def _demand_decided(ascent: Ascent) -> None:
    if ascent.decided < ascent.place.step:
        place = ascent.place
        raise Inconclusive(f"Step {place.step} ({place.weight} %) is not decided here. Run: mlops-ci canary judge.")


def _demand_step(ascent: Ascent) -> None:
    _demand_decided(ascent)
    if ascent.following() is None:
        raise UsageProblem("That was the last step. Run: mlops-ci canary promote.")


def _demand_last(ascent: Ascent) -> None:
    _demand_decided(ascent)
    if following := ascent.following():
        raise Inconclusive(f"The step of {following} % is still to come. Run: mlops-ci canary step.")


def _unless_ended(begun: Outcome, ascent: Ascent, act: Act) -> Outcome:
    return act(ascent) if begun.cause == "begun" else begun


@dataclass(frozen=True, slots=True)
class Canary:
    """One canary, whole or in steps that may be different processes; a supervisor stands by in case one dies."""

    parts: Parts

    def run(self, candidate: Candidate) -> Outcome:
        """Release a candidate: at once when there is no champion, otherwise step by step; go on where one stands.

        Raises:
            ProgramFailed: another canary stands on the record, the push is refused, or a program fails; the
                champion has all traffic.
            Interrupted: the champion has all traffic, and the record says so.
        """
        return self._open(candidate, self._to_the_end)

    def start(self, candidate: Candidate) -> Outcome:
        """Begin a canary and leave it at its first step; raises as `run` does."""
        return self._open(candidate, lambda ascent: ascent.outcome("begun"))

    def judge(self) -> Outcome:
        """Watch the present step until its evidence decides, or for as long as the settings say."""
        return self._go_on(lambda ascent: ascent.judge())

    def step(self) -> Outcome:
        """Take the next step; raise Inconclusive when the present one is not decided."""
        return self._go_on(lambda ascent: ascent.advance() or ascent.outcome("begun"), _demand_step)

    def promote(self) -> Outcome:
        """Make the challenger the champion; raise Inconclusive when the last step is not decided."""
        return self._go_on(lambda ascent: ascent.promote(), _demand_last)

    def _open(self, candidate: Candidate, act: Act) -> Outcome:
        parts, release, state = self.parts, candidate.release, self.parts.recorder.branch.read()
        parts.progress.status(f"{release.name}: preparing")
        if state.champion and state.champion.model_digest == release.model_digest:
            self._serve_champion(state.champion)
            return Outcome(release, state.champion, "unchanged", "it is the champion already")
        if release.model_digest in state.rejected and not parts.settings.again:
            return Outcome(release, state.champion, "rejected-before", "this model was rolled back before")
        if state.champion is None:
            return self._first(candidate)
        if state.challenger:
            return self._resume(state.champion, self._ours(state.challenger, release), candidate.files, act)
        return self._challenge(candidate, state.champion, act)

    def _go_on(self, act: Act, demand: Demand = _demand_nothing) -> Outcome:
        state = self.parts.recorder.branch.read()
        if state.challenger is None or state.champion is None:
            raise UsageProblem("No canary stands on the record. Begin one with: mlops-ci canary start.")
        return self._resume(state.champion, self._ours(state.challenger, state.challenger.release), {}, act, demand)

    def _ours(self, place: Challenger, release: Release) -> Challenger:
        """Return the canary that stands on the record; raise ProgramFailed when it is another, or another's."""
        stands = place.release
        if stands.model_digest != release.model_digest:
            raise ProgramFailed(
                f"A canary of {stands.name} stands on the record. Wait for it to end, go on with it "
                f"(--version {stands.version}), or return to the champion with: mlops-ci rollback."
            )
        if (ended := self.parts.journal.unrecorded()) and ended.release == stands.name:
            raise ProgramFailed(
                f"The canary of {stands.name} ended, and the record does not say so yet. Run: mlops-ci rollback."
            )
        if steered := self.parts.guard.steered(self.parts.clock.now()):
            raise ProgramFailed(f"The canary of {stands.name} is steered {steered}. Wait for it to end.")
        return place

    def _first(self, candidate: Candidate) -> Outcome:
        parts, release = self.parts, candidate.release
        try:
            parts.engine.start(parts.workload(release))
        except NeverReady as failure:
            return Outcome(release, None, "never-ready", str(failure), timeline=parts.timeline)
        parts.recorder.first(candidate)
        parts.engine.route({release.name: 100})
        parts.mark("released", 100, "the first champion")
        parts.recorder.tag(release)
        return Outcome(release, None, "first-release", timeline=parts.timeline)

    def _challenge(self, candidate: Candidate, champion: Release, act: Act) -> Outcome:
        """Begin a canary, unless its challenger cannot be served."""
        parts, release = self.parts, candidate.release
        self._serve_champion(champion)
        try:
            parts.engine.start(parts.workload(release))
        except NeverReady as failure:
            parts.mark("never ready", 0, str(failure))
            outcome = Outcome(release, champion, "never-ready", str(failure), timeline=parts.timeline)
            parts.recorder.end(outcome, champion)
            return outcome
        except (Interrupted, KeyboardInterrupt):
            parts.engine.retire(release.name, drain=0.0)
            raise
        try:
            ascent = Ascent.begin(parts, champion, release, candidate.files)
        except BaseException:  # its counts cannot be read: nobody would judge it
            parts.engine.retire(release.name, drain=0.0)
            raise
        return self._steer(ascent, lambda one: _unless_ended(one.first_step(), one, act))

    def _resume(
        self,
        champion: Release,
        place: Challenger,
        files: Mapping[str, bytes],
        act: Act,
        demand: Demand = _demand_nothing,
    ) -> Outcome:
        """Go on with a canary that another process began; one that is not as far as demanded stays as it is."""
        parts = self.parts
        try:
            ascent = Ascent.resume(parts, champion, place, files)
        except NeverReady as failure:
            self._serve_champion(champion)
            outcome = Outcome(place.release, champion, "never-ready", str(failure), timeline=parts.timeline)
            parts.recorder.end(outcome, champion)
            return outcome
        demand(ascent)
        return self._steer(ascent, lambda one: _unless_ended(one.go_on(), one, act))

    def _steer(self, ascent: Ascent, act: Act) -> Outcome:
        """Act, and return to the champion however that ends, unless it ends well."""
        parts = self.parts
        with parts.guard:
            try:
                outcome = act(ascent)
            except BaseException as stopped:  # a bug must not leave traffic on the challenger either
                if ascent.promoted:  # by its evidence, and recorded
                    parts.engine.route({ascent.place.release.name: 100})
                    raise
                interrupted = isinstance(stopped, Interrupted | KeyboardInterrupt)
                ascent.return_to_champion(ascent.outcome("interrupted" if interrupted else "evidence-lost"))
                raise
            if outcome.cause in _GOES_ON:
                parts.guard.promise = parts.settings.attendance
            elif outcome.promoted:
                ascent.close()
                ascent.retire_champion()
            else:
                ascent.return_to_champion(outcome)
        if outcome.promoted:  # what may take as long as origin does keeps no lease waiting
            parts.recorder.tag(outcome.release)
        return outcome

    def _to_the_end(self, ascent: Ascent) -> Outcome:
        """Give the challenger more and more traffic until it is promoted or must go."""
        clock, away_since = self.parts.clock, None
        while True:
            outcome = ascent.judge()
            if outcome.cause != "go-on":
                return outcome
            try:
                ended = ascent.advance() if ascent.following() else ascent.promote()
            except OriginAway as failure:
                away_since = clock.monotonic() if away_since is None else away_since
                if clock.monotonic() - away_since > _ORIGIN_MAY_BE_AWAY:
                    raise
                self.parts.mark("origin away", ascent.place.weight, str(failure).splitlines()[0])
                continue
            away_since = None
            if ended:
                return ended

    def _serve_champion(self, champion: Release) -> None:
        """Have the champion serve all traffic here, as the record says; nothing happens when it does."""
        self.parts.engine.start(self.parts.workload(champion))
        if self.parts.engine.weights() != {champion.name: 100}:
            self.parts.engine.route({champion.name: 100})
