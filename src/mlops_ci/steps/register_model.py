"""Step `register-model`: a model that passed its gate becomes a version, with all that made it."""

import json
from pathlib import Path
from typing import Any

from mlops_ci.errors import NothingToJudge
from mlops_ci.evidence import digest_bytes, digest_file, digest_model, find_fault, statement_from, to_bytes
from mlops_ci.report import Finding, Location, StepReport
from mlops_ci.rollout.candidates import COMMIT_TAG, DIGEST_TAG, GATE_EVIDENCE
from mlops_ci.settings.register import RegisterSettings as Options
from mlops_ci.step import Context
from mlops_ci.tools import mlflow
from mlops_ci.tools.git import Git
from mlops_ci.tools.mlflow import Registry

NAME = "register-model"


def evaluate(evidence: object, options: Options, model_digest: str) -> tuple[Finding, ...]:
    """Return the finding that stops a registration; none when the gate passed exactly this model."""
    fault = find_fault(evidence, step="gate-model", subjects={"model": model_digest})
    if fault is None:
        return ()
    return (
        Finding(
            "MCI-REGISTER-001",
            "critical",
            "blocks",
            "No proof that this model passed its gate",
            f"{options.gate_report}: {fault}. Run mlops-ci gate-model on this model, then register it.",
            Location(path=str(options.gate_report)),
        ),
    )


def run(options: Options, context: Context) -> StepReport:
    """Register the model; a model that is registered already is left as it is."""
    git = Git(context.root, context.git_token)
    git.demand_clean_branch()
    git.demand_origin()
    model = context.root / options.path
    digest = digest_model(model)
    report = _read(context.root / options.gate_report)
    evidence = statement_from(report)
    findings = evaluate(evidence, options, digest)
    inputs = {"model": digest, "data": digest_file(context.root / options.data), "commit": git.head()}
    if findings:
        return StepReport(NAME, findings=findings, inputs=inputs)
    context.progress.status(f"registering {context.model}")
    registry = Registry(context.tracking_uri, context.root)
    version = registry.find_by_digest(context.model, DIGEST_TAG, digest)
    is_new = version is None
    if version is None:
        raw = to_bytes(evidence)
        tags = {
            DIGEST_TAG: digest,
            COMMIT_TAG: inputs["commit"],
            "mlops_ci.data_digest": inputs["data"],
            "mlops_ci.environment_digest": _environment(model),
            "mlops_ci.gate_evidence": digest_bytes(raw),
        }
        version = registry.register(
            context.model, model, tags=tags, metrics=_metrics(report), evidence={GATE_EVIDENCE: raw}
        )
    context.progress.note(f"{context.model} version {version.version}{'' if is_new else ' (registered before)'}")
    return StepReport(
        NAME,
        inputs=inputs,
        outputs={"version": version.version, "new": str(is_new).lower(), "model-digest": digest},
        tools={"mlflow": mlflow.version()},
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise NothingToJudge(f"{path} does not exist. Run mlops-ci gate-model first.") from missing
    except (OSError, ValueError) as problem:
        raise NothingToJudge(f"{path} cannot be read as a report. Run mlops-ci gate-model again.") from problem
    return report if isinstance(report, dict) else {}


def _environment(model: Path) -> str:
    """Return the digest of the requirements that the model was saved with."""
    return digest_file(model / "requirements.txt")


def _metrics(report: dict[str, Any]) -> dict[str, float]:
    """Return the challenger's values by metric name, as the gate measured them."""
    rows = [row for row in report.get("measurements") or () if isinstance(row, dict)]
    names = ((str(row.get("metric")).replace("@", "_at_"), row.get("challenger")) for row in rows)
    return {name: float(value) for name, value in names if isinstance(value, int | float)}
