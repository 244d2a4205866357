"""The state branch: every change is a commit, the push is the lock, `git log` is the audit trail."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from mlops_ci.errors import UsageProblem
from mlops_ci.release.page import page_path, write
from mlops_ci.release.state import Release, State, parse
from mlops_ci.tools.git import Git, PushRefused

BRANCH = "refs/heads/mlops-ci/state"
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Note:
    """What a commit on the state branch says."""

    subject: str
    release: str
    step: str = "-"
    weight: int = 100
    verdict: str = "-"
    evidence: str = "-"

    def message(self) -> str:
        """Return subject and trailers."""
        trailers = {
            "Release": self.release,
            "Step": self.step,
            "Weight": str(self.weight),
            "Verdict": self.verdict,
            "Evidence": self.evidence,
        }
        return f"{self.subject}\n\n" + "".join(f"Mlops-Ci-{key}: {value}\n" for key, value in trailers.items())


@dataclass(frozen=True, slots=True)
class StateBranch:
    """The releases of one model in one environment, as recorded on origin."""

    git: Git
    environment: str
    model: str
    empty: State = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "empty", State(self.environment, self.model))

    def read(self) -> State:
        """Return the recorded state; an empty one when nothing was released yet."""
        return self._at(self.git.fetch(BRANCH))

    def change(self, decide: Callable[[State], State], note: Note, files: Mapping[str, bytes] | None = None) -> State:
        """Record what `decide` makes of the current state, and return it.

        When somebody else pushed in between, the state is read and decided again. Nothing is written when
        `decide` returns the state unchanged.

        Raises:
            PushRefused: origin does not take the commit.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            parent = self.git.fetch(BRANCH)
            before = self._at(parent)
            after = decide(before)
            if after == before:
                return before
            contents = {**_files(after), **(files or {})}
            try:
                self.git.push(self.git.commit(parent, contents, note.message()), BRANCH)
            except PushRefused as refused:
                if not refused.moved or attempt == _ATTEMPTS:
                    raise
            else:
                return after
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def tag(self, release: Release) -> None:
        """Tag the commit of a release on origin: it stays to be fetched, whatever becomes of its branch.

        Raises:
            PushRefused: origin does not take the tag, or has it at another commit.
        """
        self.git.push(release.commit, f"refs/tags/mlops-ci/{self.environment}/{self.model}/{release.name}")

    def changed_at(self) -> float | None:
        """Return when the recorded state last changed, in seconds since the epoch; None when nothing is recorded."""
        commit = self.git.fetch(BRANCH)
        last = self.git.history(commit, self.empty.path, most=1) if commit else []
        return self.git.committed_at(last[0]) if last else None

    def champions(self) -> list[State]:
        """Return the recorded states, newest first; what was no release file is left out."""
        commit = self.git.fetch(BRANCH)
        found = list[State]()
        for one in self.git.history(commit, self.empty.path) if commit else []:
            with suppress(UsageProblem):
                found.append(self._at(one))
        return found

    def restore(self, state: State) -> None:
        """Record a state of its history again, where the release file is none any more.

        Raises:
            PushRefused: origin does not take the commit.
        """
        parent = self.git.fetch(BRANCH)
        note = Note("Restore the release file from its history", state.champion.name if state.champion else "-")
        self.git.push(self.git.commit(parent, _files(state), note.message()), BRANCH)

    def _at(self, commit: str | None) -> State:
        text = self.git.read(commit, self.empty.path) if commit else None
        return parse(text, self.environment, self.model) if text is not None else self.empty


def _files(state: State) -> dict[str, bytes]:
    """Return the release file, and the page that says the same to people."""
    return {state.path: state.to_yaml().encode(), page_path(state): write(state)}
