"""hadolint judges Dockerfiles; neither comments nor settings in the repository silence it."""

from collections.abc import Sequence
from typing import Any

from mlops_ci.scanner import Issue, Look, Sandbox, Unread, malformed

_UNREADABLE = "DL1000"
_HOME = "https://github.com/hadolint/hadolint/wiki/"


def scan(sandbox: Sandbox, files: Sequence[str]) -> Look:
    """Return what is wrong with some Dockerfiles, named relative to the folder.

    Raises:
        ProgramFailed: hadolint crashed, took too long, or printed something else than its report.
    """
    nothing = sandbox.home / "hadolint.yaml"
    nothing.write_text("{}\n")
    paths = [sandbox.folder / one for one in files]
    found = sandbox.json("--no-fail", "--disable-ignore-pragma", "--format", "json", "--config", nothing, "--", *paths)
    try:
        unread = [Unread(sandbox.relative(one["file"]), one["message"]) for one in found if one["code"] == _UNREADABLE]
        return Look(tuple(_issue(one, sandbox) for one in found if one["code"] != _UNREADABLE), tuple(unread))
    except (KeyError, TypeError) as problem:
        raise malformed("hadolint", problem) from problem


def _issue(raw: dict[str, Any], sandbox: Sandbox) -> Issue:
    return Issue(
        rule=raw["code"],
        title=raw["message"],
        severity=raw["level"],
        path=sandbox.relative(raw["file"]),
        line=raw["line"],
        column=raw["column"],
        url=f"{_HOME}{raw['code']}" if str(raw["code"]).startswith("DL") else "",
    )
