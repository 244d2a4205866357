"""Ed25519 keys in PEM files: the private one never leaves its owner's hands, and no message shows it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_ci.errors import UsageProblem

if TYPE_CHECKING:  # the library is needed only where something is signed or checked
    from securesystemslib.signer import CryptoSigner, SSlibKey

_REMEDY = "Make a pair with: mlops-ci keys."


def load(secret: str | None, path: Path) -> "CryptoSigner | None":
    """Return the private key that `secret` (PEM) holds, otherwise the one in a file; None without either.

    Raises:
        UsageProblem: it is no Ed25519 key in PEM (PKCS8, without a passphrase), or cannot be read.
    """
    if secret:
        return _private(secret.encode(), "MLOPS_CI_SIGNING_KEY")
    try:
        return _private(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise UsageProblem(f"{path} cannot be read: {problem.strerror}. Give access to it.") from problem


def load_or_make(secret: str | None, path: Path) -> "CryptoSigner":
    """Return the private key as `load` does; where there is none, make one that only this user can read.

    Raises:
        UsageProblem: the key is none, or cannot be read or written.
    """
    return load(secret, path) or _make(path)


def _make(path: Path) -> "CryptoSigner":
    from securesystemslib.signer import CryptoSigner

    made = CryptoSigner.generate_ed25519()
    try:
        if not path.parent.is_dir():  # a folder of our own: what is in it must not be committed by accident
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_once(path.parent / ".gitignore", b"*\n")
        if not _write_once(path, made.private_bytes):
            return load_or_make(None, path)  # another process was first
    except OSError as problem:
        raise UsageProblem(f"{path} cannot be written: {problem.strerror}. Give access to it.") from problem
    return made


def _write_once(path: Path, content: bytes) -> bool:
    """Write a new file that its owner alone can read; say whether it was not there yet."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    return True


def public_key(pem: str, name: str) -> "SSlibKey":
    """Return a public key; messages call it `name`.

    Raises:
        UsageProblem: it is no Ed25519 public key in PEM.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.signer import SSlibKey

    try:
        found = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise UsageProblem(f"{name} is no public key in PEM. {_REMEDY}") from problem
    if not isinstance(found, Ed25519PublicKey):
        raise UsageProblem(f"{name} is no Ed25519 key. {_REMEDY}")
    return SSlibKey.from_crypto(found)


def public_pem(key: "CryptoSigner") -> str:
    """Return the public half of a private key as PEM, the form that `trusted_keys` names."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    raw = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public_key.keyval["public"]))
    return raw.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _private(pem: bytes, name: str) -> "CryptoSigner":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    try:
        found = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without the cause: what a library says about a secret must not reach a log.
        raise UsageProblem(f"{name} is no private key in PEM without a passphrase. {_REMEDY}") from None
    if not isinstance(found, Ed25519PrivateKey):
        raise UsageProblem(f"{name} is no Ed25519 key. {_REMEDY}")
    return CryptoSigner(found)
