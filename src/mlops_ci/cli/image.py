"""`mlops-ci image`: build the image of this commit with its model, and push it where a registry is named."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from mlops_ci.catalog import STEPS
from mlops_ci.cli.options import Common, for_helper
from mlops_ci.cli.output import needs_library
from mlops_ci.cli.steps import prepare
from mlops_ci.render.terminal import Terminal


@click.command("image", help="Build the image of this commit with its model; push it where --push-to says.")
@click.option("--push-to", metavar="REPOSITORY", help="Repository of a registry, without a tag; by default none.")
@for_helper
@click.pass_obj
@needs_library("image", "canary")
def command(
    environ: Mapping[str, str], *, push_to: str | None, settings: Path | None, model: str | None, format_: str
) -> None:
    """Build an image and say what it is called."""
    from mlops_ci.journeys.image import make

    terminal, shared = Terminal(is_log="GITHUB_ACTIONS" in environ), Common(settings, model, "terminal", environ)
    register, _ = prepare(STEPS["register-model"], shared, {}, terminal)
    options, context = prepare(STEPS["canary"], shared, {}, terminal)
    made = make(options, register.path, context, push_to or None)
    said = asdict(made) | {"reference": made.reference}
    if outputs := environ.get("GITHUB_OUTPUT"):
        with Path(outputs).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name}={value}\n" for name, value in said.items())
    click.echo(json.dumps(said, indent=2) if format_ == "json" else made.reference or made.id)
