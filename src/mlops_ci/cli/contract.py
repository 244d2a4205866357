"""`mlops-ci contract`: a contract's life: propose it, check it, compare it, and derive from it what must agree."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_ci.cli.data import sensitive, settings_of
from mlops_ci.cli.options import FORMATS
from mlops_ci.cli.output import needs_library, write_whole
from mlops_ci.cli.publish import publish
from mlops_ci.render.terminal import Terminal
from mlops_ci.report import StepReport

if TYPE_CHECKING:
    from mlops_ci.contracts.suite import Suite

_FILE = click.Path(path_type=Path)
_OUT = click.option("--out", type=_FILE, metavar="FILE", help="Where to write it; stdout by default.")
_FORMAT = click.option("--format", "format_", type=click.Choice(FORMATS), default="terminal", show_default=True)
_TRAINING_ONLY = click.option(
    "--training-only", metavar="COLUMNS", help="Columns that requests lack; `data.training_only` by default."
)
_SETTINGS = click.option("--settings", type=_FILE, metavar="FILE", help="Settings file; mlops.yaml by default.")


@click.group("contract", help="Propose a contract, check it, compare two, and derive the request schema from it.")
def command() -> None:
    """Group the commands."""


@command.command("infer", help="Propose a contract from good data; its notes explain each margin.")
@click.option("--data", required=True, metavar="PATH", help="Good data, as for validate-data.")
@click.option("--table", metavar="TABLE", help="Table of a database; needed where there are several.")
@click.option("--query", metavar="QUERY", help="SQL query whose rows are looked at; files are the table `data`.")
@click.option("--name", default="data", show_default=True, help="Name of the contract.")
@click.option("--sensitive", "marked", metavar="COLUMNS", help="Columns, with commas, of which no value may be used.")
@_OUT
@click.pass_obj
@needs_library("contract", "data")
def infer(
    environ: Mapping[str, str],
    data: str,
    table: str | None,
    query: str | None,
    name: str,
    marked: str | None,
    out: Path | None,
) -> None:
    """Write a proposal."""
    import json

    from mlops_ci.contracts import infer
    from mlops_ci.contracts.sources import Source, open_source

    with open_source(Source(data, table, query), Path.cwd()) as opened:
        columns = [column.name for column in opened.table.columns]
        proposed = infer.infer(opened.table, name, sensitive(environ, marked, columns))
    lines = ",\n".join(f"    {json.dumps(one, ensure_ascii=False)}" for one in proposed.pop("expectations"))
    rest = json.dumps(proposed.pop("meta"))
    _say(f'{{\n  "name": {json.dumps(name)},\n  "expectations": [\n{lines}\n  ],\n  "meta": {rest}\n}}\n', out)


@command.command("check", help="Find checks that cannot fail, or can only fail, and other faults of a contract.")
@click.argument("contract", type=_FILE)
@_FORMAT
@click.pass_obj
@needs_library("contract", "data")
def check(environ: Mapping[str, str], contract: Path, format_: str) -> int:
    """Judge a contract."""
    from mlops_ci.contracts.check import check
    from mlops_ci.contracts.contract_words import remarks_found
    from mlops_ci.evidence import digest_file

    findings = remarks_found(check(_read(contract)), str(contract))
    report = StepReport("contract-check", findings=findings, inputs={"contract": digest_file(contract)})
    return _publish(report, format_, environ)


@command.command("diff", help="Name what changes from contract OLD to NEW, breaking changes first.")
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@_TRAINING_ONLY
@_SETTINGS
@_FORMAT
@click.pass_obj
@needs_library("contract", "data")
def diff(
    environ: Mapping[str, str], old: Path, new: Path, training_only: str | None, settings: Path | None, format_: str
) -> int:
    """Judge the step from one contract to another."""
    from mlops_ci.contracts.changes import compare, major
    from mlops_ci.contracts.contract_words import changes_found
    from mlops_ci.evidence import digest_file

    before, after = _read(old), _read(new)
    changes = compare(before, after, _without(training_only, settings, environ))
    findings = changes_found(changes, str(new), raised=major(after) > major(before))
    inputs = {"old": digest_file(old), "new": digest_file(new)}
    return _publish(StepReport("contract-diff", findings=findings, inputs=inputs), format_, environ)


@command.command("request", help="Derive the JSON Schema of a serving request: training and serving share one truth.")
@click.argument("contract", type=_FILE)
@_TRAINING_ONLY
@_SETTINGS
@_OUT
@click.pass_obj
@needs_library("contract", "data")
def request(
    environ: Mapping[str, str], contract: Path, training_only: str | None, settings: Path | None, out: Path | None
) -> None:
    """Write the schema."""
    from mlops_ci.contracts.request import request_schema, to_text

    _say(to_text(request_schema(_read(contract), _without(training_only, settings, environ))), out)


@command.command("dictionary", help="Write the data dictionary, a page on every column, from contract and profile.")
@click.argument("contract", type=_FILE)
@click.option("--profile", type=_FILE, metavar="FILE", help="Profile of trusted data, for what was seen.")
@_TRAINING_ONLY
@_SETTINGS
@_OUT
@click.pass_obj
@needs_library("contract", "data")
def dictionary(
    environ: Mapping[str, str],
    contract: Path,
    profile: Path | None,
    training_only: str | None,
    settings: Path | None,
    out: Path | None,
) -> None:
    """Write the page."""
    from mlops_ci.contracts import profile as profiles
    from mlops_ci.contracts.dictionary import dictionary

    seen = profiles.read(profile, str(profile)) if profile else None
    found = settings_of(environ, settings, training_only=training_only)
    _say(dictionary(_read(contract), seen, found.training_only, found.sensitive), out)


def _read(path: Path) -> "Suite":
    from mlops_ci.contracts import suite

    return suite.read(path, shown=str(path))


def _without(flag: str | None, settings: Path | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns that requests lack: the flag's, else those of the settings, where there are any."""
    return settings_of(environ, settings, training_only=flag).training_only


def _say(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
    else:
        write_whole(out, text)


def _publish(report: StepReport, format_: str, environ: Mapping[str, str]) -> int:
    publish(report, root=Path.cwd(), format_=format_, environ=environ, terminal=Terminal())
    return report.exit_code
