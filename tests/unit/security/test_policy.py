"""What blocks, and what does not although it could."""

from datetime import date
from textwrap import dedent

import pytest

from mlops_ci.errors import UsageProblem
from mlops_ci.report import Severity
from mlops_ci.scanner import Issue
from mlops_ci.security import waivers
from mlops_ci.security.policy import Policy, finding, judge, judge_by_both, relevant
from mlops_ci.security.problems import Problem

TODAY = date(2026, 11, 24)
POLICY = Policy("high", "report", (), ("AGPL",))


def problem(severity: Severity = "high", kind: str = "code", fingerprint: str = "f", **more: object) -> Problem:
    issue = Issue("R1", "wrong", path="src/a.py", package="Jinja2", version="1", **more)  # type: ignore[arg-type]
    return Problem(kind, "code", severity, issue, {"bandit": "R1: HIGH"}, frozenset({"R1", "CVE-1"}), fingerprint)


def waiver(**more: str) -> waivers.Waiver:
    said = {"rule": "CVE-1", "path": "src/*", "package": "", "reason": "r", "owner": "o", **more}
    return waivers.Waiver(**said, expires=TODAY, line=2)


@pytest.mark.parametrize(
    ("severity", "blocks"), [("critical", True), ("high", True), ("medium", False), ("info", False)]
)
def test_what_is_severe_enough_blocks(severity: Severity, *, blocks: bool) -> None:
    assert (judge(problem(severity), POLICY).effect == "blocks") is blocks


def test_unfixed_packages_of_the_system_do_not_block_unless_they_should() -> None:
    one = problem("critical", "vulnerability", of_system=True)
    assert judge(one, POLICY).effect == "informs"
    assert judge(one, Policy("high", "block", (), ())).effect == "blocks"
    assert judge(problem("critical", "vulnerability", of_system=True, fixed="2"), POLICY).effect == "blocks"
    assert judge(problem("critical", "vulnerability"), POLICY).effect == "blocks"


@pytest.mark.parametrize(
    ("more", "covers"),
    [
        ({}, True),
        ({"rule": "R1"}, True),
        ({"rule": "R2"}, False),
        ({"path": "tests/*"}, False),
        ({"path": "", "package": "jinja2"}, True),
        ({"path": "", "package": "jinja"}, False),
        ({"path": "tests/*", "package": "jinja2"}, False),
    ],
)
def test_a_waiver_covers_what_it_names(more: dict[str, str], *, covers: bool) -> None:
    judged = judge(problem(), Policy("high", "report", (), (), [waiver(**more)]))
    assert (judged.effect == "informs") is covers
    assert ("waived by o" in judged.excuse) is covers


def test_the_stricter_of_two_policies_counts() -> None:
    loose = Policy("critical", "report", (), ())
    assert judge_by_both(problem(), [loose, POLICY]).effect == "blocks"
    assert judge_by_both(problem(), [loose, loose]).effect == "informs"
    rated = Policy("high", "report", (), (), severities={"f": "critical"})
    assert judge_by_both(problem("low"), [POLICY, rated]).effect == "blocks"


def test_what_the_base_has_is_known_by_its_fingerprint() -> None:
    known = Policy("high", "report", (), (), known={"f"})
    assert judge(problem(), known).effect == "informs"
    assert judge(problem(fingerprint="g"), known).effect == "blocks"


def test_a_denied_licence_blocks_and_others_are_nobodys_business() -> None:
    denied, fine = (Problem("licence", "image", "low", Issue(rule, "")) for rule in ("AGPL-3.0-only", "MIT"))
    assert relevant(denied, POLICY)
    assert judge(denied, POLICY).effect == "blocks"
    assert not relevant(fine, POLICY)


def test_a_finding_says_what_to_do_and_who_found_it() -> None:
    found = finding(judge(problem(kind="vulnerability", fixed="2.0"), POLICY))
    assert (found.code, found.message) == ("MCI-SCAN-002", "Use Jinja2 2.0.")
    assert found.title == "R1 in Jinja2 1: wrong"
    assert found.evidence["sources"] == {"bandit": "R1: HIGH"}
    assert found.evidence["fingerprint"] == "f"


def test_a_waiver_holds_on_its_last_day_and_not_after_it() -> None:
    assert waivers.in_force([waiver()], TODAY)
    assert not waivers.in_force([waiver()], date(2026, 11, 25))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("waivers: 5", "a list below the one key"),
        ("other: []", "a list below the one key"),
        ("waivers: [5]", "x:1: a waiver is a mapping"),
        ("waivers: [{rule: a, path: b, reason: c, owner: d, expires: soon}]", "'soon' is no date"),
        ("waivers: [{rule: a, path: b, reason: ' ', owner: d, expires: 2026-12-31}]", "lacks reason"),
        ("waivers: [{rule: a, reason: c, owner: d, expires: 2026-12-31}]", "lacks path or package"),
        ("waivers: [{rule: a, path: b, reason: c, owner: d, expires: 2026-12-31, until: x}]", "has no 'until'"),
    ],
)
def test_what_is_no_waiver_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(UsageProblem, match=why):
        waivers.parse(text, "x")


def test_waivers_are_read_with_their_lines() -> None:
    text = """
        waivers:
          - {rule: A, path: b, reason: c, owner: d, expires: 2026-12-31}
          - {rule: B, package: e, reason: c, owner: d, expires: "2026-01-31"}
        """
    found = waivers.parse(dedent(text).lstrip(), "x")
    assert [(one.rule, one.line, one.expires.isoformat()) for one in found] == [
        ("A", 2, "2026-12-31"),
        ("B", 3, "2026-01-31"),
    ]
    assert [one.rule for one in waivers.added(found, found[:1])] == ["B"]
