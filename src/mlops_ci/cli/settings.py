"""`mlops-ci settings`: each value that is in force, and where it came from."""

from collections.abc import Mapping
from pathlib import Path

import click

from mlops_ci.cli.options import Common
from mlops_ci.settings.project import SECTIONS


@click.command("settings", help="Show each setting and where it came from; --schema prints the JSON Schema.")
@click.option("--settings", type=click.Path(path_type=Path), metavar="FILE", help="Settings file.")
@click.option("--model", metavar="NAME", help="Which of the settings' models.")
@click.option("--format", "format_", type=click.Choice(["terminal", "json"]), default="terminal")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of mlops.yaml.")
@click.pass_obj
def command(
    environ: Mapping[str, str], settings: Path | None, model: str | None, format_: str, *, schema: bool
) -> None:
    """Print the settings in force."""
    import json

    if schema:
        from mlops_ci.settings.schema import json_schema

        click.echo(json.dumps(json_schema(), indent=2))
        return
    cascade = Common(settings, model, format_, environ).cascade()
    cascade.check_all()
    project = cascade.project().model_dump()
    rows = [(key, value, "in force") for key, value in project.items()]
    for name, kind in SECTIONS.items():
        rows += [(one.key, one.value, one.origin) for one in cascade.values(name, kind)]
    if format_ == "json":
        click.echo(
            json.dumps(
                [dict(zip(("key", "value", "origin"), row, strict=True)) for row in rows],
                indent=2,
                default=str,
            )
        )
        return
    width = max(len(key) for key, _, _ in rows)
    for key, value, origin in rows:
        click.echo(f"{key:<{width}}  {json.dumps(value, default=str)}  ({origin})")
