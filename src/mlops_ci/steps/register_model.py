"""Step `register-model`: a model that passed its gate becomes a version, with all that made it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_ci.errors import NothingToJudge, Rejected, UsageProblem
from mlops_ci.evidence import (
    Unproven,
    digest_bytes,
    digest_file,
    digest_model,
    find_fault,
    open_,
    seal,
    state_override,
)
from mlops_ci.lineage import card
from mlops_ci.release import worktree
from mlops_ci.report import Finding, Location, StepReport
from mlops_ci.rollout.proofs import (
    ANSWERS,
    COMMIT_TAG,
    DATA_TAG,
    DIGEST_TAG,
    GATE_EVIDENCE,
    IMAGE_TAG,
    OVERRIDE_EVIDENCE,
    OVERRIDE_TAG,
    override_found,
    proof_of,
)
from mlops_ci.rollout.supply_chain import BILL, KEYLESS, SCAN, SIGNATURE
from mlops_ci.settings.register import RegisterSettings as Options
from mlops_ci.step import Context
from mlops_ci.tools import mlflow
from mlops_ci.tools.git import Git
from mlops_ci.tools.mlflow import Registry, Version

NAME = "register-model"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found of the evidence: a sealed statement, or what is wrong with it."""

    fault: str | None = None
    sealed: bytes = b""
    report: Mapping[str, Any] = field(default_factory=dict)  # what the statement says
    override: str = ""  # who registers the model nevertheless, and why


def evaluate(facts: Facts, options: Options) -> tuple[Finding, ...]:
    """Return what stops a registration, or that it is overridden; nothing when the gate passed exactly this model."""
    if facts.override:
        return (override_found(facts.override, str(options.path)),)
    if facts.fault is None:
        return ()
    return (
        Finding(
            "MCI-REGISTER-001",
            "critical",
            "blocks",
            "No proof that this model passed its gate",
            f"{options.evidence}: {facts.fault}. Run mlops-ci gate-model on this model and commit, then register it.",
            Location(path=str(options.evidence)),
        ),
    )


def run(options: Options, context: Context) -> StepReport:
    """Register the model; a model that is registered already, with proof that holds, is left as it is."""
    git = Git(context.root, context.git_token)
    worktree.demand_clean_branch(git)
    git.demand_origin()
    model = context.root / options.path
    inputs = {"model": digest_model(model), "data": digest_file(context.root / options.data), "commit": git.head()}
    facts = _gather(options, context, inputs)
    findings = evaluate(facts, options)
    if facts.fault and not facts.override:
        return StepReport(NAME, findings=findings, inputs=inputs)
    context.progress.status(f"registering {context.model}")
    registry = Registry(context.tracking_uri, context.root)
    version = _registered(registry, context, inputs, overridden=bool(facts.override))
    is_new = version is None
    if version is None:
        file = OVERRIDE_EVIDENCE if facts.override else GATE_EVIDENCE
        tags = _tags(inputs, facts, model) | ({IMAGE_TAG: options.image} if options.image else {})
        version = registry.register(
            context.model,
            model,
            tags=tags,
            metrics=_metrics(facts.report),
            evidence={file: facts.sealed, card.FILE: _card(facts, inputs, context)} | _supply_chain(context),
        )
    context.progress.note(f"{context.model} version {version.version}{'' if is_new else ' (registered before)'}")
    return StepReport(
        NAME,
        findings=findings,
        inputs=inputs,
        outputs={"version": version.version, "new": str(is_new).lower(), "model-digest": inputs["model"]}
        | ({"image": options.image} if options.image else {}),
        tools={"mlflow": mlflow.version()},
    )


def _card(facts: Facts, inputs: Mapping[str, str], context: Context) -> bytes:
    """Return the model card with what is known now, and leave a copy beside the evidence."""
    page = context.root / card.PAGE
    said = page.read_text(encoding="utf-8", errors="replace") if page.is_file() else None
    known = card.Known(context.model, inputs, card.judged(facts.report), facts.override)
    content = card.fill(said, known)
    copy = context.workspace / "evidence" / card.FILE
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(content)
    return content


