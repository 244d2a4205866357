"""gitleaks looks for secrets in files; neither comments nor settings in the repository silence it."""

from pathlib import Path
from typing import Any

from mlops_ci.scanner import Issue, Look, Sandbox, malformed


def scan(sandbox: Sandbox) -> Look:
    """Return the secrets in the files below the folder, without their values.

    Raises:
        ProgramFailed: gitleaks crashed, took too long, or printed something else than its report.
    """
    rules = sandbox.home / "gitleaks.toml"
    rules.write_text("[extend]\nuseDefault = true\n")
    report = sandbox.home / "report.json"
    flags = ("--config", rules, "--ignore-gitleaks-allow", "--no-banner", "--no-color", "--redact", "--exit-code", "0")
    sandbox.run("dir", *flags, "--gitleaks-ignore-path", sandbox.home, "--report-format", "json", "--report-path",
                report, "--", sandbox.folder)  # fmt: skip
    found = sandbox.parse(Path(report).read_text(encoding="utf-8"))
    try:
        return Look(tuple(_issue(one, sandbox) for one in found))
    except (KeyError, TypeError) as problem:
        raise malformed("gitleaks", problem) from problem


def _issue(raw: dict[str, Any], sandbox: Sandbox) -> Issue:
    return Issue(
        rule=raw["RuleID"],
        title=raw["Description"],
        path=sandbox.relative(raw["File"]),
        line=raw["StartLine"] or 1,
        column=raw["StartColumn"] or None,
    )
