"""`mlops-ci champion`: which model is released, by its digest; a workflow finds by it what an earlier run has kept."""

import json
from collections.abc import Mapping
from pathlib import Path

import click

from mlops_ci.catalog import STEPS
from mlops_ci.cli.options import Common, for_helper
from mlops_ci.cli.publish import append
from mlops_ci.cli.steps import prepare
from mlops_ci.release.branch import StateBranch
from mlops_ci.render.terminal import Terminal
from mlops_ci.tools.git import Git


@click.command("champion", help="Say which model is the champion that gate-model compares with, as it is recorded.")
@for_helper
@click.pass_obj
def command(environ: Mapping[str, str], *, settings: Path | None, model: str | None, format_: str) -> None:
    """Read the state branch and say what it names; nothing is no failure."""
    terminal = Terminal(is_log="GITHUB_ACTIONS" in environ)
    options, context = prepare(STEPS["gate-model"], Common(settings, model, "terminal", environ), {}, terminal)
    git = Git(context.root, context.git_token)
    git.demand_origin()
    released = StateBranch(git, options.environment, context.model).read().champion
    said = {
        "digest": released.model_digest if released else "",
        "version": released.version if released else "",
        "commit": released.commit if released else "",
    }
    append(environ.get("GITHUB_OUTPUT"), "".join(f"{name}={' '.join(one.split())}\n" for name, one in said.items()))
    if format_ == "json":
        click.echo(json.dumps(said, indent=2))
    elif released:
        click.echo(f"{released.name}: {released.model_digest}, made by commit {released.commit}")
    else:
        click.echo(f"Nothing was released in {options.environment} yet.")
