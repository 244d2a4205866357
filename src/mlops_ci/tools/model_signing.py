"""model-signing signs a model's files as the OpenSSF specification says, and verifies such signatures, with keys."""

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
    done = sandbox.run("verify", "key", *_ignored(sandbox), "--public_key", key, "--signature", signature,
                       sandbox.folder, ok=(0, 1))  # fmt: skip
    if done.code or "succeeded" not in done.stdout + done.stderr:
        said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise Rejected(f"The signature {signature.name} does not fit the model: {said}")


def _ignored(sandbox: Sandbox) -> list[str | Path]:
    return [word for name in _IGNORED for word in ("--ignore-paths", sandbox.folder / name)]
