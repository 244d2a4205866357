"""The key that signs models on this machine: P-256 in PEM files, the form that the OpenSSF's program takes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from mlops_ci.errors import UsageProblem

PRIVATE = "model.pem"


@contextmanager
def private_key(secret: str | None, folder: Path, public: Path) -> Iterator[Path]:
    """Yield the file of the private key: that of `secret` (PEM) while this lasts, otherwise one kept in `folder`.

    Its public half is written, too.

    Raises:
        UsageProblem: the secret is no key on a curve, in PEM without a passphrase.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")  # what is in it must not be committed by accident
    with TemporaryDirectory() as away:
        if secret:
            key, file = _parsed(secret), Path(away) / PRIVATE
            _write(file, secret.encode())
        else:
            file = folder / PRIVATE
            key = _parsed(file.read_text()) if file.is_file() else _make(file)
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        public.parent.mkdir(parents=True, exist_ok=True)
        public.write_bytes(pem)
        yield file


def _make(file: Path) -> ec.EllipticCurvePrivateKey:
    made = ec.generate_private_key(ec.SECP256R1())
    _write(file, made.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    return made


def _parsed(pem: str) -> ec.EllipticCurvePrivateKey:
    try:
        found = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        # Without the cause: what a library says about a secret must not reach a log.
        raise UsageProblem("MLOPS_CI_MODEL_KEY is no P-256 key in PEM without a passphrase.") from None
    return found


def _write(file: Path, content: bytes) -> None:
    """Write a new file that its owner alone can read."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
