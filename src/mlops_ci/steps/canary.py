"""Step `canary`: move traffic to a registered version step by step; promote it, or roll it back by itself."""

from mlops_ci.errors import UsageProblem
from mlops_ci.release import worktree
from mlops_ci.report import Effect, Finding, Location, Measurement, Severity, StepReport
from mlops_ci.rollout import supply_chain
from mlops_ci.rollout.assembly import Assembly
from mlops_ci.rollout.candidates import Candidate
from mlops_ci.rollout.controller import Canary
from mlops_ci.rollout.order import demand_released
from mlops_ci.rollout.outcome import Cause, Outcome
from mlops_ci.rollout.proofs import override_found
from mlops_ci.security.signing import Identity
from mlops_ci.settings.canary import CanarySettings as Options
from mlops_ci.step import Context
from mlops_ci.tools import mlflow
from mlops_ci.tools.git import Git

NAME = "canary"

# cause → code, severity, effect, title, remedy
_FINDINGS: dict[Cause, tuple[str, Severity, Effect, str, str]] = {
    "judged": (
        "MCI-CANARY-001", "critical", "blocks", "The challenger is worse in production",
        "Traffic is back on the champion. Find the cause in the challenger's log before you try again.",
    ),
    "never-ready": (
        "MCI-CANARY-002", "critical", "blocks", "The challenger never became ready",
        "No traffic reached it. Mend its start and release the mended version.",
    ),
    "crashed": (
        "MCI-CANARY-003", "critical", "blocks", "The challenger stopped running",
        "Traffic is back on the champion. The end of its log says why.",
    ),
    "no-answer": (
        "MCI-CANARY-008", "critical", "blocks", "The challenger gives no answer",
        "Traffic is back on the champion. The challenger's log says what it waits for.",
    ),
    "unhealthy": (
        "MCI-CANARY-009", "critical", "blocks", "The challenger fails its health check",
        "Traffic is back on the champion. The challenger's log says why.",
    ),
    "time-limit": (
        "MCI-CANARY-004", "medium", "undecided", "The evidence did not decide in time",
        "Traffic is back on the champion; this is no judgement against the model. Allow more time (canary.time_limit).",
    ),
    "split-wrong": (
        "MCI-CANARY-007", "high", "undecided", "The traffic is not split as it was set",
        "Traffic is back on the champion; nothing is said about the model. Find what sends requests past the proxy.",
    ),
    "evidence-lost": (
        "MCI-CANARY-005", "high", "undecided", "The evidence was lost",
        "Traffic is back on the champion; this is no judgement against the model. Run the canary again.",
    ),
    "rejected-before": (
        "MCI-CANARY-006", "high", "blocks", "This model was rejected before",
        "Release a mended version, or pass --again with --reason.",
    ),
}  # fmt: skip


def evaluate(outcome: Outcome, options: Options) -> tuple[tuple[Finding, ...], tuple[Measurement, ...]]:
    """Return the findings and measurements that an ended canary means."""
    release = outcome.release
    against = Measurement(
        name="evidence against the challenger",
        metric="e-value",
        value=None,
        threshold=1 / options.alpha,
        method="sequential likelihood ratios, valid at any time",
        verdict="pass" if outcome.decision in {"promote", "go-on"} else None,
        evidence={
            "e_value": outcome.evidence,
            "guardrail": outcome.guardrail,
            "by_guardrail": outcome.evidence_by,
        },
    )
    measured = (against, *(outcome.shadow.measurements() if outcome.shadow else ()))
    place = Location(name=release.name)
    overridden = (override_found(release.override, release.name),) if release.override else ()
    if outcome.decision != "roll-back":
        return overridden, measured
    code, severity, effect, title, remedy = _FINDINGS[outcome.cause]
    message = f"{outcome.detail}. {remedy}" if outcome.detail else remedy
    found = [*overridden, Finding(code, severity, effect, title, message, place, {"cause": outcome.cause})]
    if not outcome.recorded:
        found.append(_unrecorded(place))
    return tuple(found), measured


def _unrecorded(place: Location) -> Finding:
    return Finding(
        "MCI-RECORD-001", "high", "informs", "The rollback is not recorded yet",
        "Traffic is on the champion, but the push to mlops-ci/state was refused. Run: mlops-ci rollback.", place,
    )  # fmt: skip


def run(options: Options, context: Context) -> StepReport:
    """Release a registered version, or go on with its canary, and report how that ended."""
    return _report(_canary(options, context).run(_candidate(options, context)), options, context)


def start(options: Options, context: Context) -> StepReport:
    """Begin a canary and leave it at its first step."""
    return _report(_canary(options, context).start(_candidate(options, context)), options, context)


def judge(options: Options, context: Context) -> StepReport:
    """Watch the present step until its evidence decides."""
    return _report(_canary(options, context).judge(), options, context)


def step(options: Options, context: Context) -> StepReport:
    """Take the next step of a canary whose present one is decided."""
    return _report(_canary(options, context).step(), options, context)


def promote(options: Options, context: Context) -> StepReport:
    """Make the challenger the champion, after its last step was decided."""
    return _report(_canary(options, context).promote(), options, context)


def _canary(options: Options, context: Context) -> Canary:
    _refuse(options, context)
    git = Git(context.root, context.git_token)
    worktree.demand_clean_branch(git)
    git.demand_origin()
    return Canary(assemble(options, context).parts(context.progress, context.keyring))


def _candidate(options: Options, context: Context) -> Candidate:
    """Return the version that is to be released, with everything proven that the settings demand.

    Raises:
        Rejected: something is not proven, or the version is not the champion of the environment before this one.
    """
    parts = assemble(options, context)
    shelf, trusted = parts.shelf(), context.keyring.trusted(parts.git.head())
    candidate = shelf.candidate(options.version, context.clock.now(), trusted)
    if options.after:
        demand_released(parts.branch(options.after), candidate.release)
    if options.demanded:
        supply_chain.demand(options.demanded, candidate.release, shelf, trusted, _signers(options))
    return candidate


def _signers(options: Options) -> supply_chain.Signers:
    if options.model_identity is None:
        return supply_chain.Signers(options.model_key)
    identity = Identity(options.model_identity, options.identity_provider, options.sigstore)
    return supply_chain.Signers(options.model_key, identity)


def _report(outcome: Outcome, options: Options, context: Context) -> StepReport:
    findings, measurements = evaluate(outcome, options)
    return StepReport(
        NAME,
        findings=findings,
        measurements=measurements,
        inputs={"model": outcome.release.model_digest, "commit": outcome.release.commit},
        outputs={
            "decision": outcome.decision,
            "cause": outcome.cause,
            "version": outcome.release.version,
            "recorded": str(outcome.recorded).lower(),
        },
        timeline=tuple(outcome.timeline),
        tools={"envoy": assemble(options, context).engine().proxy.version(), "mlflow": mlflow.version()},
    )


def _refuse(options: Options, context: Context) -> None:
    if context.hosted_runner and options.environment == "production":
        raise UsageProblem(
            "Processes on a hosted runner end with the job, so they cannot be production. "
            "Rehearse with --environment rehearsal."
        )
    if options.again and not options.reason:
        raise UsageProblem("--again starts a model that was rejected before; say why with --reason.")


def assemble(options: Options, context: Context) -> Assembly:
    """Return the parts of a canary on this machine; nothing is started or connected yet."""
    git = Git(context.root, context.git_token)
    return Assembly(
        options,
        context.root,
        context.model,
        context.tracking_uri,
        git,
        context.clock,
        context.settings_path,
        context.chosen_model,
    )
