"""One environment after the other: what was not proven in the one before gets no traffic in the next."""

from mlops_ci.errors import Rejected
from mlops_ci.release.branch import StateBranch
from mlops_ci.release.state import Release


def demand_released(before: StateBranch, release: Release) -> None:
    """Raise Rejected unless a release is the champion of another environment, and no canary runs there."""
    state = before.read()
    if state.champion is None or state.champion.model_digest != release.model_digest:
        there = state.champion.name if state.champion else "nothing"
        raise Rejected(
            f"{release.name} is not released in {before.environment}, where {there} is. Release it there first: "
            f"mlops-ci canary run --environment {before.environment} --version {release.version}."
        )
    if state.challenger:
        raise Rejected(
            f"In {before.environment} a canary of {state.challenger.release.name} runs against {release.name}. "
            "Wait for it to end."
        )
