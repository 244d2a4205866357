"""Build the command of a step from its catalog entry: flags from its section, one report out."""

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import click

from mlops_ci.catalog import Entry
from mlops_ci.cli.options import Common, common, flags, given
from mlops_ci.cli.publish import publish
from mlops_ci.errors import Interrupted, MlopsCiError, ProgramMissing
from mlops_ci.render.terminal import Terminal
from mlops_ci.report import StepReport
from mlops_ci.settings.project import SECTIONS
from mlops_ci.step import Context
from mlops_ci.tools.github import Forge

Action = Callable[[Any, Context], StepReport]


def build(entry: Entry, name: str) -> click.Command:
    """Return the click command that runs a step's `run`."""
    return command(entry, name, entry.summary, lambda: import_module(entry.module).run)


def command(
    entry: Entry, name: str, summary: str, load: Callable[[], Action], only: tuple[str, ...] | None = None
) -> click.Command:
    """Return a command of a step: `load` imports what it does, `only` limits the flags it has."""
    kind = SECTIONS[entry.section]

    @click.pass_obj
    def callback(environ: Mapping[str, str], /, **values: Any) -> int:  # noqa: ANN401 - flags of any section
        shared = Common(values.pop("settings"), values.pop("model"), values.pop("format_"), environ)
        return run(entry, load, shared, given(kind, values))

    made = click.Command(name, callback=callback, params=[*flags(kind, only)], help=summary, short_help=summary)
    return common(made)


def run(entry: Entry, load: Callable[[], Action], shared: Common, flags_: Mapping[str, Any]) -> int:
    """Run a step, publish its report even when it failed, and return the exit code."""
    terminal, began = Terminal(is_log="GITHUB_ACTIONS" in shared.environ), time.monotonic()
    try:
        report = _run(entry, load, shared, flags_, terminal)
    except (KeyboardInterrupt, Interrupted) as stopped:
        report = _failed(entry, Interrupted(str(stopped)))
    except MlopsCiError as failure:
        report = _failed(entry, failure)
    except Exception:  # noqa: BLE001 - a bug still leaves a report
        report = _failed(entry, MlopsCiError(f"Please report this:\n{traceback.format_exc()}"))
    report = replace(report, timings={**report.timings, "total": round(time.monotonic() - began, 3)})
    try:
        publish(report, root=shared.root(), format_=shared.format, environ=shared.environ, terminal=terminal)
    except ValueError:  # what JSON does not know, such as NaN, is a bug like any other
        report = _failed(entry, MlopsCiError(f"Please report this:\n{traceback.format_exc()}"))
        publish(report, root=shared.root(), format_=shared.format, environ=shared.environ, terminal=terminal)
    return report.exit_code


def _run(
    entry: Entry, load: Callable[[], Action], shared: Common, flags_: Mapping[str, Any], terminal: Terminal
) -> StepReport:
    options, context = prepare(entry, shared, flags_, terminal)
    try:
        return load()(options, context)
    except ModuleNotFoundError as missing:
        raise ProgramMissing(
            f"{entry.name} needs the library {missing.name}. Install it with: pip install 'mlops-ci[{entry.extra}]'"
        ) from missing


def prepare(entry: Entry, shared: Common, flags_: Mapping[str, Any], terminal: Terminal) -> tuple[Any, Context]:
    """Return a step's options, filled from all sources, and what it is given beside them."""
    cascade = shared.cascade()
    options = cascade.section(entry.section, SECTIONS[entry.section], flags_)
    project = cascade.project()
    context = Context(
        root=shared.root(),
        model=project.model,
        progress=terminal,
        tracking_uri=project.tracking_uri,
        settings_path=cascade.document.path,
        chosen_model=shared.model,
        git_token=shared.environ.get("MLOPS_CI_GIT_TOKEN"),
        signing_key=shared.environ.get("MLOPS_CI_SIGNING_KEY"),
        trusted_keys=project.trusted_keys,
        hosted_runner=shared.environ.get("RUNNER_ENVIRONMENT") == "github-hosted",
        forge=forge(shared.environ),
        workflow_run=workflow_run(shared.environ),
    )
    return options, context


def forge(environ: Mapping[str, str]) -> Forge | None:
    """Return the repository that a workflow runs for."""
    repository = environ.get("GITHUB_REPOSITORY")
    return Forge(environ.get("GITHUB_API_URL", "https://api.github.com"), repository) if repository else None


def workflow_run(environ: Mapping[str, str]) -> str | None:
    """Return the URL of the workflow's run and its attempt."""
    words = [environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID", "RUN_ATTEMPT")]
    if environ.get("GITHUB_ACTIONS") != "true" or not all(words[:3]):
        return None
    return f"{words[0]}/{words[1]}/actions/runs/{words[2]}/attempts/{words[3] or 1}"


def _failed(entry: Entry, failure: MlopsCiError) -> StepReport:
    return StepReport(entry.name, judged=False, error=str(failure), error_code=failure.exit_code)
