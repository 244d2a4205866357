"""`mlops-ci signature`: sign a model's files, and verify that exactly these were signed."""

from collections.abc import Mapping
from pathlib import Path

import click

from mlops_ci.cli.output import needs_library

_MODEL = click.argument("model", type=click.Path(path_type=Path), default=Path("models/current"))
_SIGNATURE = click.option(
    "--signature",
    type=click.Path(path_type=Path),
    default=Path(".mlops-ci/evidence/model.sig"),
    show_default=True,
    metavar="FILE",
    help="Where the signature stands.",
)

_TRUST = click.option(
    "--trust-config",
    "trust",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Client trust configuration of another Sigstore than the public one.",
)


@click.group("signature", help="Sign a model's files (OpenSSF model signing), and verify such a signature.")
def command() -> None:
    """Group the commands."""


@command.command("sign", help="Sign every file of a model folder with a private key.")
@_MODEL
@_SIGNATURE
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Private key: PEM, P-256; without one, MLOPS_CI_MODEL_KEY or this machine's own, made at first use.",
)
@click.option(
    "--keyless",
    is_flag=True,
    help="Sign by the identity of this job (Sigstore) as well, into model.sigstore.json; or set MLOPS_CI_KEYLESS=true.",
)
@_TRUST
@click.option("--install", is_flag=True, help="Install the pinned program that signs, where it is not here.")
@click.pass_obj
@needs_library("signature", "register")
def sign(
    environ: Mapping[str, str],
    model: Path,
    signature: Path,
    key: Path | None,
    trust: Path | None,
    *,
    keyless: bool,
    install: bool,
) -> None:
    """Sign a model."""
    from mlops_ci.security import model_keys, programs, signing

    tools = programs.folder_from(environ.get("MLOPS_CI_SCAN__TOOLS"))
    if install:
        programs.install("model-signing", tools)
    if key:
        signing.sign(model, key, signature, tools)
    else:
        secret, public = environ.get("MLOPS_CI_MODEL_KEY"), signature.with_name("model.pub.pem")
        with model_keys.private_key(secret, Path(".mlops-ci/keys"), public) as own:
            signing.sign(model, own, signature, tools)
    click.echo(f"{signature}: the signature of {model}", err=True)
    if keyless or environ.get("MLOPS_CI_KEYLESS") == "true":
        beside = signature.with_name(signing.KEYLESS)
        signing.sign_keyless(model, beside, tools, trust, environ)
        click.echo(f"{beside}: the signature of {model} by the identity of this job", err=True)


@command.command("verify", help="Verify that the key's owner, or an identity, signed exactly these files; 10 when not.")
@_MODEL
@_SIGNATURE
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="Public key: PEM.")
@click.option("--identity", metavar="NAME", help="Instead of a key: who must have signed, by Sigstore.")
@click.option(
    "--identity-provider",
    "provider",
    metavar="URL",
    help="Who vouches for the identity.  [default: GitHub, for its workflows]",
)
@_TRUST
@click.pass_obj
def verify(
    environ: Mapping[str, str],
    model: Path,
    signature: Path,
    key: Path | None,
    identity: str | None,
    provider: str | None,
    trust: Path | None,
) -> None:
    """Verify a model's signature."""
    from mlops_ci.security import signing
    from mlops_ci.security.programs import folder_from

    tools = folder_from(environ.get("MLOPS_CI_SCAN__TOOLS"))
    if key and not identity:
        signing.verify(model, key, signature, tools)
    elif identity and not key:
        signing.verify_keyless(model, signing.Identity(identity, provider or signing.GITHUB, trust), signature, tools)
    else:
        raise click.UsageError("name either the key (--key) or the identity (--identity) that must have signed")
    click.echo(f"{model} is what was signed.", err=True)
