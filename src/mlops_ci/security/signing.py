"""A model's files, signed and verified with keys, by the program that the OpenSSF publishes for it."""

import tempfile
from pathlib import Path

from mlops_ci.errors import NothingToJudge
from mlops_ci.scanner import Sandbox
from mlops_ci.security import programs
from mlops_ci.tools import model_signing

_TIMEOUT = 600.0  # seconds: it reads every byte of the model


def sign(model: Path, key: Path, signature: Path, tools: Path) -> None:
    """Write the signature of a model folder.

    Raises:
        NothingToJudge: there is no such model.
        ProgramMissing, ProgramFailed: the program is not installed, or cannot use the key.
    """
    _demand(model)
    signature.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        model_signing.sign(_sandbox(model, Path(home), tools), key.absolute(), signature.absolute())


def verify(model: Path, key: Path, signature: Path, tools: Path) -> None:
    """Raise Rejected unless the owner of a public key signed exactly this model."""
    _demand(model)
    if not signature.is_file():
        raise NothingToJudge(f"{signature} does not exist. Sign the model first: mlops-ci signature sign.")
    with tempfile.TemporaryDirectory() as home:
        model_signing.verify(_sandbox(model, Path(home), tools), key.absolute(), signature.absolute())


def _demand(model: Path) -> None:
    if not model.is_dir():
        raise NothingToJudge(f"{model} is no folder with a model. Train the model first.")


def _sandbox(model: Path, home: Path, tools: Path) -> Sandbox:
    return Sandbox(programs.find("model-signing", tools).path, model.resolve(), home, _TIMEOUT)
