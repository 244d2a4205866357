"""What else must be proven before a release gets traffic: that it was scanned, listed and signed, exactly as it is."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_ci.errors import Rejected, UsageProblem
from mlops_ci.evidence import Unproven, digest_bytes, find_fault, open_
from mlops_ci.release.state import Release
from mlops_ci.rollout.candidates import Shelf
from mlops_ci.security import programs, signing

if TYPE_CHECKING:
    from securesystemslib.signer import Key

SCAN, BILL, SIGNATURE = "scan.json", "release.cdx.json", "model.sig"
_OWN_KEY = ".mlops-ci/evidence/model.pub.pem"  # of this machine: `signature sign` writes it


def demand(
    kinds: Sequence[str], release: Release, shelf: Shelf, trusted: Sequence["Key"], model_key: Path | None
) -> None:
    """Raise unless everything that is demanded is there and about exactly this model and commit.

    Raises:
        Rejected: the scan's statement, the bill of materials or the signature is missing, or about something else.
        UsageProblem: no key is named by which the model's signature could be verified.
    """
    version = shelf.registry.find(shelf.model, release.version)
    folder = shelf.folder / "evidence" / release.version
    stored = {name: shelf.registry.evidence(version, name, folder) for name in (SCAN, BILL, SIGNATURE)}
    if {"scan", "sbom"} & set(kinds):
        known = _scanned(stored[SCAN], release, trusted)
        if release.image and known.get("image") != release.image.partition("@")[2]:
            raise Rejected(f"The scan of {release.name} did not look at its image {release.image}. {_REMEDY}")
        if "sbom" in kinds and known.get("sbom") != digest_bytes(stored[BILL] or b""):
            raise Rejected(f"{release.name} has no bill of materials that its scan wrote. {_REMEDY}")
    if "signature" in kinds:
        _verify(stored[SIGNATURE], release, shelf, model_key)


_REMEDY = "Run mlops-ci scan on this model, image and commit, then register it again."


def _scanned(sealed: bytes | None, release: Release, trusted: Sequence["Key"]) -> dict[str, str]:
    """Return the inputs of the scan that passed this release."""
    if sealed is None:
        raise Rejected(f"{release.name} has no evidence that it was scanned. {_REMEDY}")
    try:
        statement = open_(sealed, trusted)
        fault = find_fault(statement, step="scan", subjects={"model": release.model_digest, "commit": release.commit})
    except Unproven as problem:
        statement, fault = {}, str(problem)
    if fault:
        raise Rejected(f"The statement {SCAN} on {release.name} proves nothing: {fault}. {_REMEDY}")
    return dict(statement["predicate"]["inputs"])


def _verify(signature: bytes | None, release: Release, shelf: Shelf, model_key: Path | None) -> None:
    pem = _key(shelf, model_key)
    if signature is None:
        raise Rejected(f"The model of {release.name} is not signed. Run mlops-ci signature sign, then register it.")
    with tempfile.TemporaryDirectory() as folder:
        key, place = Path(folder) / "key.pem", Path(folder) / SIGNATURE
        key.write_text(pem, encoding="utf-8")
        place.write_bytes(signature)
        signing.verify(shelf.model_of(release), key, place, programs.folder_from(None))


def _key(shelf: Shelf, model_key: Path | None) -> str:
    """Return the public key that signs models: the committed one, otherwise this machine's own."""
    if model_key is None:
        own = shelf.git.root / _OWN_KEY
        if not own.is_file():
            raise Rejected(
                f"The model of {shelf.model} is not signed here. Run mlops-ci signature sign, then register it."
            )
        return own.read_text(encoding="utf-8")
    head = shelf.git.head()
    pem = shelf.git.read(head, f"./{model_key}")  # an edit that is not committed is no key
    if pem is None:
        raise UsageProblem(f"`canary.model_key` names {model_key}, which commit {head[:12]} does not have. Commit it.")
    return pem
