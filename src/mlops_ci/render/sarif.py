"""A report as SARIF 2.1.0, as GitHub's code scanning takes it: relative paths, and fingerprints that outlive edits."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from mlops_ci import __version__
from mlops_ci.render.words import worst_first
from mlops_ci.report import SEVERITIES, Effect, Finding, StepReport

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://github.com/mlops-ci/mlops-ci"
MOST = 5_000  # GitHub shows no more results of one run
_LEVELS: Mapping[Effect, str] = {"blocks": "error", "undecided": "warning", "informs": "note"}
# How GitHub ranks what code scanning finds: critical above 9, high from 7, medium from 4.
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0", "info": "0.0"}


def render(report: StepReport) -> str:
    """Return the log of one run; a finding without a file points at the report itself."""
    shown = worst_first(report.findings)[:MOST]
    names = {name: index for index, name in enumerate(dict.fromkeys(_name(one) for one in shown))}
    driver = {
        "name": "mlops-ci",
        "informationUri": HOME,
        "semanticVersion": __version__,
        "rules": [_rule(name, [one for one in shown if _name(one) == name]) for name in names],
    }
    invocation: dict[str, Any] = {"executionSuccessful": not report.error_code, "exitCode": report.exit_code}
    if report.error:
        level = {"level": "error", "message": {"text": report.error}}
        invocation["toolExecutionNotifications"] = [level]
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"mlops-ci/{report.step}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [_result(one, report.step, names) for one in shown],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, allow_nan=False) + "\n"


def _name(finding: Finding) -> str:
    """Return a rule's name: our code and, where a scanner has a rule of its own for it, that."""
    rule = finding.evidence.get("rule")
    return f"{finding.code}/{rule}" if rule else finding.code


def _rule(name: str, findings: Sequence[Finding]) -> dict[str, Any]:
    worst = min(findings, key=lambda one: SEVERITIES.index(one.severity))
    known = {} if "/" in name else _described().get(name, {})
    title = str(known.get("title") or worst.title)
    text = str(known.get("text") or worst.message)
    more = f"[More about {worst.code}]({worst.docs})"
    if url := worst.evidence.get("url"):
        more += f" · [The scanner's own page]({url})"
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", title))[:60],
        "shortDescription": {"text": title},
        "fullDescription": {"text": text[:1000]},
        "help": {"text": text, "markdown": f"{text}\n\n{more}"},
        "helpUri": worst.docs,
        "properties": {"security-severity": _SCORES[worst.severity], "tags": ["mlops-ci"]},
    }


def _result(finding: Finding, step: str, names: Mapping[str, int]) -> dict[str, Any]:
    place = finding.location
    named = place.path if place and place.path else None
    path = named if named and _is_inside(named) else f".mlops-ci/reports/{step}.json"
    region = {"startLine": place.line or 1} if place and path == named else {"startLine": 1}
    if place and place.column and path == named:
        region["startColumn"] = place.column
    return {
        "ruleId": _name(finding),
        "ruleIndex": names[_name(finding)],
        "level": _LEVELS[finding.effect],
        "message": {"text": f"{finding.title}. {finding.message}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(path)}, "region": region}}],
        "partialFingerprints": {"mlopsCi/v1": str(finding.evidence.get("fingerprint") or _fingerprint(finding, path))},
    }


def _is_inside(path: str) -> bool:
    return not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts and "://" not in path


def _fingerprint(finding: Finding, path: str) -> str:
    """Return what stays the same when lines move and counts change: code, file, name, and what the title says first."""
    name = finding.location.name if finding.location else None
    first = ":".join(finding.title.split(":")[:2])
    words = re.sub(r"[\d.,]+(e[-+]?\d+)?", "0", first)
    return hashlib.sha256("\x00".join((finding.code, path, name or "", words)).encode()).hexdigest()[:32]


@cache
def _described() -> Mapping[str, Mapping[str, str]]:
    """Return what the docs say of each code."""
    raw: dict[str, dict[str, str]] = json.loads((files("mlops_ci") / "resources/findings.json").read_text("utf-8"))
    return raw
