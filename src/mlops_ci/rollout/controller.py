"""The canary: traffic moves away from the champion only after the push, and back to it before anything else."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from mlops_ci.errors import Interrupted, ProgramFailed
from mlops_ci.evidence import state_about, to_bytes
from mlops_ci.ports import Clock, Progress
from mlops_ci.release import changes
from mlops_ci.release.branch import Note, StateBranch
from mlops_ci.release.state import Challenger, Release, State
from mlops_ci.rollout.candidates import Candidate
from mlops_ci.rollout.lease import Guard
from mlops_ci.rollout.policy import policy_of
from mlops_ci.rollout.sources.choice import source_of
from mlops_ci.rollout.trial import Trial
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.tools.git import PushRefused
from mlops_ci.traffic.engine import Engine, NeverReady, Workload

Cause = Literal[
    "first-release", "promoted", "unchanged", "rejected-before", "judged", "never-ready", "crashed",
    "time-limit", "split-wrong", "evidence-lost", "interrupted",
]  # fmt: skip
TICK = 0.5  # seconds
_SILENT_TICKS = 20  # looks at the counters that may fail in a row before the evidence counts as lost
_RECORD_TRIES = 3
PREDICATE = "https://github.com/mlops-ci/mlops-ci/canary/v1"


@dataclass(slots=True)
class Outcome:
    """How a canary ended."""

    release: Release
    champion: Release | None
    cause: Cause
    detail: str = ""
    recorded: bool = True
    guardrail: str = ""
    evidence: float = 1.0
    evidence_by: dict[str, float] = field(default_factory=dict)  # guardrail → e-value
    timeline: list[dict[str, Any]] = field(default_factory=list)

    @property
    def promoted(self) -> bool:
        """Say whether the challenger is the champion now."""
        return self.cause in {"first-release", "promoted", "unchanged"}


class Canary:
    """One canary, from the first request to its end."""

    def __init__(
        self,
        *,
        engine: Engine,
        branch: StateBranch,
        workload: Callable[[Release], Workload],
        settings: CanarySettings,
        clock: Clock,
        progress: Progress,
        guard: Guard,
    ) -> None:
        """Prepare; nothing moves yet. The guard stands by while the canary runs, in case this process dies."""
        self._engine = engine
        self._branch = branch
        self._workload = workload
        self._settings = settings
        self._clock = clock
        self._progress = progress
        self._guard = guard
        self._began = clock.monotonic()
        self._timeline: list[dict[str, Any]] = []

    def run(self, candidate: Candidate) -> Outcome:
        """Release a candidate: at once when there is no champion, otherwise step by step.

        Raises:
            ProgramFailed: another canary stands on the record, the push is refused, or a program fails; the
                champion has all traffic.
            Interrupted: the champion has all traffic, and the record says so.
        """
        release, state = candidate.release, self._branch.read()
        self._progress.status(f"{release.name}: preparing")
        if state.champion and state.champion.model_digest == release.model_digest:
            self._serve_champion(state.champion)
            return self._end(release, state.champion, "unchanged", "it is the champion already")
        if release.model_digest in state.rejected and not self._settings.again:
            return self._end(release, state.champion, "rejected-before", "this model was rolled back before")
        if state.challenger:
            raise ProgramFailed(
                f"A canary of {state.challenger.release.name} stands on the record. Wait for it to end; "
                "if nothing runs it any more, return to the champion with: mlops-ci rollback."
            )
        if state.champion is None:
            return self._first(candidate)
        return self._challenge(candidate, state.champion)

    def _first(self, candidate: Candidate) -> Outcome:
        release = candidate.release
        try:
            self._engine.start(self._workload(release))
        except NeverReady as failure:
            return self._end(release, None, "never-ready", str(failure))
        note = Note(
            f"Release {release.name}: the first champion", release.name, verdict="pass", evidence=release.evidence
        )
        self._branch.change(changes.first_champion(release), note, {release.evidence: candidate.statement})
        self._engine.route({release.name: 100})
        self._mark("released", 100, "the first champion")
        return self._end(release, None, "first-release")

    def _challenge(self, candidate: Candidate, champion: Release) -> Outcome:
        release = candidate.release
        self._serve_champion(champion)
        try:
            self._engine.start(self._workload(release))
        except NeverReady as failure:
            self._mark("never ready", 0, str(failure))
            outcome = self._end(release, champion, "never-ready", str(failure))
            self._record(changes.reject(release), "never-ready", outcome)
            return outcome
        except (Interrupted, KeyboardInterrupt):
            self._engine.retire(release.name, drain=0.0)
            raise
        with self._guard:
            return self._decide(candidate, champion)

    def _decide(self, candidate: Candidate, champion: Release) -> Outcome:
        """Climb, and return to the champion however that ends, unless it ends in a promotion."""
        release = candidate.release
        try:
            outcome = self._climb(candidate, champion)
        except (Interrupted, KeyboardInterrupt):
            self._return_to(champion, self._end(release, champion, "interrupted"), reject=False)
            raise
        except BaseException:  # a bug must not leave traffic on the challenger either
            self._return_to(champion, self._end(release, champion, "evidence-lost"), reject=False)
            raise
        if outcome.promoted:
            self._retire(champion.name)
        else:
            self._return_to(champion, outcome, reject=outcome.cause in {"judged", "crashed"})
        return outcome

    def _retire(self, name: str) -> None:
        """Let a version finish what it began, and stop it; an interruption only shortens the wait."""
        try:
            self._engine.retire(name, drain=self._settings.drain)
        except (Interrupted, KeyboardInterrupt):
            self._engine.retire(name, drain=0.0)
            raise

    def _serve_champion(self, champion: Release) -> None:
        """Have the champion serve all traffic here, as the record says; nothing happens when it does."""
        self._engine.start(self._workload(champion))
        if self._engine.weights() != {champion.name: 100}:
            self._engine.route({champion.name: 100})

    def _climb(self, candidate: Candidate, champion: Release) -> Outcome:
        """Give the challenger more and more traffic until it is promoted or must go."""
        release = candidate.release
        names = (champion.name, release.name)
        source = source_of(self._settings, self._engine, names, self._clock)
        trial = Trial(source, names, policy_of(self._settings))
        started = self._clock.monotonic()
        for number, weight in enumerate(self._settings.steps, start=1):
            place = Challenger(release, weight, number)
            note = Note(
                f"Canary {release.name}: {weight} % of traffic",
                release.name,
                str(number),
                weight,
                evidence=release.evidence,
            )
            self._branch.change(changes.advance(place), note, {release.evidence: candidate.statement})
            self._guard.renew()
            self._engine.route({champion.name: 100 - weight, release.name: weight})
            trial.begin_step(weight)
            self._mark("step", weight, f"needs about {trial.needed:,} requests when all is well")
            ended = self._watch(trial, candidate, champion, started)
            self._mark("judged", weight, f"{trial.seen:,} requests seen", requests=trial.seen, needed=trial.needed)
            if ended:
                return ended
        return self._promote(candidate, champion, trial)

    def _watch(self, trial: Trial, candidate: Candidate, champion: Release, started: float) -> Outcome | None:
        """Look at every tick until this step is decided; None means: go on."""
        release, silent = candidate.release, 0
        counted_from = self._clock.monotonic() + self._settings.slow_ms / 1000
        while True:
            self._clock.sleep(TICK)
            self._guard.renew()
            now = self._clock.monotonic()
            if not self._engine.running(release.name):
                return self._end(release, champion, "crashed", f"{release.name} stopped running")
            try:
                decision = trial.look(now, counted=now >= counted_from, timed=now - started >= self._settings.warm_up)
                silent = 0
            except ProgramFailed as failure:
                silent += 1
                if silent > _SILENT_TICKS:
                    return self._end(release, champion, "evidence-lost", str(failure))
                continue
            self._progress.status(f"{release.name}: {trial.status()}")
            if decision == "roll-back":
                detail = f"{trial.culprit}: {trial.describe(trial.culprit)}"
                return self._end(release, champion, "judged", detail, trial)
            if decision == "invalid":
                detail = f"{trial.describe('errors')}: that is not the split that was set"
                return self._end(release, champion, "split-wrong", detail, trial)
            if decision == "go-on":
                return None
            if now - started > self._settings.time_limit:
                detail = f"no decision within {self._settings.time_limit:g} s: too little traffic, or too close to call"
                return self._end(release, champion, "time-limit", detail, trial)

    def _promote(self, candidate: Candidate, champion: Release, trial: Trial) -> Outcome:
        release = candidate.release
        outcome = self._end(release, champion, "promoted", trial=trial)
        path = f"evidence/canary/{release.model_digest.removeprefix('sha256:')}.json"
        note = Note(f"Promote {release.name}", release.name, verdict="pass", evidence=path)
        self._branch.change(changes.promote(release), note, {path: _proof(outcome)})
        self._guard.renew()
        self._engine.route({release.name: 100})
        self._mark("promoted", 100, f"{release.name} is the champion")
        return outcome

    def _return_to(self, champion: Release, outcome: Outcome, *, reject: bool) -> None:
        """Put the champion back: traffic first, the record after it."""
        began = self._clock.monotonic()
        self._engine.route({champion.name: 100})
        took = self._clock.monotonic() - began
        self._mark("rolled back", 0, f"{champion.name} has all traffic again, {took * 1000:.0f} ms after the decision")
        self._record(changes.undo(outcome.release, champion, rejected=reject), outcome.cause, outcome)
        self._engine.retire(outcome.release.name, drain=0.0 if outcome.cause == "interrupted" else self._settings.drain)

    def _record(self, change: Callable[[State], State], cause: str, outcome: Outcome) -> None:
        release = outcome.release
        path = f"evidence/canary/{release.model_digest.removeprefix('sha256:')}.json"
        judged = cause in {"judged", "crashed", "never-ready"}
        verdict = "fail" if judged else "interrupted" if cause == "interrupted" else "inconclusive"
        subject = f"Roll back {release.name}: {outcome.detail.splitlines()[0][:100] if outcome.detail else cause}"
        note = Note(subject, release.name, "-", 0, verdict, path)
        for attempt in range(1, _RECORD_TRIES + 1):
            try:
                self._branch.change(change, note, {path: _proof(outcome)})
            except (PushRefused, ProgramFailed) as refused:
                outcome.recorded = False
                self._progress.note(f"The record could not be pushed (try {attempt} of {_RECORD_TRIES}): {refused}")
                self._clock.sleep(TICK)
            else:
                outcome.recorded = True
                return

    def _mark(self, event: str, weight: int, detail: str, **numbers: int) -> None:
        at = round(self._clock.monotonic() - self._began, 2)
        time = round(self._clock.now(), 2)
        self._timeline.append({"t": at, "time": time, "event": event, "weight": weight, "detail": detail, **numbers})
        self._progress.note(f"{at:7.1f} s  {event:<12} {weight:>3} %  {detail}")

    def _end(
        self, release: Release, champion: Release | None, cause: Cause, detail: str = "", trial: Trial | None = None
    ) -> Outcome:
        known = Outcome(release, champion, cause, detail, timeline=self._timeline)
        if trial:
            known.guardrail, known.evidence, known.evidence_by = trial.culprit, trial.evidence, trial.evidence_by
        return known


def _proof(outcome: Outcome) -> bytes:
    subjects = {"challenger": outcome.release.model_digest}
    if outcome.champion:
        subjects["champion"] = outcome.champion.model_digest
    predicate = {
        "decision": "promote" if outcome.promoted else "roll-back",
        "cause": outcome.cause,
        "detail": outcome.detail,
        "guardrail": outcome.guardrail,
        "evidence": outcome.evidence,
        "timeline": outcome.timeline,
    }
    return to_bytes(state_about(subjects, PREDICATE, predicate))