def _supply_chain(context: Context) -> dict[str, bytes]:
    """Return what else is known of this release: whether it is about this model, the canary judges."""
    places = {SCAN: f"evidence/{SCAN}", BILL: f"sbom/{BILL}", SIGNATURE: f"evidence/{SIGNATURE}"}
    places |= {name: f"evidence/{name}" for name in (KEYLESS, ANSWERS)}
    return {name: path.read_bytes() for name, place in places.items() if (path := context.workspace / place).is_file()}


def _gather(options: Options, context: Context, inputs: Mapping[str, str]) -> Facts:
    """Open the evidence; where it proves nothing and a reason is given, seal the override instead."""
    subjects = {name: inputs[name] for name in ("model", "commit")}
    trusted = context.keyring.trusted(inputs["commit"])
    try:
        sealed = _read(context.root / options.evidence)
        statement = open_(sealed, trusted)
        fault = find_fault(statement, step="gate-model", subjects=subjects)
        if fault is None:
            return Facts(sealed=sealed, report=statement["predicate"])
    except Unproven as problem:
        fault = str(problem)
    except NothingToJudge as problem:
        if not options.override_reason:
            raise
        fault = str(problem)
    return _override(options.override_reason, context, inputs) if options.override_reason else Facts(fault)


def _override(reason: str, context: Context, inputs: Mapping[str, str]) -> Facts:
    """Return the sealed statement of a person who registers a model without evidence.

    Raises:
        UsageProblem: git does not know who that is, or the key that signs here is not trusted.
    """
    who = _who(Git(context.root))
    signer = context.keyring.signer()
    if signer.public_key.keyid not in {key.keyid for key in context.keyring.trusted(inputs["commit"])}:
        raise UsageProblem(
            "An override is signed, and no trusted key is at hand: set MLOPS_CI_SIGNING_KEY to one of `trusted_keys`."
        )
    said = " ".join(reason.split())
    at = datetime.fromtimestamp(context.clock.now(), UTC).isoformat(timespec="seconds")
    statement = state_override(inputs["model"], inputs["commit"], reason=said, who=who, at=at)
    return Facts(sealed=seal(statement, signer), override=f"{who}: {said}")


def _who(git: Git) -> str:
    """Return the person that git knows."""
    name, email = (git.call("config", f"user.{part}", check=False).stdout.strip() for part in ("name", "email"))
    if not name or not email:
        raise UsageProblem("An override names its author. Run: git config user.name NAME, git config user.email EMAIL.")
    return f"{name} <{email}>"


def _read(path: Path) -> bytes:
    try:
        sealed = path.read_bytes()
    except FileNotFoundError as missing:
        raise NothingToJudge(f"{path} does not exist. Run mlops-ci gate-model first.") from missing
    except OSError as problem:
        raise NothingToJudge(f"{path} cannot be read: {problem.strerror}. Give access to it.") from problem
    if not sealed:
        raise NothingToJudge(f"{path} is empty. Run mlops-ci gate-model again.")
    return sealed


def _registered(registry: Registry, context: Context, inputs: Mapping[str, str], *, overridden: bool) -> Version | None:
    """Return the version that this model is already; None where there is none, or evidence now replaces its proof."""
    version = registry.find_by_digest(context.model, DIGEST_TAG, inputs["model"])
    if version is None:
        return None
    try:
        folder = context.workspace / "run" / "evidence" / version.version
        proof = proof_of(registry, version, context.keyring.trusted(inputs["commit"]), folder)
    except (NothingToJudge, Rejected):
        return None
    return version if overridden or not proof.override else None


def _tags(inputs: Mapping[str, str], facts: Facts, model: Path) -> dict[str, str]:
    tags = {
        DIGEST_TAG: inputs["model"],
        COMMIT_TAG: inputs["commit"],
        DATA_TAG: inputs["data"],
        "mlops_ci.environment_digest": digest_file(model / "requirements.txt"),
        "mlops_ci.gate_evidence": digest_bytes(facts.sealed),
    }
    return tags | ({OVERRIDE_TAG: facts.override} if facts.override else {})


def _metrics(report: Mapping[str, Any]) -> dict[str, float]:
    """Return the challenger's values by metric name, as the gate measured them."""
    rows = [row for row in report.get("measurements") or () if isinstance(row, dict)]
    names = ((str(row.get("metric")).replace("@", "_at_"), row.get("challenger")) for row in rows)
    return {name: float(value) for name, value in names if isinstance(value, int | float)}
