"""From a registered version to a release that can be judged, and from a release to a workload that can be started."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_ci.errors import ProgramFailed, Rejected
from mlops_ci.evidence import digest_model
from mlops_ci.release.state import Release
from mlops_ci.rollout.proofs import proof_of
from mlops_ci.tools.git import Git
from mlops_ci.tools.mlflow import Registry, Version
from mlops_ci.traffic.engine import Workload

if TYPE_CHECKING:
    from securesystemslib.signer import Key


_IMAGE_TAG = "mlops_ci.image"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release on its way in, with the sealed statement that it passed the gate (or that somebody overrode it)."""

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

    def candidate(self, version: str | None, now: float, trusted: Sequence["Key"]) -> Candidate:
        """Return a registered version (the newest by default) as a candidate.

        Raises:
            NothingToJudge: there is no such version, or it was not registered by `register-model`.
            Rejected: its image is not named by digest; or no statement signed by a trusted key proves that exactly
                this model passed the gate, and nobody overrode it.
        """
        found = self.registry.find(self.model, version)
        proof = proof_of(self.registry, found, trusted, self.folder / "evidence" / found.version)
        since = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        release = Release(
            found.version, proof.digest, proof.commit, proof.path, since, proof.override, _image_of(found)
        )
        return Candidate(release, proof.sealed)

    def workload(self, release: Release) -> Workload:
        """Return what must be started for a release: its commit's code and its registered model, checked.

        Raises:
            ProgramFailed: what the registry holds is not what was recorded.
        """
        code = self.git.export(release.commit, self.folder / "code" / release.commit)
        model = self.model_of(release)
        return Workload(release.name, self.serve, code, model, release.model_digest, release.commit, release.image)

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


def _image_of(version: Version) -> str:
    """Return the container image that a version was registered with; a tag could mean another one tomorrow."""
    image = version.tags.get(_IMAGE_TAG, "")
    if image and "@sha256:" not in image:
        raise Rejected(f"The image {image} of {version.name} version {version.version} is not named by its digest.")
    return image
