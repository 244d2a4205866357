"""Step `rollback`: all traffic to the last good release, and the record after it."""

from mlops_ci.report import Finding, Location, StepReport
from mlops_ci.rollout.assembly import Assembly
from mlops_ci.rollout.rollback import Plan, apply, make_plan
from mlops_ci.settings.canary import CanarySettings as Options
from mlops_ci.step import Context
from mlops_ci.tools.git import Git

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
    branch, engine = parts.branch(), parts.engine()
    plan = make_plan(branch.read(), branch.champions(), options.to)
    context.progress.note(plan.describe())
    if not options.dry_run:
        apply(
            plan,
            engine=engine,
            branch=branch,
            workload=lambda release: parts.shelf().workload(release),
            reason=options.reason,
            drain=options.drain,
        )
    return StepReport(
        NAME,
        findings=evaluate(plan, options),
        inputs={"champion": plan.target.model_digest} if plan.target else {},
        outputs={"decision": "rollback" if plan.leaving else "nothing", "dry-run": str(options.dry_run).lower()},
    )
