"""`mlops-ci keys`: the pair that signs evidence; the public half goes into the repository, the private one does not."""

from collections.abc import Mapping
from pathlib import Path

import click

from mlops_ci.cli.options import Common
from mlops_ci.cli.output import needs_library, write_whole


@click.command("keys", help="Write the public half of the key that signs evidence; make the key where there is none.")
@click.option(
    "--public", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where the public half is written."
)
@click.option(
    "--private",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Private key to use or make, instead of MLOPS_CI_SIGNING_KEY or this repository's own.",
)
@click.option("--settings", type=click.Path(path_type=Path), metavar="FILE", help="Settings file.")
@click.pass_obj
@needs_library("keys", "register")
def command(environ: Mapping[str, str], settings: Path | None, public: Path, private: Path | None) -> None:
    """Write a public key."""
    from mlops_ci.evidence import keys

    own = Common(settings, None, "terminal", environ).root() / ".mlops-ci" / "keys" / "evidence.pem"
    secret = None if private else environ.get("MLOPS_CI_SIGNING_KEY")
    key = keys.load_or_make(secret, private or own)
    write_whole(public, keys.public_pem(key))
    click.echo(f"{public}: key {key.public_key.keyid[:16]}", err=True)
