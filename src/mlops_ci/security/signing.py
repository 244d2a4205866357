"""A model's files, signed and verified by the program that the OpenSSF publishes for it: with a key, or by identity."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.scanner import Sandbox
from mlops_ci.security import programs
from mlops_ci.tools import model_signing

_TIMEOUT = 600.0  # seconds: it reads every byte of the model
KEYLESS = "model.sigstore.json"  # the signature by identity: a bundle of Sigstore
GITHUB = "https://token.actions.githubusercontent.com"  # who vouches for its workflows
# By these a job of GitHub, or one of any other service, gets a token that says who it is.
_OF_GITHUB = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
_TOKEN = "SIGSTORE_ID_TOKEN"  # noqa: S105 - the variable's name


@dataclass(frozen=True, slots=True)
class Identity:
    """Who must have signed, as the certificate says, and who vouches for that; `trust` names another Sigstore."""

    name: str
    provider: str = GITHUB
    trust: Path | None = None  # Sigstore's client trust configuration, JSON


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
    _demand_signature(signature)
    with tempfile.TemporaryDirectory() as home:
        model_signing.verify(_sandbox(model, Path(home), tools), key.absolute(), signature.absolute())


def sign_keyless(model: Path, signature: Path, tools: Path, trust: Path | None, environ: Mapping[str, str]) -> None:
    """Write the signature of a model folder by the identity of the job that runs this.

    Raises:
        NothingToJudge: there is no such model.
        UsageProblem: nothing in the environment says who this is.
        ProgramMissing, ProgramFailed: the program is not installed, or Sigstore refuses or does not answer.
    """
    _demand(model)
    proof = _proof(environ)
    signature.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        sandbox = _sandbox(model, Path(home), tools, needs_network=True)
        model_signing.sign_keyless(sandbox, signature.absolute(), _absolute(trust), proof)


def verify_keyless(model: Path, identity: Identity, signature: Path, tools: Path) -> None:
    """Raise Rejected unless this identity signed exactly this model; needs no network where it has a `trust`."""
    _demand(model)
    _demand_signature(signature)
    trust = _absolute(identity.trust)
    with tempfile.TemporaryDirectory() as home:
        sandbox = _sandbox(model, Path(home), tools, needs_network=trust is None)
        model_signing.verify_keyless(sandbox, signature.absolute(), identity.name, identity.provider, trust)


def _proof(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which the program learns who this is; without any, it would ask somebody to sign in."""
    if all(environ.get(name) for name in _OF_GITHUB):
        return {"GITHUB_ACTIONS": "true"} | {name: environ[name] for name in _OF_GITHUB}
    if environ.get(_TOKEN):
        return {"GITLAB_CI": "true", _TOKEN: environ[_TOKEN]}  # the program reads a given token in this way only
    raise UsageProblem(
        f"Nothing here says who signs. Give the job `id-token: write` in its permissions, or a token as {_TOKEN}."
    )


def _absolute(path: Path | None) -> Path | None:
    if path and not path.is_file():
        raise UsageProblem(f"{path}, the trust configuration of Sigstore, does not exist.")
    return path and path.absolute()


def _demand_signature(signature: Path) -> None:
    if not signature.is_file():
        raise NothingToJudge(f"{signature} does not exist. Sign the model first: mlops-ci signature sign.")


def _demand(model: Path) -> None:
    if not model.is_dir():
        raise NothingToJudge(f"{model} is no folder with a model. Train the model first.")


def _sandbox(model: Path, home: Path, tools: Path, *, needs_network: bool = False) -> Sandbox:
    return Sandbox(programs.find("model-signing", tools).path, model.resolve(), home, _TIMEOUT, needs_network)
