"""`mlops-ci record`: count on the ledger what the gate of a run decided that may not push."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_ci.cli.publish import append
from mlops_ci.process import SystemClock
from mlops_ci.render.terminal import Terminal
from mlops_ci.tools.git import Git

if TYPE_CHECKING:
    from mlops_ci.journeys.record import Recorded


@click.command("record", help="Count on the state branch what the gate of another run decided on its golden set.")
@click.option("--commit", required=True, metavar="COMMIT", help="Head of the run whose report is read.")
@click.option(
    "--reports",
    type=click.Path(path_type=Path),
    default=Path("reports"),
    show_default=True,
    help="Folder with the report of gate-model; without one nothing is counted.",
)
@click.option("--format", "format_", type=click.Choice(["terminal", "json"]), default="terminal")
@click.pass_obj
def command(environ: Mapping[str, str], /, commit: str, reports: Path, format_: str) -> None:
    """Read one report, count its decision, and say what was new."""
    from mlops_ci.journeys import record

    git = Git(Path.cwd(), environ.get("MLOPS_CI_GIT_TOKEN"))
    git.demand_origin()
    at = datetime.fromtimestamp(SystemClock().now(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    report = record.read(reports)
    made = list(record.count(report, git, commit, at)) if report else []
    text = _said(made) if report else f"Nothing to count: there is no report of {record.STEP}, for it did not run."
    new = sum(one.is_new for one in made)
    Terminal().note(text)
    append(environ.get("GITHUB_STEP_SUMMARY"), f"{text}\n")
    append(environ.get("GITHUB_OUTPUT"), f"counted={new}\n")
    if format_ == "json":
        click.echo(json.dumps({"counted": new, "said": text}, indent=2))


def _said(made: Sequence["Recorded"]) -> str:
    if not made:
        return "Nothing to count: the gate reached no verdict, or not about what is released."
    new = {True: "was counted", False: "was counted before: the same question is no further decision"}
    return " ".join(f"{one.entry.decision.verdict} on {one.entry.golden[:19]} {new[one.is_new]}." for one in made)
