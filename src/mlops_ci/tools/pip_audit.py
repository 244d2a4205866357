"""pip-audit asks a service on the network about the packages that requirements pin."""

import re
from collections.abc import Sequence
from typing import Any

from mlops_ci.errors import ProgramFailed
from mlops_ci.scanner import Issue, Look, Sandbox, malformed

_FOUND = (0, 1)  # 1 says that it found something
# It refuses a file in which anything is not pinned, so it gets what is.
_PINNED = re.compile(r"^[ \t]*([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?[ \t]*==[ \t]*([0-9][^\s;,\\#*]*)", re.MULTILINE)


def scan(sandbox: Sandbox, files: Sequence[str], osv_url: str | None = None) -> Look:
    """Return the known vulnerabilities of what requirements files pin; what they do not pin is not asked about.

    The package index is asked, or the service at `osv_url`, which speaks OSV's protocol (version 1).

    Raises:
        ProgramFailed: the service does not answer, or pip-audit crashed or took too long.
    """
    issues, pinned = list[Issue](), sandbox.home / "requirements.txt"
    for file in files:
        text = (sandbox.folder / file).read_text(encoding="utf-8", errors="replace")
        lines = {f"{name}=={version}" for name, version in _PINNED.findall(text)}
        if not lines:
            continue
        pinned.write_text("\n".join(sorted(lines)) + "\n")
        flags = ("--disable-pip", "--no-deps", "--progress-spinner=off", "--format=json", "--desc=off", "--aliases=on")
        asked = ("--vulnerability-service", "osv", "--osv-url", osv_url) if osv_url else ()
        report = sandbox.json(*flags, *asked, "--cache-dir", sandbox.home / "cache", "--requirement", pinned, ok=_FOUND)
        try:
            known = [one for one in report["dependencies"] if "skip_reason" not in one]
            issues += [_unknown(one, file) for one in report["dependencies"] if "skip_reason" in one]
            issues += [_issue(one, dependency, file) for dependency in known for one in dependency["vulns"]]
        except (KeyError, TypeError) as problem:
            raise malformed("pip-audit", problem) from problem
        if not known:  # it would call that "no known vulnerabilities"
            raise ProgramFailed(f"The service that pip-audit asks knows none of the packages in {file}.")
    return Look(tuple(issues))


def _unknown(dependency: dict[str, Any], file: str) -> Issue:
    name = dependency["name"]
    title = f"pip-audit could not look up {name}"
    return Issue("not-found", title, dependency["skip_reason"], "LOW", file, kind="unpinned", package=name)


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
