"""`mlops-ci selftest`: which planted defects the settings of this repository catch."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp

import click

from mlops_ci.cli.options import Common, for_helper
from mlops_ci.journeys.selftest_defect import Outcome
from mlops_ci.render.terminal import Terminal


@click.command("selftest", help="Plant known defects in a copy of this repository, and show which its settings catch.")
@click.option("--only", multiple=True, metavar="DEFECT", help="Try this one; may be given several times.")
@click.option("--list", "list_", is_flag=True, help="Name every defect and the step that must stop it.")
@click.option("--keep", is_flag=True, help="Leave the copy to look at.")
@for_helper
@click.pass_obj
def command(
    environ: Mapping[str, str],
    /,
    only: tuple[str, ...],
    settings: Path | None,
    model: str | None,
    format_: str,
    *,
    list_: bool,
    keep: bool,
) -> int:
    """Try every defect; the repository itself is only read."""
    from mlops_ci.journeys.selftest import DEFECTS, exit_code, selftest

    if list_:
        click.echo("\n".join(f"{step:<15} {name}" for name, step in DEFECTS.items()))
        return 0
    shared = Common(settings, model, format_, environ)
    terminal, found = Terminal(is_log="GITHUB_ACTIONS" in environ), list[Outcome]()
    folder = Path(mkdtemp(prefix="mlops-ci-selftest-"))
    try:
        for one in selftest(shared.cascade(), shared.root(), folder, only, terminal):
            terminal.note(_line(one))
            found.append(one)
        terminal.status("")
        code = exit_code(found)
    finally:
        terminal.status("")
        if keep:
            terminal.note(f"The copy: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    terminal.note(_sum(found))
    if format_ == "json":
        click.echo(json.dumps({"exit_code": code, "defects": [one.to_json() for one in found]}, indent=2))
    return code


def _line(one: Outcome) -> str:
    return f"{one.result:<15} {one.step:<15} {one.defect:<26} {one.code:<17} {one.seconds or 0:>6.1f} s  {one.because}"


def _sum(outcomes: Sequence[Outcome]) -> str:
    counts = {name: sum(one.result == name for one in outcomes) for name in ("caught", "NOT caught", "error")}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    rest = sum(one.result == "not applicable" for one in outcomes)
    return f"{told}{f'; {rest} not applicable' if rest else ''}."
