"""`mlops-ci report`: one comment on a pull request with all verdicts; where there can be none, the job summary."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.options import of_a_pipeline
from mlops_ci.cli.publish import append
from mlops_ci.cli.steps import forge, workflow_run
from mlops_ci.errors import ProgramFailed
from mlops_ci.process import SystemClock
from mlops_ci.render.terminal import Terminal
from mlops_ci.report import StepReport


@click.command("report", help="Write all verdicts of a pipeline into one comment on its pull request.")
@of_a_pipeline
@click.option("--pull-request", default="", metavar="NUMBER", help="Pull request to comment on; none: job summary.")
@click.option("--name", default="mlops-ci", show_default=True, help="Which comment, where a pull request has several.")
@click.option("--author", default="github-actions[bot]", show_default=True, help="Whom the token speaks for.")
@click.option("--format", "format_", type=click.Choice(["terminal", "json", "markdown"]), default="terminal")
@click.pass_obj
def command(environ: Mapping[str, str], /, reports: Path, expected: str, format_: str, **given: str) -> None:
    """Render the reports and put them where a reviewer looks; that nobody can be told is no failure of a gate."""
    from mlops_ci.journeys.verdict import join, read_needs, read_reports
    from mlops_ci.render.comment import render

    raw = read_reports(reports, expected.split())
    overall = join(read_needs(given["needs"]), raw, given["optional"].split(), given["commit"])
    text = render(overall, {step: _typed(one) for step, one in raw.items()}, workflow_run(environ))
    comment, because = _tell(environ, given, text)
    if because:
        Terminal().note(f"There is no comment: {because}")
        append(environ.get("GITHUB_STEP_SUMMARY"), f"{text}\n_This is no comment: {because}_\n")
    else:
        Terminal().note(f"The comment: {comment}")
    append(environ.get("GITHUB_OUTPUT"), f"verdict={overall.verdict}\ncomment={comment}\n")
    if format_ != "terminal":
        told = {"verdict": overall.verdict, "comment": comment or None, "because": because or None}
        click.echo(text if format_ == "markdown" else json.dumps(told, indent=2) + "\n", nl=False)


def _typed(raw: Mapping[str, Any] | None) -> StepReport | None:
    """Return a report as our own type; one in another shape is as good as none, and the verdict says so, too."""
    from mlops_ci.report import from_json

    try:
        return from_json(raw) if raw else None
    except ValueError:
        return None


def _tell(environ: Mapping[str, str], given: Mapping[str, str], text: str) -> tuple[str, str]:
    """Return the comment's URL, or why there is none; one of the two is empty."""
    from mlops_ci.journeys.comment import Outrun, Place, keep

    number, token, where = given["pull_request"], environ.get("MLOPS_CI_GIT_TOKEN"), forge(environ)
    if not number:
        return "", "this run is not about a pull request."
    if not number.isdecimal():
        raise click.UsageError(f"--pull-request is a number, not {number!r}.")
    if not where or not token:
        return "", "outside of a workflow, or without a token, nobody may write one."
    run = tuple(int(environ.get(f"GITHUB_RUN_{name}") or 0) for name in ("ID", "ATTEMPT"))
    place = Place(where, int(number), given["author"], given["name"], (run[0], run[1]))
    try:
        return " ".join(keep(place, text, token, SystemClock()).url.split()), ""
    except Outrun:
        return "", "a later run has written it already."
    except ProgramFailed as refused:
        return "", str(refused)
