"""pip-audit asks a service on the network about the packages that requirements pin."""

from collections.abc import Sequence
from typing import Any

from mlops_ci.scanner import Issue, Look, Sandbox, malformed

_FOUND = (0, 1)  # 1 says that it found something


def scan(sandbox: Sandbox, files: Sequence[str]) -> Look:
    """Return the known vulnerabilities of what requirements files pin; what they do not pin is not asked about.

    Raises:
        ProgramFailed: the service does not answer, or pip-audit crashed or took too long.
    """
    issues = list[Issue]()
    for file in files:
        flags = ("--disable-pip", "--no-deps", "--progress-spinner=off", "--format=json", "--desc=off", "--aliases=on")
        report = sandbox.json(*flags, "--cache-dir", sandbox.home / "cache", "--requirement", sandbox.folder / file,
                              ok=_FOUND)  # fmt: skip
        try:
            issues += [_issue(one, dependency, file) for dependency in report["dependencies"]
                       for one in dependency.get("vulns", ())]  # fmt: skip
        except (KeyError, TypeError) as problem:
            raise malformed("pip-audit", problem) from problem
    return Look(tuple(issues))


def _issue(raw: dict[str, Any], dependency: dict[str, Any], file: str) -> Issue:
    return Issue(
        rule=raw["id"],
        title=f"{dependency['name']} {dependency['version']} is vulnerable",
        path=file,
        aliases=tuple(raw.get("aliases", ())),
        package=dependency["name"],
        version=dependency["version"],
        fixed=", ".join(raw.get("fix_versions", ())),
        url=f"https://osv.dev/vulnerability/{raw['id']}",
    )
