"""actionlint judges GitHub workflows: syntax, expressions, and text from outside in scripts."""

from collections.abc import Sequence
from typing import Any

from mlops_ci.scanner import Issue, Look, Sandbox, Unread, malformed

_FOUND = (0, 1)  # 1 says that it found something
_UNREADABLE = "could not parse as YAML"


def scan(sandbox: Sandbox, files: Sequence[str]) -> Look:
    """Return what is wrong with some workflows, named relative to the folder.

    Raises:
        ProgramFailed: actionlint crashed, took too long, or printed something else than its report.
    """
    nothing = sandbox.home / "actionlint.yaml"
    nothing.write_text("{}\n")
    flags = ("-no-color", "-shellcheck=", "-pyflakes=", "-config-file", nothing, "-format", "{{json .}}")
    found = sandbox.json(*flags, "--", *(sandbox.folder / one for one in files), ok=_FOUND) or []
    try:
        unread = [one for one in found if one["message"].startswith(_UNREADABLE)]
        return Look(
            tuple(_issue(one, sandbox) for one in found if one not in unread),
            tuple(Unread(_path(one, sandbox), one["message"]) for one in unread),
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise malformed("actionlint", problem) from problem


def _path(raw: dict[str, Any], sandbox: Sandbox) -> str:
    """Return a path as the folder has it: it is told relative to the current folder, which is the home."""
    return sandbox.relative(str((sandbox.home / raw["filepath"]).resolve()))


def _issue(raw: dict[str, Any], sandbox: Sandbox) -> Issue:
    untrusted = "potentially untrusted" in raw["message"]
    return Issue(
        rule="untrusted-expression" if untrusted else raw["kind"],
        title=str(raw["message"]).split(". ")[0],
        text=raw["message"],
        path=_path(raw, sandbox),
        line=raw["line"],
        column=raw["column"],
        url="https://github.com/rhysd/actionlint/blob/main/docs/checks.md",
    )
