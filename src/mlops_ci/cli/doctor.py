"""`mlops-ci doctor`: what a generated repository lacks, and what could not be looked at."""

from collections.abc import Mapping
from pathlib import Path

import click

from mlops_ci.cli.options import Common, common
from mlops_ci.cli.publish import publish
from mlops_ci.cli.steps import forge
from mlops_ci.render.terminal import Terminal
from mlops_ci.settings import document


@click.command("doctor", help="Check a generated repository, and say what to fix; nothing is changed.")
@common
@click.pass_obj
def command(environ: Mapping[str, str], /, settings: Path | None, model: str | None, format_: str) -> int:
    """Examine the repository and publish the report."""
    from mlops_ci.journeys.doctor import examine

    shared, terminal = Common(settings, model, format_, environ), Terminal(is_log="GITHUB_ACTIONS" in environ)
    terminal.status("looking at the repository, at GitHub and at the template")
    named = settings or document.find(Path.cwd())
    report = examine(shared.root(), named, forge(environ), environ.get("MLOPS_CI_GIT_TOKEN"), environ)
    publish(report, root=shared.root(), format_=format_, environ=environ, terminal=terminal)
    return report.exit_code
