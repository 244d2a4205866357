"""`mlops-ci verdict`: the one required check."""

from collections.abc import Mapping
from pathlib import Path

import click

from mlops_ci.cli.options import FORMATS, of_a_pipeline
from mlops_ci.cli.publish import publish
from mlops_ci.render.terminal import Terminal


@click.command("verdict", help="Join the reports of a pipeline into one verdict: the one required check.")
@of_a_pipeline
@click.option("--format", "format_", type=click.Choice(FORMATS), default="terminal", show_default=True)
@click.pass_obj
def command(environ: Mapping[str, str], /, needs: str, reports: Path, format_: str, **given: str) -> int:
    """Judge what the jobs and steps of a pipeline left."""
    from mlops_ci.journeys.verdict import join, read_needs, read_reports

    read = read_reports(reports, given["expected"].split())
    report = join(read_needs(needs), read, given["optional"].split(), given["commit"])
    publish(report, root=Path.cwd(), format_=format_, environ=environ, terminal=Terminal())
    return report.exit_code
