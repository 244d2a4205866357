"""From a registered version to a release that can be judged, and from a release to a workload that can be started."""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlops_ci.errors import NothingToJudge, ProgramFailed, Rejected
from mlops_ci.evidence import digest_model, find_fault
from mlops_ci.release.state import Release
from mlops_ci.tools.git import Git
from mlops_ci.tools.mlflow import Registry, Version
from mlops_ci.traffic.engine import Workload

DIGEST_TAG = "mlops_ci.model_digest"
COMMIT_TAG = "mlops_ci.commit"
GATE_EVIDENCE = "gate-model.json"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release on its way in, with the statement that it passed the gate."""

    release: Release
    statement: bytes


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where code and models of releases are fetched from, and kept."""

    git: Git
    registry: Registry
    model: str
    folder: Path
    serve: tuple[str, ...]

    def candidate(self, version: str | None, now: float) -> Candidate:
        """Return a registered version (the newest by default) as a candidate.

        Raises:
            NothingToJudge: there is no such version, or it was not registered by `register-model`.
            Rejected: no statement proves that exactly this model passed the gate.
        """
        found = self.registry.find(self.model, version)
        digest, commit = found.tags.get(DIGEST_TAG), found.tags.get(COMMIT_TAG)
        if not digest or not commit:
            raise NothingToJudge(
                f"{self.model} version {found.version} does not say which commit made it. "
                "Register it with: mlops-ci register-model."
            )
        statement = self._statement(found, digest)
        since = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        evidence = f"evidence/gate-model/{digest.removeprefix('sha256:')}.json"
        return Candidate(Release(found.version, digest, commit, evidence, since), statement)

    def workload(self, release: Release) -> Workload:
        """Return what must be started for a release: its commit's code and its registered model, checked.

        Raises:
            ProgramFailed: what the registry holds is not what was recorded.
        """
        code = self.git.export(release.commit, self.folder / "code" / release.commit)
        return Workload(release.name, self.serve, code, self.model_of(release), release.model_digest)

    def model_of(self, release: Release) -> Path:
        """Return the folder with a release's registered model, checked; raise ProgramFailed if it is another."""
        model = self.folder / "models" / release.model_digest.removeprefix("sha256:")
        self.registry.download(self.registry.find(self.model, release.version), model)
        if (found := digest_model(model)) != release.model_digest:
            shutil.rmtree(model)
            raise ProgramFailed(
                f"Version {release.version} of {self.model} in the registry is not what was released: "
                f"{found} instead of {release.model_digest}. Somebody changed it; do not serve it."
            )
        return model

    def _statement(self, version: Version, digest: str) -> bytes:
        raw = self.registry.evidence(version, GATE_EVIDENCE, self.folder / "evidence" / version.version)
        if raw is None:
            raise Rejected(f"{self.model} version {version.version} has no evidence that it passed the gate.")
        try:
            fault = find_fault(json.loads(raw), step="gate-model", subjects={"model": digest})
        except ValueError:
            fault = "it is not JSON"
        if fault:
            raise Rejected(f"The gate's statement on {self.model} version {version.version} proves nothing: {fault}.")
        return raw
