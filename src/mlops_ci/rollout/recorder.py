"""Writes a canary's steps and its end on the state branch: away from the champion before traffic, toward it after."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_ci.errors import MlopsCiError, ProgramFailed
from mlops_ci.ports import Clock, Progress
from mlops_ci.release import changes
from mlops_ci.release.branch import Note, StateBranch
from mlops_ci.release.state import Challenger, Release
from mlops_ci.rollout.candidates import Candidate
from mlops_ci.rollout.outcome import Outcome

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds between tries to record what has happened already
_IN_A_HURRY = 3  # tries, when the process is being stopped


@dataclass(frozen=True, slots=True)
class Recorder:
    """The record of one model in one environment."""

    branch: StateBranch
    seal: Callable[[Mapping[str, Any]], bytes]
    clock: Clock
    progress: Progress

    def first(self, candidate: Candidate) -> None:
        """Record the first champion; raise ProgramFailed when that is refused."""
        name, path = candidate.release.name, candidate.release.evidence
        note = Note(f"Release {name}: the first champion", name, verdict="pass", evidence=path)
        self.branch.change(changes.first_champion(candidate.release), note, candidate.files)

    def advance(self, place: Challenger, files: Mapping[str, bytes]) -> None:
        """Record that a canary begins or takes its next step; raise ProgramFailed when that is refused."""
        name, path = place.release.name, place.release.evidence
        note = Note(f"Canary {name}: {place.weight} % of traffic", name, str(place.step), place.weight, evidence=path)
        self.branch.change(changes.advance(place), note, files)

    def promote(self, outcome: Outcome) -> None:
        """Record a promotion; raise ProgramFailed when that is refused."""
        self.branch.change(changes.promote(outcome.release), outcome.note(), self._files(outcome))

    def tag(self, release: Release) -> None:
        """Tag the commit of a new champion; it serves already, so a refusal is only told."""
        try:
            self.branch.tag(release)
        except MlopsCiError as refused:
            self.progress.note(f"The commit of {release.name} has no tag on origin: {refused}")

    def end(self, outcome: Outcome, champion: Release) -> None:
        """Record that traffic is back on the champion; it is so already, so a refusal is only noted in the outcome."""
        change = changes.undo(outcome.release, champion, rejected=outcome.rejected)
        pauses = _PAUSES[: _IN_A_HURRY - 1] if outcome.cause == "interrupted" else _PAUSES
        for pause in (*pauses, 0.0):
            try:
                self.branch.change(change, outcome.note(), self._files(outcome))
            except MlopsCiError as refused:
                outcome.recorded = False
                self.progress.note(f"The record could not be pushed: {refused}")
                if not isinstance(refused, ProgramFailed):
                    return  # trying again mends no file
                self.clock.sleep(pause)
            else:
                outcome.recorded = True
                return

    def _files(self, outcome: Outcome) -> dict[str, bytes]:
        return {outcome.path: self.seal(outcome.statement())}
