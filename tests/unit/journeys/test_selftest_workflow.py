from pathlib import Path

import pytest

from mlops_ci.errors import NothingToJudge
from mlops_ci.journeys.selftest import DEFECTS, exit_code
from mlops_ci.journeys.selftest_defect import Outcome, Result
from mlops_ci.journeys.selftest_workflow import NAMES, outcomes

WORKFLOW = """
on: [pull_request]
jobs:
  model:
    steps:
      - uses: mlops-ci/mlops-ci/actions/gate-model@1
  scan:
    steps:
      - uses: ./actions/scan
  check:
    if: always()
    needs: [model, scan]
    steps:
      - uses: mlops-ci/mlops-ci/actions/verdict@1
        with:
          needs: ${{ toJSON(needs) }}
          expected: gate-model scan
"""


def held(root: Path, text: str) -> dict[str, Result]:
    """Return what becomes of each defect of a workflow."""
    folder = root / ".github/workflows"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pull.yml").write_text(text)
    return {one.defect: one.result for one in outcomes(root)}


def test_a_workflow_as_the_template_has_it_stops_every_defect(tmp_path: Path) -> None:
    assert held(tmp_path, WORKFLOW) == dict.fromkeys(NAMES, "caught")


@pytest.mark.parametrize(
    ("old", "new", "missed"),
    [
        ("if: always()", "if: success()", {"gate skipped", "gate cancelled"}),
        ("if: always()", "if: ${{ !cancelled() }}", {"gate cancelled"}),
        ("[model, scan]", "model", {"gate skipped", "gate cancelled", "gate that nobody waits for"}),
        ("expected: gate-model scan", "expected: gate-model", {"missing report"}),
        ("expected:", "optional: model\n          expected:", {"gate skipped"}),
        ("expected:", "commit: ''\n          expected:", {"report written by hand"}),
        ("needs: ${{ toJSON(needs) }}", "reports: reports", {"gate skipped", "gate cancelled"}),
    ],
)
def test_a_weaker_workflow_misses_what_it_gave_up(tmp_path: Path, old: str, new: str, missed: set[str]) -> None:
    found = held(tmp_path, WORKFLOW.replace(old, new))
    assert {name for name, result in found.items() if result == "NOT caught"} == missed


@pytest.mark.parametrize(
    "text", ["on: [push]\njobs: {}\n", "on: pull_request\njobs: {a: {steps: []}}\n", "{", "[]", "on: pull_request\n"]
)
def test_without_a_check_none_applies(tmp_path: Path, text: str) -> None:
    assert set(held(tmp_path, text).values()) == {"not applicable"}


def outcome(result: Result, code: int = 0) -> Outcome:
    return Outcome("secret", "scan", result, exit_code=code)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([outcome("caught")], 0),
        ([outcome("caught"), outcome("not applicable")], 0),
        ([outcome("caught"), outcome("NOT caught")], 10),
        ([outcome("caught"), outcome("error", 4)], 4),
        ([outcome("NOT caught"), outcome("error", 4)], 10),
        ([outcome("NOT caught"), outcome("error", 1)], 1),
    ],
)
def test_the_exit_code_is_the_worst(found: list[Outcome], code: int) -> None:
    assert exit_code(found) == code


def test_when_none_applies_there_is_nothing_to_judge() -> None:
    with pytest.raises(NothingToJudge, match="No defect applies"):
        exit_code([outcome("not applicable")])


def test_every_defect_has_one_step() -> None:
    assert set(DEFECTS.values()) == {"verdict", "validate-data", "gate-model", "register-model", "scan"}
