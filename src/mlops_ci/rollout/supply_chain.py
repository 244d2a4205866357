"""What else must be proven before a release gets traffic: that it was scanned, listed and signed, exactly as it is."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
KEYLESS = signing.KEYLESS
_OWN_KEY = ".mlops-ci/evidence/model.pub.pem"  # of this machine: `signature sign` writes it


@dataclass(frozen=True, slots=True)
class Signers:
    """Who must have signed a model: the owner of a committed public key, or else of this machine's; and an identity."""

    key: Path | None = None
    identity: signing.Identity | None = None


def demand(kinds: Sequence[str], release: Release, shelf: Shelf, trusted: Sequence["Key"], signers: Signers) -> None:
    """Raise unless everything that is demanded is there and about exactly this model and commit.

    Raises:
        Rejected: the scan's statement, the bill of materials or the signature is missing, or about something else.
        UsageProblem: no key is named by which the model's signature could be verified.
    """
    version = shelf.registry.find(shelf.model, release.version)
    folder = shelf.folder / "evidence" / release.version
    stored = {name: shelf.registry.evidence(version, name, folder) for name in (SCAN, BILL, SIGNATURE, KEYLESS)}
    if {"scan", "sbom"} & set(kinds):
        known = _scanned(stored[SCAN], release, trusted)
        if release.image and known.get("image") != release.image.partition("@")[2]:
            raise Rejected(f"The scan of {release.name} did not look at its image {release.image}. {_REMEDY}")
        if "sbom" in kinds and known.get("sbom") != digest_bytes(stored[BILL] or b""):
            raise Rejected(f"{release.name} has no bill of materials that its scan wrote. {_REMEDY}")
    if "signature" in kinds:
        _verify(stored, release, shelf, signers)


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


def _verify(stored: dict[str, bytes | None], release: Release, shelf: Shelf, signers: Signers) -> None:
    model, tools = shelf.model_of(release), programs.folder_from(None)
    with tempfile.TemporaryDirectory() as folder:
        key = _write(_key(shelf, signers.key), Path(folder) / "key.pem")
        signing.verify(model, key, _write(_signature(stored, SIGNATURE, release), Path(folder) / SIGNATURE), tools)
        if (identity := signers.identity) is None:
            return
        bundle = _write(_signature(stored, KEYLESS, release), Path(folder) / KEYLESS)
        if identity.trust:
            trust = _committed(shelf, identity.trust, "canary.sigstore")
            identity = replace(identity, trust=_write(trust, Path(folder) / "trust.json"))
        signing.verify_keyless(model, identity, bundle, tools)


def _signature(stored: dict[str, bytes | None], name: str, release: Release) -> bytes:
    signature = stored[name]
    if signature is None:
        how = "signature sign --keyless" if name == KEYLESS else "signature sign"
        lacks = "is not signed by an identity" if name == KEYLESS else "is not signed"
        raise Rejected(f"The model of {release.name} {lacks}. Run mlops-ci {how}, then register it.")
    return signature


def _write(content: bytes, place: Path) -> Path:
    place.write_bytes(content)
    return place


def _key(shelf: Shelf, model_key: Path | None) -> bytes:
    """Return the public key that signs models: the committed one, otherwise this machine's own."""
    if model_key is not None:
        return _committed(shelf, model_key, "canary.model_key")
    own = shelf.git.root / _OWN_KEY
    if not own.is_file():
        raise Rejected(f"The model of {shelf.model} is not signed here. Run mlops-ci signature sign, then register it.")
    return own.read_bytes()


def _committed(shelf: Shelf, path: Path, setting: str) -> bytes:
    """Return a file as the commit has it: an edit that is not committed says nothing."""
    head = shelf.git.head()
    text = shelf.git.read(head, f"./{path}")
    if text is None:
        raise UsageProblem(f"`{setting}` names {path}, which commit {head[:12]} does not have. Commit it.")
    return text.encode()
