"""Return to the last good release: a plan first, as data; then traffic, then the record."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mlops_ci.errors import NothingToJudge
from mlops_ci.release.branch import Note, StateBranch
from mlops_ci.release.state import Release, State
from mlops_ci.rollout.journal import Unrecorded
from mlops_ci.traffic.engine import Workload
from mlops_ci.traffic.local import LocalEngine


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rollback would do; nothing at all when `target` is None."""

    target: Release | None  # gets all traffic
    leaving: Release | None = None  # goes: a challenger, or the present champion
    new_champion: bool = False
    challenger: Release | None = None  # goes as well, when the champion does
    rejected: bool = False  # the challenger was judged, and that judgement is not on the record yet
    why: str = ""

    def describe(self) -> str:
        """Return the plan as one sentence."""
        if self.target is None:
            return "Nothing was released yet, so there is nothing to roll back."
        if self.leaving is None:
            return f"No canary runs; {self.target.name} keeps all traffic."
        kind = "champion" if self.new_champion else "challenger"
        return f"All traffic to {self.target.name}; the {kind} {self.leaving.name} goes."


def make_plan(state: State, past: list[State], to: str | None, unrecorded: Unrecorded | None = None) -> Plan:
    """Decide where to return to.

    Args:
        state: what is recorded now.
        past: the recorded states, newest first.
        to: a version, `previous`, or None: end a canary, but never leave the champion without being told to.
        unrecorded: how a canary ended that could not be recorded.

    Raises:
        NothingToJudge: the version was never champion, or there is no earlier one that was not rejected.
    """
    if state.champion is None:
        return Plan(None)
    if to is None or to == state.champion.version:
        leaving = state.challenger.release if state.challenger else None
        if leaving and unrecorded and unrecorded.release == leaving.name:
            return Plan(state.champion, leaving, rejected=unrecorded.rejected, why=unrecorded.subject)
        return Plan(state.champion, leaving)
    for one in past:
        champion = one.champion
        if champion is None or champion.model_digest == state.champion.model_digest:
            continue
        wanted = champion.version == to if to != "previous" else champion.model_digest not in state.rejected
        if wanted:
            challenger = state.challenger.release if state.challenger else None
            return Plan(champion, state.champion, new_champion=True, challenger=challenger)
    which = "an earlier champion that was not rejected" if to == "previous" else f"version {to} among past champions"
    raise NothingToJudge(f"There is no {which} on the state branch. See: git log mlops-ci/state.")


def apply(
    plan: Plan,
    *,
    engine: LocalEngine,
    branch: StateBranch,
    workload: Callable[[Release], Workload],
    reason: str | None,
    drain: float,
) -> None:
    """Carry out a plan; a second time it changes nothing.

    The services of this machine are touched only where the model was served from here before.

    Raises:
        NeverReady: the version to return to does not start.
        ProgramFailed: the proxy, the registry or the push failed; traffic is moved before the push.
    """
    target = plan.target
    if target is None:
        return
    served_here = engine.folder.is_dir()
    if served_here:
        # Where the champion still runs, it has the traffic at once, whatever the registry says.
        if not (engine.proxy_runs() and engine.running(target.name)):
            engine.start(workload(target))
        engine.route({target.name: 100})
    if plan.leaving:
        subject = plan.why or f"Roll back to {target.name}" + (f": {reason}" if reason else "")
        branch.change(
            _returning(plan), Note(subject, plan.leaving.name, "-", 0, "fail" if plan.rejected else "rollback")
        )
    if served_here:
        for name in engine.versions() - {target.name}:
            engine.retire(name, drain=drain if plan.leaving and name == plan.leaving.name else 0.0)


def _returning(plan: Plan) -> Callable[[State], State]:
    def decide(state: State) -> State:
        if plan.new_champion and plan.leaving and state.champion == plan.leaving:
            digest = plan.leaving.model_digest
            rejected = state.rejected if digest in state.rejected else (*state.rejected, digest)
            return replace(state, champion=plan.target, challenger=None, rejected=rejected)
        if state.challenger and state.challenger.release not in (plan.leaving, plan.challenger):
            return state  # another canary has begun since the plan was made
        return state.without_challenger(reject=plan.rejected)

    return decide
