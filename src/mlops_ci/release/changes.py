"""How a canary changes the recorded state: each function returns what decides on the state as it is then."""

from collections.abc import Callable
from dataclasses import replace

from mlops_ci.errors import ProgramFailed
from mlops_ci.release.state import Challenger, Release, State

Change = Callable[[State], State]


def first_champion(release: Release) -> Change:
    """Make a release the first champion; raise ProgramFailed when there is one by now."""

    def decide(state: State) -> State:
        if state.champion:
            raise ProgramFailed(f"Somebody else has just released {state.champion.name}. Run the canary again.")
        return replace(state, champion=release)

    return decide


def advance(place: Challenger) -> Change:
    """Begin a canary, or take its next step; raise ProgramFailed when the record is not ours to change."""

    def decide(state: State) -> State:
        if state.challenger and state.challenger.release != place.release:
            raise ProgramFailed(f"Somebody else has started a canary of {state.challenger.release.name}.")
        if state.challenger is None and place.step > 1:
            raise ProgramFailed("Somebody else has ended this canary on the record.")
        return replace(state, challenger=place, rejected=_without(state.rejected, place.release.model_digest))

    return decide


def promote(release: Release) -> Change:
    """Make the challenger the champion; raise ProgramFailed when it is the challenger no more."""

    def decide(state: State) -> State:
        if state.challenger is None or state.challenger.release != release:
            raise ProgramFailed("Somebody else has ended this canary on the record.")
        return replace(state, champion=release, challenger=None)

    return decide


def undo(release: Release, champion: Release, *, rejected: bool) -> Change:
    """Take our own canary off the record, or a promotion that did not last; another's stays.

    A release that is rejected is remembered: it must not start again.
    """

    def decide(state: State) -> State:
        if state.challenger is not None and state.challenger.release == release:
            state = replace(state, challenger=None)
        elif state.champion == release:
            state = replace(state, champion=champion)
        digest = release.model_digest
        return replace(state, rejected=(*_without(state.rejected, digest), digest)) if rejected else state

    return decide


def _without(digests: tuple[str, ...], digest: str) -> tuple[str, ...]:
    return tuple(one for one in digests if one != digest)
