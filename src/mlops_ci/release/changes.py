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
    """Take our own canary off the record, or a promotion that traffic did not follow; another's stays."""

    def decide(state: State) -> State:
        if state.challenger is not None and state.challenger.release == release:
            return state.without_challenger(reject=rejected)
        return replace(state, champion=champion) if state.champion == release else state

    return decide


def reject(release: Release) -> Change:
    """Remember a release that must not start again."""
    return lambda state: replace(
        state, rejected=(*_without(state.rejected, release.model_digest), release.model_digest)
    )


def _without(digests: tuple[str, ...], digest: str) -> tuple[str, ...]:
    return tuple(one for one in digests if one != digest)
