import json
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.contracts.judged import Judged
from mlops_ci.contracts.suite import Expectation, Severity
from mlops_ci.errors import NothingToJudge
from mlops_ci.evidence import digest_file, digest_files
from mlops_ci.ports import Silence
from mlops_ci.report import StepReport, verdict_of
from mlops_ci.settings.data import DataSettings
from mlops_ci.step import Context
from mlops_ci.steps.validate_data import Facts, evaluate, run

IN_HOURS = {"column": "hour", "min_value": 0, "max_value": 23}


def facts(*severities: Severity, success: bool = False) -> Facts:
    type_ = "expect_column_values_to_be_between"
    expectations = [Expectation(type_, IN_HOURS, severity, line) for line, severity in enumerate(severities, 3)]
    return Facts("c.json", tuple(Judged(one, success, "duckdb", 10, 0, 0 if success else 2) for one in expectations))


def options(*, strict: bool = False) -> DataSettings:
    return DataSettings(path="data.csv", contract=Path("c.json"), strict=strict)


@pytest.mark.parametrize(
    ("severity", "strict", "effect", "shown"),
    [
        ("critical", False, "blocks", "critical"),
        ("warning", False, "informs", "medium"),
        ("warning", True, "blocks", "medium"),
        ("info", True, "informs", "info"),
    ],
)
def test_the_severity_decides_the_effect(severity: Severity, effect: str, shown: str, *, strict: bool) -> None:
    (finding,), _ = evaluate(facts(severity), options(strict=strict))
    assert (finding.code, finding.effect, finding.severity) == ("MCI-DATA-001", effect, shown)


def test_broken_warnings_alone_pass() -> None:
    findings, _ = evaluate(facts("warning", "info"), options())
    assert len(findings) == 2
    assert verdict_of(findings) == "pass"


def test_a_finding_says_what_where_and_what_to_do() -> None:
    (finding,), _ = evaluate(facts("critical"), options())
    assert finding.title == "hour: 2 of 10 values outside 0 … 23"
    assert finding.location is not None
    assert (finding.location.path, finding.location.line, finding.location.name) == ("c.json", 3, "hour")
    assert finding.message.endswith("Correct the data; or, if the contract is wrong, change c.json:3 in a review.")


def test_every_expectation_is_measured_in_the_order_of_the_suite() -> None:
    findings, measurements = evaluate(facts("critical", "info", success=True), options())
    assert findings == ()
    assert [(one.verdict, one.n, one.method) for one in measurements] == [("pass", 10, "duckdb")] * 2
    assert measurements[0].name == "expect_column_values_to_be_between(hour)"


@pytest.fixture(autouse=True)
def commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let git, which is a program, have said which commit is checked out."""
    monkeypatch.setattr(Context, "commit", {"commit": "c" * 40})


def judge(root: Path, rows: str, *expectations: dict[str, Any]) -> StepReport:
    (root / "data.csv").write_text(rows)
    (root / "c.json").write_text(json.dumps({"expectations": expectations}, indent=1))
    return run(options(), Context(root=root, model="m", progress=Silence()))


def test_a_run_reports_digests_tools_and_the_values_that_broke_it(tmp_path: Path) -> None:
    between = {"type": "expect_column_values_to_be_between", "kwargs": IN_HOURS}
    mean = {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "hour", "min_value": 0, "max_value": 99}}
    report = judge(tmp_path, "hour\n1\n24\n\n-1\n", between, mean)
    assert (report.verdict, report.exit_code) == ("fail", 10)
    assert report.findings[0].evidence["unexpected"] == [
        {"value": 24, "row": 2, "file": "data.csv"},
        {"value": -1, "row": 4, "file": "data.csv"},
    ]
    assert report.measurements[1].value == 8.0
    assert report.inputs == {
        "data": digest_files([("data.csv", tmp_path / "data.csv")]),
        "contract": digest_file(tmp_path / "c.json"),
        "commit": "c" * 40,
    }
    assert list(report.tools) == ["duckdb"]


def test_no_rows_are_nothing_to_judge(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="not one row"):
        judge(tmp_path, "hour\n", {"type": "expect_column_to_exist", "kwargs": {"column": "hour"}})
