"""`mlops-ci verdict`: the one required check."""

from collections.abc import Mapping
from pathlib import Path

import click

from mlops_ci.cli.options import FORMATS
from mlops_ci.cli.publish import publish
from mlops_ci.render.terminal import Terminal


@click.command("verdict", help="Join the reports of a pipeline into one verdict: the one required check.")
@click.option("--needs", default="", metavar="JSON", help="What ${{ toJSON(needs) }} gives: jobs and their results.")
@click.option("--expected", default="", metavar="STEPS", help="Steps whose reports must be there, separated by spaces.")
@click.option("--optional", default="", metavar="JOBS", help="Jobs that may be skipped, separated by spaces.")
@click.option(
    "--reports",
    type=click.Path(path_type=Path),
    default=Path(".mlops-ci/reports"),
    show_default=True,
    help="Folder with the reports, looked through with all its subfolders.",
)
@click.option("--format", "format_", type=click.Choice(FORMATS), default="terminal", show_default=True)
@click.pass_obj
def command(environ: Mapping[str, str], needs: str, expected: str, optional: str, reports: Path, format_: str) -> int:
    """Judge what the jobs and steps of a pipeline left."""
    from mlops_ci.journeys.verdict import join, read_needs, read_reports

    report = join(read_needs(needs), read_reports(reports, expected.split()), optional.split())
    publish(report, root=Path.cwd(), format_=format_, environ=environ, terminal=Terminal())
    return report.exit_code
