"""`mlops-ci signature`: sign a model's files, and verify that exactly these were signed."""

from collections.abc import Mapping
from pathlib import Path

import click

_MODEL = click.argument("model", type=click.Path(path_type=Path), default=Path("models/current"))
_SIGNATURE = click.option(
    "--signature",
    type=click.Path(path_type=Path),
    default=Path(".mlops-ci/evidence/model.sig"),
    show_default=True,
    metavar="FILE",
    help="Where the signature stands.",
)


@click.group("signature", help="Sign a model's files (OpenSSF model signing), and verify such a signature.")
def command() -> None:
    """Group the commands."""


@command.command("sign", help="Sign every file of a model folder with a private key.")
@_MODEL
@_SIGNATURE
@click.option("--key", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Private key: PEM, P-256.")
@click.pass_obj
def sign(environ: Mapping[str, str], model: Path, signature: Path, key: Path) -> None:
    """Sign a model."""
    from mlops_ci.security import signing
    from mlops_ci.security.programs import folder_from

    signing.sign(model, key, signature, folder_from(environ.get("MLOPS_CI_SCAN__TOOLS")))
    click.echo(f"{signature}: the signature of {model}", err=True)


@command.command("verify", help="Verify that the key's owner signed exactly these files; 10 when not.")
@_MODEL
@_SIGNATURE
@click.option("--key", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Public key: PEM.")
@click.pass_obj
def verify(environ: Mapping[str, str], model: Path, signature: Path, key: Path) -> None:
    """Verify a model's signature."""
    from mlops_ci.security import signing
    from mlops_ci.security.programs import folder_from

    signing.verify(model, key, signature, folder_from(environ.get("MLOPS_CI_SCAN__TOOLS")))
    click.echo(f"{model} is what was signed.", err=True)
