"""model-signing signs a model's files as the OpenSSF specification says, and verifies such signatures.

By keys, or by the identity of a workflow, for which Sigstore issues a certificate and logs the signature.
"""

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.errors import Rejected
from mlops_ci.scanner import Sandbox

# The registry adds these; they are no part of what was trained.
_IGNORED = ("registered_model_meta",)


def sign(sandbox: Sandbox, key: Path, signature: Path) -> None:
    """Sign the files of the model folder with a private key: PEM, a NIST curve.

    Raises:
        ProgramFailed: the key or the folder cannot be read.
    """
    sandbox.run("sign", "key", *_ignored(sandbox), "--private_key", key, "--signature", signature, sandbox.folder)


def verify(sandbox: Sandbox, key: Path, signature: Path) -> None:
    """Verify that a public key's owner signed exactly these files.

    Raises:
        Rejected: a file was changed, added or removed, or another key signed.
    """
    _verify(sandbox, signature, "key", "--public_key", key)


def sign_keyless(sandbox: Sandbox, signature: Path, trust: Path | None, env: Mapping[str, str]) -> None:
    """Sign the files of the model folder by the identity that `env` proves; nobody is asked to sign in.

    Raises:
        ProgramFailed: the identity, or the service that certifies it, does not answer.
    """
    sandbox.run("sign", "sigstore", *_ignored(sandbox), *_trusting(trust), "--use_ambient_credentials",
                "--signature", signature, sandbox.folder, env=env)  # fmt: skip


def verify_keyless(sandbox: Sandbox, signature: Path, identity: str, provider: str, trust: Path | None) -> None:
    """Verify that an identity, vouched for by a provider (URL), signed exactly these files.

    Raises:
        Rejected: a file was changed, added or removed, or another identity signed.
    """
    _verify(sandbox, signature, "sigstore", "--identity", identity, "--identity_provider", provider, *_trusting(trust))


def _verify(sandbox: Sandbox, signature: Path, method: str, *words: str | Path) -> None:
    done = sandbox.run("verify", method, *_ignored(sandbox), *words, "--signature", signature,
                       sandbox.folder, ok=(0, 1))  # fmt: skip
    if done.code or "succeeded" not in done.stdout + done.stderr:
        said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise Rejected(f"The signature {signature.name} does not fit the model: {said}")


def _trusting(trust: Path | None) -> list[str | Path]:
    return ["--trust_config", trust] if trust else []


def _ignored(sandbox: Sandbox) -> list[str | Path]:
    return [word for name in _IGNORED for word in ("--ignore-paths", sandbox.folder / name)]
