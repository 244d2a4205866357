"""From a registered version to a release that can be judged, and from a release to a workload that can be started."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_ci.errors import NothingToJudge, ProgramFailed, Rejected
from mlops_ci.evidence import digest_bytes, digest_model, is_model
from mlops_ci.lineage import card
from mlops_ci.release.page import card_path
from mlops_ci.release.state import Release
from mlops_ci.rollout.proofs import ANSWERS, DATA_TAG, DIGEST_TAG, IMAGE_TAG, Proof, answers_path, proof_of
from mlops_ci.tools.git import Git
from mlops_ci.tools.mlflow import Registry, Version
from mlops_ci.traffic.engine import Workload

if TYPE_CHECKING:
    from securesystemslib.signer import Key


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release on its way in, with the sealed statement that it passed the gate (or that somebody overrode it)."""

    release: Release
    statement: bytes
    card: bytes  # the model card, with what is known of this version
    answers: bytes | None = None  # to golden rows, as the gate recorded them

    @property
    def files(self) -> dict[str, bytes]:
        """Return what is recorded beside the release: by these, another machine knows the model again."""
        answers = {answers_path(self.release.model_digest): self.answers} if self.answers else {}
        return {self.release.evidence: self.statement, card_path(self.release.model_digest): self.card, **answers}


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
        folder = self.folder / "evidence" / found.version
        proof = proof_of(self.registry, found, trusted, folder)
        answers = self.registry.evidence(found, ANSWERS, folder) if proof.answers else None
        if answers is not None and digest_bytes(answers) != proof.answers:
            raise Rejected(f"The golden predictions of {found.name} version {found.version} are not its gate's.")
        since = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        release = Release(
            found.version, proof.digest, proof.commit, proof.path, since, proof.override, _image_of(found)
        )
        return Candidate(release, proof.sealed, self._card(found, proof, release), answers)

    def _card(self, version: Version, proof: Proof, release: Release) -> bytes:
        """Return the page of the release's commit, filled in from what is proven."""
        made = {"version": release.version, "commit": release.commit, "model": release.model_digest}
        made |= {"image": release.image, "data": version.tags.get(DATA_TAG, "")}
        page = self.git.read(release.commit, f"./{card.PAGE}")
        return card.fill(page, card.Known(self.model, made, card.judged(proof.said), release.override))

    def workload(self, release: Release) -> Workload:
        """Return what must be started for a release: its commit's code and its registered model, checked.

        Raises:
            ProgramFailed: what the registry holds is not what was recorded.
        """
        code = self.git.export(release.commit, self.folder / "code" / release.commit)
        model = self.model_of(release)
        return Workload(release.name, self.serve, code, model, release.model_digest, release.commit, release.image)

    def model_of(self, release: Release) -> Path:
        """Return the folder with a release's model, checked; raise ProgramFailed if it is another.

        It comes from the registry. One that is a file on this machine, and has never heard of the release, leaves
        only what the record says: there the model is made anew from its commit. What an earlier call, or a cache,
        left is taken if it is the model of this digest, and thrown away otherwise.
        """
        model = self.folder / "models" / release.model_digest.removeprefix("sha256:")
        if is_model(model, release.model_digest):
            return model
        if model.is_dir() and not model.is_symlink():
            shutil.rmtree(model)
        else:
            model.unlink(missing_ok=True)
        if self.registry.is_local and not self.registry.find_by_digest(self.model, DIGEST_TAG, release.model_digest):
            from mlops_ci.rollout.rebuild import rebuilt  # it asks models, and most releases need none of that

            return rebuilt(release, self.model, self.git, model)
        self.registry.download(self._version(release), model)
        if (found := digest_model(model)) != release.model_digest:
            shutil.rmtree(model)
            raise ProgramFailed(
                f"Version {release.version} of {self.model} in the registry is not what was released: "
                f"{found} instead of {release.model_digest}. Somebody changed it; do not serve it."
            )
        return model

    def _version(self, release: Release) -> Version:
        """Return the registered version of a release; where a registry began anew, it has another number."""
        try:
            version = self.registry.find(self.model, release.version)
        except NothingToJudge:
            version = None
        if version and version.tags.get(DIGEST_TAG) == release.model_digest:
            return version
        known = self.registry.find_by_digest(self.model, DIGEST_TAG, release.model_digest)
        return known or version or self.registry.find(self.model, release.version)


def _image_of(version: Version) -> str:
    """Return the container image that a version was registered with; a tag could mean another one tomorrow."""
    image = version.tags.get(IMAGE_TAG, "")
    if image and "@sha256:" not in image:
        raise Rejected(f"The image {image} of {version.name} version {version.version} is not named by its digest.")
    return image
