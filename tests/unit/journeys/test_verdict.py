import json
from pathlib import Path
from typing import Any

import pytest

from builders import finding, report
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.journeys.verdict import join, read_needs, read_reports
from mlops_ci.report import StepReport

STEP = "gate-model"
PASSED = report()
FAILED = report(finding(title="accuracy is worse"))
UNDECIDED = report(finding(effect="undecided", title="too few rows"))
BROKEN = StepReport(STEP, judged=False, error="MLflow does not answer.", error_code=5)


def keep(folder: Path, one: StepReport | dict[str, Any] | str, step: str = STEP) -> None:
    """Write a report as a job's artifact would hold it."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = one.to_json() if isinstance(one, StepReport) else one
    (folder / f"{step}.json").write_text(plain if isinstance(plain, str) else json.dumps(plain))


def judged(folder: Path, *expected: str) -> StepReport:
    """Join what stands in a folder."""
    return join({}, read_reports(folder, expected or (STEP,)))


def hand_made(**changes: object) -> dict[str, Any]:
    return FAILED.to_json() | changes


def test_when_everything_passed_it_passes(tmp_path: Path) -> None:
    keep(tmp_path / "reports", PASSED)
    one = join(read_needs('{"gate": {"result": "success", "outputs": {}}}'), read_reports(tmp_path, [STEP]))
    assert (one.verdict, one.exit_code, one.findings) == ("pass", 0, ())
    assert one.inputs == {STEP: "pass"}


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped", "", "Success", "neutral", "None"])
def test_every_result_of_a_job_other_than_success_blocks(result: str) -> None:
    one = join({"good": "success", "gate": result}, {})
    assert one.exit_code == 10
    (found,) = one.findings
    assert (found.code, found.effect) == ("MCI-VERDICT-001", "blocks")
    assert found.location
    assert found.location.name == "gate"


def test_a_job_without_a_result_does_not_pass() -> None:
    assert join(read_needs('{"gate": {"result": null}}'), {}).exit_code == 10


def test_every_job_and_report_that_did_not_pass_is_named(tmp_path: Path) -> None:
    keep(tmp_path, FAILED)
    one = join({"a": "failure", "b": "skipped"}, read_reports(tmp_path, [STEP, "validate-data"]))
    assert [found.location.name for found in one.findings if found.location] == ["a", "b", STEP, "validate-data"]


def test_a_missing_report_blocks(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        one = judged(folder)
        assert [found.code for found in one.findings] == ["MCI-VERDICT-002"]
        assert one.exit_code == 10


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"pass"',
        "{}",
        json.dumps(PASSED.to_json() | {"schema": "mlops-ci.report/v2"}),
        json.dumps(PASSED.to_json() | {"schema": None}),
        json.dumps(PASSED.to_json() | {"step": "validate-data"}),
    ],
)
def test_what_is_not_a_report_of_this_step_blocks_like_a_missing_one(tmp_path: Path, text: str) -> None:
    keep(tmp_path, text)
    one = judged(tmp_path)
    assert [found.code for found in one.findings] == ["MCI-VERDICT-002"]
    assert one.exit_code == 10


def test_a_report_that_is_not_text_blocks(tmp_path: Path) -> None:
    (tmp_path / f"{STEP}.json").write_bytes(b"\xff\xfe\x00")
    assert judged(tmp_path).exit_code == 10


def test_a_folder_in_the_place_of_a_report_blocks(tmp_path: Path) -> None:
    (tmp_path / f"{STEP}.json").mkdir()
    assert judged(tmp_path).exit_code == 10


def test_a_failed_step_blocks_and_its_findings_are_told(tmp_path: Path) -> None:
    keep(tmp_path / "deep" / "below", FAILED)
    one = judged(tmp_path)
    assert one.exit_code == 10
    assert (one.findings[0].code, one.findings[0].effect) == ("MCI-VERDICT-003", "blocks")
    assert "accuracy is worse" in one.findings[0].message


def test_a_step_that_could_not_judge_blocks_and_its_error_is_told(tmp_path: Path) -> None:
    keep(tmp_path, BROKEN)
    one = judged(tmp_path)
    assert one.exit_code == 10
    assert "nothing was judged (exit code 5)" in one.findings[0].title
    assert one.findings[0].message == "MLflow does not answer."


def test_inconclusive_is_undecided(tmp_path: Path) -> None:
    keep(tmp_path, UNDECIDED)
    one = judged(tmp_path)
    assert (one.verdict, one.exit_code) == ("inconclusive", 11)
    assert "too few rows" in one.findings[0].message


def test_a_failure_outweighs_an_undecided_step(tmp_path: Path) -> None:
    keep(tmp_path, UNDECIDED)
    assert join({"other": "failure"}, read_reports(tmp_path, [STEP])).exit_code == 10


@pytest.mark.parametrize(
    "found",
    [
        None,
        7,
        "text",
        {"title": "x"},
        [None],
        [7],
        ["title"],
        [[]],
        [{}],
        [{"title": None}],
        [{"title": 7}],
        [{"title": ["x"]}],
    ],
)
def test_malformed_findings_of_a_hand_made_report_block_and_do_not_crash(tmp_path: Path, found: object) -> None:
    keep(tmp_path, hand_made(findings=found))
    assert judged(tmp_path).exit_code == 10


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "pass"},
        {"verdict": "pass", "exit_code": 10},
        {"verdict": "pass", "exit_code": None},
        {"verdict": "PASS", "exit_code": 0},
        {"verdict": None, "exit_code": 0},
        {"verdict": ["pass"], "exit_code": 0},
        {"verdict": "fail", "exit_code": 0},
        {"verdict": "inconclusive", "exit_code": 0},
        {"verdict": "inconclusive", "exit_code": 5},
        {"verdict": "inconclusive", "exit_code": 10},
        {"error": {"not": "text"}},
    ],
)
def test_a_hand_made_report_that_contradicts_itself_blocks(tmp_path: Path, changes: dict[str, Any]) -> None:
    keep(tmp_path, hand_made(**changes))
    assert judged(tmp_path).exit_code == 10


@pytest.mark.parametrize(("first", "second"), [(PASSED, FAILED), (FAILED, PASSED), (PASSED, BROKEN), (BROKEN, PASSED)])
def test_of_two_reports_of_a_step_the_worse_counts(tmp_path: Path, first: StepReport, second: StepReport) -> None:
    keep(tmp_path / "a", first)
    keep(tmp_path / "b", second)
    assert judged(tmp_path).exit_code == 10


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a")])
def test_beside_a_report_that_passes_an_undecided_one_counts(tmp_path: Path, first: str, second: str) -> None:
    keep(tmp_path / first, PASSED)
    keep(tmp_path / second, UNDECIDED)
    assert judged(tmp_path).exit_code == 11


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a")])
def test_beside_a_report_that_passes_an_unreadable_one_counts(tmp_path: Path, first: str, second: str) -> None:
    keep(tmp_path / first, PASSED)
    keep(tmp_path / second, "{")
    assert judged(tmp_path).exit_code == 10


def test_two_reports_that_pass_are_as_good_as_one(tmp_path: Path) -> None:
    keep(tmp_path / "a", PASSED)
    keep(tmp_path / "b", PASSED)
    assert judged(tmp_path).exit_code == 0


@pytest.mark.parametrize("needs", ["", "{}"])
def test_when_nothing_is_expected_nothing_is_judged(tmp_path: Path, needs: str) -> None:
    keep(tmp_path, PASSED)
    with pytest.raises(NothingToJudge, match="Name jobs"):
        join(read_needs(needs), read_reports(tmp_path, []))


@pytest.mark.parametrize(
    "text", ["{", "[]", "null", "7", '"text"', '{"gate": "success"}', '{"gate": {}}', '{"gate": null}', '{"gate": []}']
)
def test_nonsense_as_needs_is_a_usage_problem(text: str) -> None:
    with pytest.raises(UsageProblem, match="--needs"):
        read_needs(text)


@pytest.mark.parametrize(
    "contradiction",
    [
        {"findings": [{"effect": "blocks", "title": "worse"}]},
        {"judged": False, "error": "the model is missing"},
        {"error": "the model is missing"},
        {"exit_code": False},
        {"exit_code": 10},
    ],
)
def test_a_report_that_contradicts_its_own_pass_blocks(tmp_path: Path, contradiction: dict[str, object]) -> None:
    keep(tmp_path, PASSED.to_json() | contradiction)
    assert judged(tmp_path).verdict == "fail"


@pytest.mark.parametrize("inputs", [{"commit": "b" * 40}, {}, None, "a" * 40, {"commit": None}])
def test_a_judgement_about_another_commit_blocks(inputs: object) -> None:
    one = join({}, {STEP: PASSED.to_json() | {"findings": [], "inputs": inputs}}, commit="a" * 40)
    assert ([found.code for found in one.findings], one.exit_code) == (["MCI-VERDICT-005"], 10)


@pytest.mark.parametrize(("step", "said"), [(STEP, "a" * 40), ("canary", "b" * 40), ("rollback", None)])
def test_a_judgement_about_this_commit_counts_and_what_acts_names_its_own(step: str, said: str | None) -> None:
    raw = StepReport(step).to_json() | {"findings": [], "inputs": {"commit": said}}
    assert join({}, {step: raw}, commit="a" * 40).exit_code == 0


def test_without_a_commit_a_report_of_any_counts() -> None:
    assert join({}, {STEP: PASSED.to_json() | {"findings": [], "inputs": {"commit": "b" * 40}}}).exit_code == 0
