import json
from dataclasses import replace
from typing import Any

import pytest

from builders import finding, report
from mlops_ci.render import sarif
from mlops_ci.report import StepReport


def rendered(one: StepReport) -> dict[str, Any]:
    (run,) = json.loads(sarif.render(one))["runs"]
    found: dict[str, Any] = run
    return found


def fingerprint(title: str = "7 of 10 wrong", *, path: str = "c.json", line: int = 3, name: str = "x") -> str:
    (result,) = rendered(report(finding(title=title, path=path, line=line, name=name)))["results"]
    return str(result["partialFingerprints"]["mlopsCi/v1"])


def test_a_finding_points_at_its_line() -> None:
    (result,) = rendered(report(finding(path="contracts/a b.json", line=7)))["results"]
    (place,) = result["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "contracts/a%20b.json"},
        "region": {"startLine": 7},
    }
    assert (result["level"], result["ruleId"], result["ruleIndex"]) == ("error", "MCI-GATE-001", 0)


@pytest.mark.parametrize("path", [None, "/etc/passwd", "../outside", "https://example.org/x"])
def test_a_path_is_relative_or_the_report_itself(path: str | None) -> None:
    (result,) = rendered(report(finding(path=path, line=9)))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == ".mlops-ci/reports/gate-model.json"
    assert place["region"] == {"startLine": 1}


def test_a_fingerprint_outlives_lines_and_counts_and_nothing_else() -> None:
    first = fingerprint()
    assert first == fingerprint("12 of 1,000 wrong", line=99)
    assert len({first, fingerprint("7 of 10 missing"), fingerprint(path="d.json"), fingerprint(name="y")}) == 4


def test_each_code_is_one_rule_with_help() -> None:
    found = rendered(report(finding(), finding(title="again"), finding(code="MCI-DATA-001", effect="informs")))
    rules = found["tool"]["driver"]["rules"]
    assert [one["id"] for one in rules] == ["MCI-GATE-001", "MCI-DATA-001"]
    assert [one["level"] for one in found["results"]] == ["error", "error", "note"]
    assert all(one["help"]["text"] and one["helpUri"].endswith(one["id"].lower()) for one in rules)
    assert rules[1]["shortDescription"]["text"] == "An expectation of the contract is broken"


def test_what_failed_is_said() -> None:
    (invocation,) = rendered(StepReport("scan", judged=False, error="it broke", error_code=5))["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 5)
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "it broke"


def test_no_more_results_than_github_takes() -> None:
    assert len(rendered(replace(report(), findings=(finding(),) * 5_100))["results"]) == sarif.MOST
