"""The options that every command has, and flags made from a section's model."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic.fields import FieldInfo

from mlops_ci.errors import UsageProblem
from mlops_ci.settings import document
from mlops_ci.settings.fields import Section
from mlops_ci.settings.load import Cascade, flag_of, is_flag

FORMATS = ("terminal", "json", "markdown", "html", "sarif")

CommandT = TypeVar("CommandT", bound=Callable[..., Any] | click.Command)


@dataclass(frozen=True, slots=True)
class Common:
    """What the common options said."""

    settings: Path | None
    model: str | None
    format: str
    environ: Mapping[str, str]

    def cascade(self) -> Cascade:
        """Return the sources of settings; the file is looked for from the current folder upwards."""
        path = self.settings or document.find(Path.cwd())
        if path and not path.is_file():
            raise UsageProblem(f"{path} does not exist. --settings names a settings file such as mlops.yaml.")
        source = document.read(path) if path else document.Document()
        return Cascade(source, self.environ, self.model)

    def root(self) -> Path:
        """Return the ML repository: the settings file's folder, otherwise the current one."""
        path = self.settings or document.find(Path.cwd())
        return path.resolve().parent if path and path.is_file() else Path.cwd()


def common(function: CommandT) -> CommandT:
    """Add --settings, --model and --format."""
    for option in (
        click.option("--format", "format_", type=click.Choice(FORMATS), default="terminal", show_default=True,
                     help="Form of the report; all but `terminal` go to stdout."),
        click.option("--model", metavar="NAME", help="Which of the settings' models."),
        click.option("--settings", type=click.Path(path_type=Path), metavar="FILE",
                     help="Settings file; mlops.yaml here or above by default."),
    ):  # fmt: skip
        function = option(function)
    return function


def for_helper(function: CommandT) -> CommandT:
    """Add the options of commands that answer in words or in JSON: --settings, --model and --format."""
    for option in (
        click.option("--format", "format_", type=click.Choice(["terminal", "json"]), default="terminal"),
        click.option("--model", metavar="NAME", help="Which of the settings' models."),
        click.option("--settings", type=click.Path(path_type=Path), metavar="FILE", help="Settings file."),
    ):
        function = option(function)
    return function


def of_a_pipeline(function: CommandT) -> CommandT:
    """Add what says which jobs and steps a pipeline has, and where their reports are."""
    reports = click.Path(path_type=Path)
    for option in (
        click.option("--reports", type=reports, default=Path(".mlops-ci/reports"), show_default=True,
                     help="Folder with the reports, looked through with all its subfolders."),
        click.option("--commit", default="", metavar="COMMIT",
                     help="What the reports must be about; anything by default."),
        click.option("--optional", default="", metavar="JOBS",
                     help="Jobs that may be skipped, separated by spaces."),
        click.option("--expected", default="", metavar="STEPS",
                     help="Steps whose reports must be there, separated by spaces."),
        click.option("--needs", default="", metavar="JSON",
                     help="What ${{ toJSON(needs) }} gives: jobs and their results."),
    ):  # fmt: skip
        function = option(function)
    return function


def flags(kind: type[Section], names: tuple[str, ...] | None = None) -> list[click.Option]:
    """Return one option for each single-valued setting of a section, with its description and default."""
    found = []
    for name, info in kind.model_fields.items():
        if not is_flag(kind, name) or (names is not None and name not in names):
            continue
        word = flag_of(kind, name)
        default = "" if info.is_required() or info.default is None else f"  [default: {info.default}]"
        is_switch = info.annotation is bool
        declaration = f"--{word}/--no-{word}" if is_switch else f"--{word}"
        kwargs = {} if is_switch else {"metavar": word.split("-")[-1].upper()}
        text = f"{info.description}{default}"
        found.append(click.Option([declaration, name], default=None, help=text, **kwargs))  # type: ignore[arg-type]
    return found


def given(kind: type[Section], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flags that were given; a path on the command line is relative to the current folder."""
    said = {name: value for name, value in values.items() if value is not None}
    paths = {name for name in said if _is_path(kind.model_fields[name])}
    return {name: _from_here(str(value)) if name in paths else value for name, value in said.items()}


def _from_here(path: str) -> str:
    """Return a path of the command line as an absolute one; a URL, such as models:/name@alias, stays as it is."""
    return path if re.match(r"[a-z][a-z0-9+.-]*:/", path) else str(Path.cwd() / path)


def _is_path(info: FieldInfo) -> bool:
    extra = info.json_schema_extra
    return info.annotation in (Path, Path | None) or (
        isinstance(extra, dict) and extra.get("path") is True
    )  # a glob is text
