"""What scanners say becomes problems: one severity, one finding for one problem, fingerprints that outlive edits."""

from collections.abc import Mapping

import pytest

from mlops_ci.report import Severity
from mlops_ci.scanner import Issue
from mlops_ci.security.problems import Problem, Said, problems, severity_of

LINES = {"a.py": ["import x", "x.call(shell=True)", "x.call(shell=True)"], "Dockerfile": ["FROM a", "USER root"]}


def line(path: str, number: int) -> str:
    lines = LINES.get(path, [])
    return lines[number - 1] if number <= len(lines) else ""


def joined(*said: Said, own: Mapping[str, Severity] | None = None) -> list[Problem]:
    return problems(said, own or {}, line)


def vulnerability(scanner: str, rule: str, **more: object) -> Said:
    facts = {"path": "requirements.txt", "package": "PyYAML", "version": "3.13", "kind": "vulnerability", **more}
    return Said(scanner, "dependencies", Issue(rule, "x", **facts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scanner", "issue", "expected"),
    [
        ("bandit", Issue("B602", "", severity="HIGH"), "high"),
        ("trivy packages", Issue("CVE-1", "", severity="CRITICAL"), "critical"),
        ("trivy packages", Issue("CVE-1", "", severity="UNKNOWN", score=9.8), "critical"),
        ("trivy packages", Issue("CVE-1", "", severity="UNKNOWN", score=4.2), "medium"),
        ("trivy packages", Issue("CVE-1", "", severity="UNKNOWN"), "high"),
        ("pip-audit", Issue("PYSEC-1", ""), "high"),
        ("zizmor", Issue("x", "", severity="Informational"), "info"),
        ("hadolint", Issue("DL3020", "", severity="error"), "high"),
        ("hadolint", Issue("DL3048", "", severity="style"), "info"),
        ("checkov", Issue("CKV_AWS_24", ""), "high"),
        ("checkov", Issue("CKV_X_1", ""), "medium"),
        ("fickling", Issue("x", "", severity="LIKELY_OVERTLY_MALICIOUS"), "critical"),
        ("modelscan", Issue("x", "", severity="a word of tomorrow"), "high"),
    ],
)
def test_every_word_for_severity_becomes_one_of_five(scanner: str, issue: Issue, expected: str) -> None:
    assert severity_of(scanner, issue, {}) == expected


def test_a_severity_that_somebody_set_counts_by_any_name() -> None:
    issue = Issue("GHSA-1", "", severity="CRITICAL", aliases=("CVE-1",))
    assert severity_of("trivy", issue, {"CVE-1": "low"}) == "low"


def test_a_vulnerability_by_two_names_is_one_problem_as_severe_as_it_is_rated() -> None:
    (found,) = joined(
        vulnerability("trivy packages", "CVE-1", severity="LOW", score=3.1, fixed="5.1"),
        vulnerability("pip-audit", "PYSEC-2", aliases=("CVE-1", "GHSA-3"), package="pyyaml"),
    )
    assert (found.severity, found.issue.fixed, found.issue.score) == ("low", "5.1", 3.1)
    assert found.sources == {"pip-audit": "PYSEC-2: not rated", "trivy packages": "CVE-1: LOW"}
    assert found.rules == {"CVE-1", "GHSA-3", "PYSEC-2"}


def test_names_join_over_a_third_one() -> None:
    said = [
        vulnerability("a", "CVE-1", aliases=("GHSA-1",)),
        vulnerability("b", "PYSEC-1", aliases=("OSV-1",)),
        vulnerability("c", "GHSA-1", aliases=("OSV-1",)),
    ]
    assert len(joined(*said)) == 1


@pytest.mark.parametrize("other", [{"version": "3.14"}, {"path": "other.txt"}, {"package": "pyyam"}])
def test_other_packages_versions_and_places_are_other_problems(other: dict[str, str]) -> None:
    assert len(joined(vulnerability("a", "CVE-1"), vulnerability("b", "CVE-1", **other))) == 2


def test_rules_of_two_scanners_that_mean_the_same_in_the_same_lines_are_one_problem() -> None:
    user = {"path": "Dockerfile", "line": 2}
    said = [
        Said("hadolint", "iac", Issue("DL3002", "", severity="warning", **user)),  # type: ignore[arg-type]
        Said("trivy configuration", "iac", Issue("DS002", "", severity="HIGH", end=2, **user)),  # type: ignore[arg-type]
        Said("checkov", "iac", Issue("CKV_DOCKER_8", "", path="Dockerfile", line=1, end=1)),
    ]
    found = joined(*said)
    assert [sorted(one.sources) for one in found] == [["checkov"], ["hadolint", "trivy configuration"]]


def test_fingerprints_stay_when_lines_move_and_tell_equal_lines_apart() -> None:
    first, second = (Said("bandit", "code", Issue("B602", "", severity="HIGH", path="a.py", line=at)) for at in (2, 3))
    before = [one.fingerprint for one in joined(first, second)]
    assert before[0] != before[1]
    LINES["a.py"].insert(0, '"""Moved."""')
    try:
        moved = [Said("bandit", "code", Issue("B602", "", severity="HIGH", path="a.py", line=at)) for at in (3, 4)]
        assert [one.fingerprint for one in joined(*moved)] == before
    finally:
        LINES["a.py"].pop(0)


def test_a_fingerprint_does_not_depend_on_who_else_found_it() -> None:
    (alone,) = joined(vulnerability("trivy packages", "CVE-1"))
    (both,) = joined(
        vulnerability("trivy packages", "CVE-1"), vulnerability("pip-audit", "PYSEC-1", aliases=("CVE-1",))
    )
    assert alone.fingerprint == both.fingerprint
