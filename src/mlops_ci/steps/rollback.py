"""Step `rollback`: all traffic to the last good release, and the record after it."""

from typing import NoReturn

from mlops_ci.errors import UsageProblem
from mlops_ci.release.branch import StateBranch
from mlops_ci.release.leases import Said
from mlops_ci.release.state import State
from mlops_ci.report import Finding, Location, StepReport
from mlops_ci.rollout.assembly import Assembly
from mlops_ci.rollout.rollback import Plan, apply, make_plan
from mlops_ci.settings.canary import CanarySettings as Options
from mlops_ci.step import Context
from mlops_ci.tools.git import Git, OriginAway

NAME = "rollback"


def evaluate(plan: Plan, options: Options) -> tuple[Finding, ...]:
    """Return what a person should know about a rollback that was carried out, or planned."""
    if plan.leaving is None or plan.target is None:
        return ()
    done = "would return" if options.dry_run else "returned"
    title = f"Traffic {done} to {plan.target.name}"
    remedy = f"Look at the log of {plan.leaving.name} before it is released again."
    return (Finding("MCI-ROLLBACK-001", "info", "informs", title, remedy, Location(name=plan.leaving.name)),)


def run(options: Options, context: Context) -> StepReport:
    """Return to the last good release; a dirty work tree does not stand in the way."""
    git = Git(context.root, context.git_token)
    git.head()
    git.demand_origin()
    parts = Assembly(options, context.root, context.model, context.tracking_uri, git, context.clock)
    branch = parts.branch()
    try:
        past = branch.champions()
        state, broken = _read(branch, past)
    except OriginAway as away:
        if options.to or options.dry_run or options.if_lease_expired or options.unless_promoted:
            raise  # only the record knows what these ask
        return _return_unrecorded(parts, options, away)
    if broken and not options.dry_run:
        branch.restore(state)
    steered = _steered(state, parts, context.clock.now()) if options.if_lease_expired else None
    if left_alone := steered or (_not_ours(state, git.head()) if options.unless_promoted else None):
        context.progress.note(left_alone)
        return StepReport(NAME, outputs={"decision": "nothing", "dry-run": str(options.dry_run).lower()})
    plan = make_plan(state, past, options.to, parts.journal().unrecorded())
    context.progress.note(plan.describe())
    if not options.dry_run:
        _carry_out(plan, options, parts)
    return StepReport(
        NAME,
        findings=evaluate(plan, options),
        inputs={"champion": plan.target.model_digest} if plan.target else {},
        outputs={"decision": "rollback" if plan.leaving else "nothing", "dry-run": str(options.dry_run).lower()},
    )


def _read(branch: StateBranch, past: list[State]) -> tuple[State, bool]:
    """Return what is recorded, or the last state that was, when the release file was edited to nonsense."""
    try:
        return branch.read(), False
    except UsageProblem:
        if not past:
            raise
        return past[0], True


def _return_unrecorded(parts: Assembly, options: Options, away: OriginAway) -> NoReturn:
    """Return the traffic of a canary by what this machine's journal says of it; the record has to wait.

    Raises:
        OriginAway: always, for nothing is recorded.
    """
    journal, engine, lease = parts.journal(), parts.engine(), parts.lease()
    canary = journal.underway()
    if canary is None or not engine.running(canary.champion):
        raise away
    lease.take()  # before anything, as in `_carry_out`
    engine.route({canary.champion: 100})
    if not canary.returning:
        subject = ": ".join(filter(None, (f"Roll back to {canary.champion}", _reason(options))))
        journal.write("returning", release=canary.challenger, rejected=False, subject=subject)
    lease.release()
    raise OriginAway(
        f"All traffic is on {canary.champion}. The record does not say so yet: run mlops-ci rollback again. {away}"
    ) from away


def _carry_out(plan: Plan, options: Options, parts: Assembly) -> None:
    """Take the lease from whoever steers, so that nobody sets the weights back, and apply the plan."""
    lease, engine = parts.lease(), parts.engine()
    if engine.folder.is_dir():
        lease.take()
    apply(
        plan,
        engine=engine,
        branch=parts.branch(),
        workload=lambda release: parts.shelf().workload(release),
        reason=_reason(options),
        drain=options.drain,
    )
    if parts.journal().unrecorded():
        parts.journal().write("end")
    lease.release()


def _reason(options: Options) -> str | None:
    """Return why a rollback was called: the reason given, or the one that its flags mean."""
    if options.reason:
        return options.reason
    if options.if_lease_expired:
        return "nobody steers it any more"
    return "its release ended before it was promoted" if options.unless_promoted else None


def _not_ours(state: State, commit: str) -> str | None:
    """Return why a release that ends leaves the record alone: no canary of its commit stands on it."""
    if state.challenger is None:
        return "No canary stands on the record: this release was promoted, was rolled back, or never began."
    if state.challenger.release.commit != commit:
        return f"The canary of {state.challenger.release.name} belongs to another commit."
    return None


def _steered(state: State, parts: Assembly, now: float) -> str | None:
    """Return why a watchdog leaves the record alone: no canary stands on it, or somebody steers it."""
    if state.challenger is None:
        return "No canary stands on the record."
    said, changed = parts.remote_lease().said(), parts.branch().changed_at()
    heard = [*filter(None, (said, Said(changed) if changed else None))]
    if not any(one.holds(now) for one in heard):
        return None
    if said and said.until and now <= said.until:
        return f"A canary was left to the next command, which has {said.until - now:.0f} s to come."
    last = max(one.renewed for one in heard)
    return f"A canary runs; whoever steers it was heard of {max(now - last, 0):.0f} s ago."
