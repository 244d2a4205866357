"""modelscan looks for calls that a model file makes when it is loaded."""

import re
from pathlib import Path
from typing import Any

from mlops_ci.scanner import Issue, Look, Sandbox, Unread, malformed

_FOUND = (0, 1, 3)  # 1 says that it found something, 3 that it knows none of the files
_FAILED = 2  # it found nothing, but could not look at every file


def scan(sandbox: Sandbox) -> Look:
    """Return what the model files below the folder call, and those that it could not look into.

    Raises:
        ProgramFailed: modelscan crashed, took too long, or wrote something else than its report.
    """
    report = sandbox.home / "report.json"
    sandbox.run("scan", "--path", sandbox.folder, "--reporting-format", "json", "--output-file", report,
                ok=(*_FOUND, _FAILED))  # fmt: skip
    found = sandbox.parse(Path(report).read_text(encoding="utf-8") if report.is_file() else "")
    try:
        issues = tuple(_issue(one, sandbox) for one in found["issues"])
        unread = tuple(Unread(sandbox.relative(one["source"]), one["description"]) for one in found["errors"])
    except (KeyError, TypeError) as problem:
        raise malformed("modelscan", problem) from problem
    return Look(issues, unread)


def _issue(raw: dict[str, Any], sandbox: Sandbox) -> Issue:
    called = ".".join(str(raw[key]) for key in ("module", "operator") if raw.get(key))
    return Issue(
        rule=str(raw["scanner"]).rsplit(".", maxsplit=1)[-1],
        title=raw["description"],
        severity=raw["severity"],
        path=re.split(r":(?=[^:]*$)", sandbox.relative(raw["source"]))[0],  # `archive:member`
        name=called,
    )
