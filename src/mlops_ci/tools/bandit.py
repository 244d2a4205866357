"""bandit looks for dangerous calls in Python code; comments that silence it are not honoured."""

from typing import Any

from mlops_ci.scanner import Issue, Look, Sandbox, Unread, malformed

_FOUND = (0, 1)  # 1 says that it found something


def scan(sandbox: Sandbox) -> Look:
    """Return what every Python file below the folder does that it should not.

    Raises:
        ProgramFailed: bandit crashed, took too long, or printed something else than its report.
    """
    report = sandbox.json("--recursive", sandbox.folder, "--format", "json", "--quiet", "--ignore-nosec", "--exclude",
                          "/none", ok=_FOUND)  # fmt: skip
    try:
        return Look(
            tuple(_issue(one, sandbox) for one in report["results"]),
            tuple(Unread(sandbox.relative(one["filename"]), one["reason"]) for one in report["errors"]),
        )
    except (KeyError, TypeError) as problem:
        raise malformed("bandit", problem) from problem


def _issue(raw: dict[str, Any], sandbox: Sandbox) -> Issue:
    return Issue(
        rule=raw["test_id"],
        title=str(raw["test_name"]).replace("_", " "),
        text=raw["issue_text"],
        severity=raw["issue_severity"],
        path=sandbox.relative(raw["filename"]),
        line=raw["line_number"],
        column=raw["col_offset"] + 1,
        url=raw["more_info"],
        aliases=(f"CWE-{raw['issue_cwe']['id']}",) if raw.get("issue_cwe") else (),
    )
