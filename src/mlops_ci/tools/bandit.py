"""bandit looks for dangerous calls in Python code; comments that silence it are not honoured."""

import re
from typing import Any

from mlops_ci.scanner import Issue, Look, Sandbox, Unread, malformed

_FOUND = (0, 1)  # 1 says that it found something
_ASSERTION = "B101"
_TEST = re.compile(r"(^|/)(tests?/|test_[^/]*\.py$|[^/]*_test\.py$|conftest\.py$)")


def scan(sandbox: Sandbox) -> Look:
    """Return what every Python file below the folder does that it should not.

    Raises:
        ProgramFailed: bandit crashed, took too long, or printed something else than its report.
    """
    report = sandbox.json("--recursive", sandbox.folder, "--format", "json", "--quiet", "--ignore-nosec", "--exclude",
                          "/none", ok=_FOUND)  # fmt: skip
    try:
        return Look(
            tuple(found for one in report["results"] if not _is_test(found := _issue(one, sandbox))),
            tuple(Unread(sandbox.relative(one["filename"]), one["reason"]) for one in report["errors"]),
        )
    except (KeyError, TypeError) as problem:
        raise malformed("bandit", problem) from problem


def _is_test(issue: Issue) -> bool:
    """Say whether it is about an assertion in a test, which is what a test is made of."""
    return issue.rule == _ASSERTION and bool(_TEST.search(issue.path or ""))


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
