"""`mlops-ci adopt`: adds the pipeline to a repository that has a model already, and overwrites nothing."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_ci.cli.output import needs_library
from mlops_ci.errors import UsageProblem
from mlops_ci.render.terminal import Terminal

if TYPE_CHECKING:
    from mlops_ci.journeys.adopt import Plan

_ASKED = {
    "data": "Data (a path or glob)",
    "label": "Column with the truth",
    "model": "Folder of the saved MLflow model",
}
_STATES = {"new": "write", "same": "unchanged", "kept": "kept"}


@click.command("adopt", help="Add the pipeline to a repository that has a model already; nothing is overwritten.")
@click.option(
    "--data", metavar="PATH", help="Data that the model trains on: a path or glob of Parquet, CSV or JSON Lines."
)
@click.option("--label", metavar="COLUMN", help="Column with the truth.")
@click.option("--model", metavar="FOLDER", help="Folder of the saved MLflow model.")
@click.option(
    "--problem",
    type=click.Choice(["binary", "regression", "multiclass", "ranking"]),
    help="Kind of problem; by default what the labels look like.",
)
@click.option("--name", metavar="NAME", help="Name of the registered model; the folder's by default.")
@click.option("--golden", metavar="FILE", help="Golden set; by default a sample of complete rows.")
@click.option("--query", metavar="COLUMN", help="Column that says which rows are ranked together.")
@click.option("--test", metavar="COMMAND", help="What tests the repository; pytest where it has tests.")
@click.option("--train", metavar="COMMAND", help="What makes the model, where it is not in git; dvc repro with DVC.")
@click.option(
    "--serve", metavar="COMMAND", help="What serves MODEL_PATH on PORT; a small service is written otherwise."
)
@click.option("--pin", metavar="COMMIT", help="Commit of mlops-ci for the workflows; this one's by default.")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.pass_obj
@needs_library("adopt", "data")
def command(environ: Mapping[str, str], /, *, dry_run: bool, **said: Any) -> None:  # noqa: ANN401 - flags by name
    """Plan, then write."""
    from mlops_ci.journeys.adopt import plan
    from mlops_ci.journeys.adopt_facts import Wish

    terminal = Terminal(is_log="GITHUB_ACTIONS" in environ)
    asks = sys.stdin.isatty() and not environ.get("CI")
    given = {name: said[name] or _ask(name, words, asks=asks) for name, words in _ASKED.items()}
    made = plan(Wish(**(said | given)), Path.cwd(), terminal)
    if not dry_run:
        made.write()
    for line in _told(made, dry_run=dry_run):
        terminal.note(line)


def _ask(name: str, words: str, *, asks: bool) -> str:
    if not asks:
        raise UsageProblem(f"--{name} is missing: {words[0].lower()}{words[1:]}.")
    return str(click.prompt(words, err=True))


def _told(made: "Plan", *, dry_run: bool) -> list[str]:
    would = "would write" if dry_run else "written"
    words = {**_STATES, "new": would}
    lines = [f"{words[one.state]:<12} {one.path}" for one in made.files]
    kept = [one.path for one in made.files if one.state == "kept"]
    todo = list(made.by_hand)
    if kept:
        todo.insert(
            0,
            f"Yours are kept as they are: {', '.join(kept)}. Move one away and run adopt again to see ours; merge.",
        )
    return [*lines, "", "What is left to you:", *(f"{at}. {one}" for at, one in enumerate(todo, 1))]
