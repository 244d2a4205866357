"""What proves that a registered version may be released: the gate's sealed statement, or a person's override."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_ci.errors import NothingToJudge, Rejected
from mlops_ci.evidence import Unproven, find_fault, find_override_fault, open_
from mlops_ci.report import Finding, Location
from mlops_ci.tools.mlflow import Registry, Version

if TYPE_CHECKING:
    from securesystemslib.signer import Key

DIGEST_TAG = "mlops_ci.model_digest"
COMMIT_TAG = "mlops_ci.commit"
DATA_TAG = "mlops_ci.data_digest"
OVERRIDE_TAG = "mlops_ci.override"
IMAGE_TAG = "mlops_ci.image"
GATE_EVIDENCE = "gate-model.json"
OVERRIDE_EVIDENCE = "override.json"
ANSWERS = "predictions.json"  # the model's, to golden rows, as its gate heard them


@dataclass(frozen=True, slots=True)
class Proof:
    """A sealed statement about a version, as it is stored beside it."""

    digest: str  # of the model
    commit: str
    sealed: bytes
    override: str = ""  # who released it without evidence, and why
    said: Mapping[str, Any] = field(default_factory=dict)  # the gate's report; empty where somebody overrode it

    @property
    def answers(self) -> str:
        """Return the digest of the model's answers to golden rows, as the gate recorded them; empty for none."""
        return str(self.said.get("inputs", {}).get("answers", ""))

    @property
    def path(self) -> str:
        """Return where the statement stands on the state branch."""
        folder = "override" if self.override else "gate-model"
        return f"evidence/{folder}/{self.digest.removeprefix('sha256:')}.json"


def answers_path(digest: str) -> str:
    """Return where a model's answers to golden rows stand on the state branch."""
    return f"predictions/{digest.removeprefix('sha256:')}.json"


def proof_of(registry: Registry, version: Version, trusted: Sequence["Key"], folder: Path) -> Proof:
    """Return what proves that a version may be released; `folder` is where its files are brought.

    Raises:
        NothingToJudge: it was not registered by `register-model`.
        Rejected: no statement that a trusted key signed is about exactly this model and this commit.
    """
    digest, commit = version.tags.get(DIGEST_TAG), version.tags.get(COMMIT_TAG)
    name = f"{version.name} version {version.version}"
    if not digest or not commit:
        raise NothingToJudge(f"{name} does not say which commit made it. Register it with: mlops-ci register-model.")
    for file in (GATE_EVIDENCE, OVERRIDE_EVIDENCE):
        if (sealed := registry.evidence(version, file, folder)) is not None:
            try:
                return _checked(Proof(digest, commit, sealed), trusted, overrides=file == OVERRIDE_EVIDENCE)
            except Unproven as fault:
                raise Rejected(f"The statement {file} on {name} proves nothing: {fault}.") from fault
    raise Rejected(f"{name} has no evidence that it passed the gate.")


def _checked(proof: Proof, trusted: Sequence["Key"], *, overrides: bool) -> Proof:
    statement = open_(proof.sealed, trusted)
    subjects = {"model": proof.digest, "commit": proof.commit}
    if overrides:
        fault = find_override_fault(statement, subjects=subjects)
    else:
        fault = find_fault(statement, step="gate-model", subjects=subjects)
    if fault:
        raise Unproven(fault)
    said = statement["predicate"]
    if not overrides:
        return replace(proof, said=said)
    return replace(proof, override=f"{said['who']}: {said['reason']}")


def override_found(override: str, name: str) -> Finding:
    """Return the finding that a model goes on without proof; it blocks nothing, and nobody can overlook it."""
    return Finding(
        "MCI-REGISTER-002",
        "high",
        "informs",
        "OVERRIDDEN: no evidence says that this model passed its gate",
        f"{override}. It is recorded beside the model and wherever it is released. Replace the model as soon as one "
        "passes its gate.",
        Location(name=name),
    )
