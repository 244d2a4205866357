"""The generated pull-request workflow, run as it is by act: green when clean, red for each planted defect."""

from pathlib import Path

import pytest
import yaml

from integration.workflows import STAND_INS, Stage, edit, make_stage, steps

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

WORKFLOW = ".github/workflows/pull-request.yml"
JOBS = ("test", "data", "model", "scan", "mlops-ci", "report")


@pytest.fixture(scope="module")
def stage(scanners: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return make_stage(tmp_path_factory.mktemp("workflow"))


def test_every_stand_in_takes_what_the_workflow_gives_it(stage: Stage) -> None:
    others = [one for one in steps(stage.workshop.root) if one.get("uses", "mlops-ci/").partition("/")[0] != "mlops-ci"]
    for step in others:
        action = step["uses"].partition("@")[0]
        if action != "actions/checkout":
            inputs = yaml.safe_load((STAND_INS / action / "action.yml").read_text())["inputs"]
            assert set(step.get("with", {})) <= set(inputs)


def test_a_clean_repository_is_green(stage: Stage) -> None:
    run = stage.pull_request("clean")
    assert run.jobs == dict.fromkeys(JOBS, "success"), run.said
    assert run.exit_code == 0
    assert {step: report["verdict"] for step, report in run.reports.items()} == {
        "validate-data": "pass",
        "gate-model": "pass",
        "scan": "pass",
    }
    assert "verdict PASS" in run.said["mlops-ci"]
    assert "There is no comment: outside of a workflow, or without a token" in run.said["report"]


def test_distances_in_metres_turn_the_required_check_red(stage: Stage) -> None:
    run = stage.pull_request(
        "metres", edit("src/flight_delay/data.py", '.astype("float64")', '.astype("float64") * 1609.34')
    )
    assert run.jobs["data"] == run.jobs["mlops-ci"] == "failure", run.said
    assert run.reports["validate-data"]["exit_code"] == 10
    assert "MCI-DATA-001" in run.codes("validate-data")
    assert "The job data ended as failure" in run.said["mlops-ci"]


def test_a_weaker_contract_turns_the_required_check_red(stage: Stage) -> None:
    run = stage.pull_request("weaker", edit("contracts/flights.json", '"min_value": 20000', '"min_value": 2'))
    assert run.jobs == dict.fromkeys(JOBS, "success") | dict.fromkeys(("data", "mlops-ci"), "failure"), run.said
    assert run.reports["validate-data"]["exit_code"] == 10
    assert run.codes("validate-data") == {"MCI-DATA-005", "MCI-POLICY-001"}
    assert "The job data ended as failure" in run.said["mlops-ci"]


def test_a_secret_turns_the_required_check_red(stage: Stage) -> None:
    token = "ghp" + "_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"
    run = stage.pull_request("secret", edit("params.yaml", "train:", f"# {token}\ntrain:"))
    assert run.jobs["scan"] == run.jobs["mlops-ci"] == "failure", run.said
    assert run.reports["scan"]["exit_code"] == 10
    assert "MCI-SCAN-003" in run.codes("scan")
    assert "The job scan ended as failure" in run.said["mlops-ci"]


def test_a_model_that_misses_a_rule_turns_the_required_check_red(stage: Stage) -> None:
    run = stage.pull_request("rule", edit("mlops.yaml", "{at_most: 40}", "{at_most: 0.001}"))
    assert run.jobs == dict.fromkeys(JOBS, "success") | dict.fromkeys(("model", "mlops-ci"), "failure"), run.said
    assert run.reports["gate-model"]["exit_code"] == 10
    assert "MCI-GATE-001" in run.codes("gate-model")
    assert "The job model ended as failure" in run.said["mlops-ci"]


def test_a_skipped_gate_turns_the_required_check_red(stage: Stage) -> None:
    run = stage.pull_request("skipped", edit(WORKFLOW, "    name: model\n", "    name: model\n    if: false\n"))
    assert run.jobs.get("model", "skipped") == "skipped"
    assert run.jobs["mlops-ci"] == "failure", run.said
    assert run.exit_code != 0
    assert "The job model ended as skipped" in run.said["mlops-ci"]
    assert "There is no report of gate-model" in run.said["mlops-ci"]
