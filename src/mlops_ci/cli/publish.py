"""Hand a report to everyone who reads it: a person, a pipe, GitHub, and the reports folder."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import click

from mlops_ci.render import annotations, json, markdown
from mlops_ci.render.terminal import Terminal
from mlops_ci.report import StepReport


def publish(report: StepReport, *, root: Path, format_: str, environ: Mapping[str, str], terminal: Terminal) -> None:
    """Write the report file, the terminal text, stdout and, under GitHub Actions, its three channels."""
    workspace = root / ".mlops-ci"
    path = workspace / "reports" / f"{report.step}.json"
    text = json.render(report)
    _write(path, text)
    if not (workspace / ".gitignore").exists():  # our own files must not make the work tree dirty
        _write(workspace / ".gitignore", "*\n")
    terminal.report(report)
    if format_ != "terminal":
        shown = text if format_ == "json" else import_module(f"mlops_ci.render.{format_}").render(report)
        click.echo(shown, nl=False)
    if environ.get("GITHUB_ACTIONS") == "true":
        click.echo(annotations.render(report), nl=False, err=True)
        summary = markdown.render(report)
        _write(path.with_suffix(".md"), summary)
        if report.step == "scan":  # what code scanning takes
            _write(path.with_suffix(".sarif"), import_module("mlops_ci.render.sarif").render(report))
        append(environ.get("GITHUB_STEP_SUMMARY"), summary)
        append(environ.get("GITHUB_OUTPUT"), _outputs(report, path))


def _outputs(report: StepReport, path: Path) -> str:
    values = {
        "verdict": report.verdict or "none",
        "exit-code": str(report.exit_code),
        "report": str(path),
        "summary": str(path.with_suffix(".md")),
        **report.outputs,
    }
    return "".join(f"{name}={' '.join(value.split())}\n" for name, value in values.items())


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all; that it cannot be written is said, and changes no verdict."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with _said(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)


def append(path: str | None, text: str) -> None:
    """Add to a file that GitHub reads after the step; nothing happens where it gave none."""
    if path:
        with _said(Path(path)), Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        click.echo(
            f"mlops-ci: {path} cannot be written: {problem.strerror}. Nothing of this run stands there.", err=True
        )
