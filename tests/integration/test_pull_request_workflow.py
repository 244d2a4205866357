"""The generated pull-request workflow, run as it is by act: green when clean, red for each planted defect.

Before anything is proposed there is a champion, released by the real command line. Where a defect is of one job, that
job runs alone; that a red job turns the required check red is shown by whole runs.
"""

import json
import re
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
import yaml

from integration.comments import MARKER, Api
from integration.workflows import (
    STAND_INS,
    Change,
    Run,
    Stage,
    all_of,
    edit,
    git,
    make_stage,
    shells_of,
    steps,
    wait_for,
)
from mlops_ci.journeys.selftest_files import BAD_FILES
from mlops_ci.journeys.workshop import Workshop
from mlops_ci.net import free_port
from mlops_ci.report import StepReport

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

WORKFLOW = ".github/workflows/pull-request.yml"
JOBS = ("test", "data", "model", "scan", "mlops-ci", "report")
UNLIKE = '(rows["carrier"] == "VX")'  # of whose flights the opposite is learnt
SLOW = 'time.sleep(0.06 * (columns["sched_dep_minute"][0] % 4 == 0))'  # seconds; slow for some, so timing it is not
# What GitHub does with the token of a pull request's jobs.
READ_ONLY = '#!/bin/sh\nif [ "$GITHUB_WORKFLOW" = "pull request" ]; then echo "read only" >&2; exit 1; fi\n'
CARRIERS = "slices: {by: [carrier], rule: {accuracy: {no_worse_than: 0.02}}}"


def release(workshop: Workshop) -> None:
    """Add a rule for each carrier, train a first model, and make it the champion."""
    workshop.port = free_port()
    last = "    - latency_p95_ms: {at_most: 40}\n"
    workshop.edit("mlops.yaml", last, f"{last}  {CARRIERS}\n  budget: 2\n")
    workshop.train("First model")
    for command in ("gate-model", "register-model", "canary run"):
        assert workshop.step(*command.split()).exit_code == 0
    workshop.stop()
    hook = workshop.folder / "origin.git/hooks/pre-receive"
    hook.write_text(READ_ONLY)
    hook.chmod(0o755)


@pytest.fixture(scope="module")
def stage(scanners: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return make_stage(tmp_path_factory.mktemp("workflow"), release)


def test_every_stand_in_takes_what_the_workflow_gives_it(stage: Stage) -> None:
    others = [one for one in steps(stage.workshop.root) if one.get("uses", "mlops-ci/").partition("/")[0] != "mlops-ci"]
    for step in others:
        action = step["uses"].partition("@")[0]
        if action != "actions/checkout":
            inputs = yaml.safe_load((STAND_INS / action / "action.yml").read_text())["inputs"]
            assert set(step.get("with", {})) <= set(inputs)


@pytest.fixture(scope="module")
def clean(stage: Stage) -> tuple[Run, Api]:
    """Return the run of a pull request that changes nothing, and what GitHub was told."""
    with Api().serving() as api:
        return stage.pull_request("clean", api=api.url), api


@pytest.fixture(scope="module")
def counted(stage: Stage, clean: tuple[Run, Api]) -> Run:
    """Return the run that counts what the gate of the clean one decided."""
    return stage.after("counted", clean[0])


def test_a_clean_repository_is_green_and_the_pull_request_is_told(clean: tuple[Run, Api]) -> None:
    run, api = clean
    assert run.jobs == dict.fromkeys(JOBS, "success"), run.said
    assert run.exit_code == 0
    assert {step: report["verdict"] for step, report in run.reports.items()} == {
        "validate-data": "pass",
        "gate-model": "pass",
        "scan": "pass",
    }
    assert "MCI-GATE-003" not in run.codes("gate-model"), "it is compared with the champion"
    assert "verdict PASS" in run.said["mlops-ci"]
    (comment,) = api.comments
    assert re.search(r"/issues/1/comments$", api.wrote()[0])
    assert comment["body"].startswith(f"{MARKER}<!-- run 1.1 -->\n### ✅ verdict PASS")
    assert all(f"| ✅ | {step} | pass (exit 0) |" in comment["body"] for step in run.reports)


def pages(stage: Stage) -> dict[str, Any]:
    """Return golden set → its page of the ledger, as origin has them."""
    origin = ("-C", str(stage.origin))
    names = git(*origin, "ls-tree", "-r", "--name-only", "mlops-ci/state", "ledger/").splitlines()
    return {name: json.loads(git(*origin, "show", f"mlops-ci/state:{name}")) for name in names}


def state(stage: Stage) -> str:
    return git("-C", str(stage.origin), "rev-parse", "mlops-ci/state")


def test_what_its_gate_decided_is_counted_afterwards_and_once(
    stage: Stage, clean: tuple[Run, Api], counted: Run
) -> None:
    assert (counted.exit_code, counted.jobs) == (0, {"record": "success"}), counted.said
    assert "the workflow `record` counts it" in clean[0].said["model"], "its own job may not push"
    report = clean[0].reports["gate-model"]
    (page,) = pages(stage).values()
    first, second = page["decisions"]
    assert page["digest"] == report["inputs"]["golden"]
    assert (first["champion"], second["champion"]) == ("", report["inputs"]["champion"])
    assert (second["model"], second["verdict"]) == (report["inputs"]["model"], "pass")
    assert second["commit"] == report["inputs"]["commit"]
    before = state(stage)
    again = stage.after("again", clean[0])
    assert (again.exit_code, state(stage)) == (0, before), again.said
    assert "no further decision" in again.said["record"]


def test_a_run_of_a_fork_or_of_a_push_is_not_counted_and_a_made_up_report_is_refused(
    stage: Stage, clean: tuple[Run, Api], counted: Run, tmp_path: Path
) -> None:
    before = state(stage)
    fork = stage.after("fork", clean[0], head_repository={"full_name": "mallory/flight-delay"})
    pushed = stage.after("pushed", clean[0], event="push")
    assert [(run.exit_code, run.jobs) for run in (fork, pushed)] == [(0, {}), (0, {})], "the job is skipped"
    said = dict(clean[0].reports["gate-model"])
    inputs = said["inputs"] | {"counted": "sha256:../../deploy/rehearsal/flight-delay.yaml", "model": f"sha256:{0:064}"}
    (tmp_path / "report-gate-model").mkdir()
    (tmp_path / "report-gate-model/gate-model.json").write_text(json.dumps(said | {"inputs": inputs}))
    refused = stage.after("refused", replace(clean[0], artifacts=tmp_path))
    assert refused.jobs == {"record": "failure"}, refused.said
    assert "its counted is 'sha256:../../deploy" in refused.said["record"]
    assert state(stage) == before


def without(*lines: str) -> Change:
    """Return a change that takes lines, or several at once, out of the workflow."""
    return all_of(*(edit(WORKFLOW, line, "") for line in lines))


def by_hand(repository: Path) -> None:
    """Commit a report that nobody judged; it says that the model is good."""
    path = repository / ".mlops-ci/reports/gate-model.json"
    path.parent.mkdir(parents=True)
    commit = git("-C", str(repository), "rev-parse", "HEAD")
    path.write_text(json.dumps(StepReport("gate-model", inputs={"commit": commit}).to_json()))
    git("-C", str(repository), "add", "--force", str(path))


def test_a_job_that_fails_and_a_gate_skipped_forged_or_silenced_turn_the_required_check_red(stage: Stage) -> None:
    text = (stage.workshop.root / WORKFLOW).read_text()
    gate = text[
        text.index("      - name: Train the model") : text.index(
            "      - name: Keep the report", text.index("gate-model@")
        )
    ]
    upload = text[
        text.index("      - name: Keep the report", text.index("actions/scan@")) : text.index("  # The one required")
    ]
    fail = edit("src/flight_delay/features.py", "return np.column_stack(chosen)", "return np.column_stack(chosen[1:])")
    skip = edit(WORKFLOW, "    name: data\n", "    name: data\n    if: false\n")
    run = stage.pull_request("evidence", all_of(without(gate, upload), skip, fail, by_hand))
    said = run.said["mlops-ci"]
    assert run.jobs.get("data", "skipped") == "skipped"
    assert (run.jobs["model"], run.jobs["scan"]) == ("success", "success"), "nothing else stops it"
    assert run.jobs["mlops-ci"] == "failure", said
    assert run.exit_code != 0
    assert "The job test ended as failure" in said
    assert "The job data ended as skipped" in said
    assert "There is no report of validate-data" in said
    assert "There is no report of scan" in said
    assert "The report of gate-model is about another commit" in said
    assert run.jobs["report"] == "success"
    assert "There is no comment: outside of a workflow, or without a token" in run.said["report"]


def test_data_that_break_the_contract_or_drift_and_a_weaker_contract_stop_the_data_job(stage: Stage) -> None:
    place = "src/flight_delay/data.py"
    metres = edit(place, '.astype("float64")', '.astype("float64") * 1609.34')
    afternoons = edit(
        place, "    return table[COLUMNS]", '    table = table[table["hour"] >= 12]\n    return table[COLUMNS]'
    )
    weaker = edit("contracts/data.json", '"min_value": 20000', '"min_value": 2')
    run = stage.pull_request("data", all_of(metres, afternoons, weaker), job="data")
    assert run.jobs["data"] == "failure", run.said
    assert run.reports["validate-data"]["exit_code"] == 10
    found = {(one["code"], (one["location"] or {}).get("name")) for one in run.blocking("validate-data")}
    assert {"MCI-DATA-005", "MCI-POLICY-001"} <= run.codes("validate-data")
    assert ("MCI-DATA-001", "distance") in found
    assert ("MCI-DATA-002", "sched_dep_minute") in found


def planted(repository: Path) -> None:
    for one in BAD_FILES:
        one.write(repository)


def test_what_no_repository_should_hold_stops_the_scan(stage: Stage) -> None:
    run = stage.pull_request("scan", planted, job="scan")
    assert run.jobs["scan"] == "failure", run.said
    assert run.reports["scan"]["exit_code"] == 10
    found = {(one["code"], one["location"]["path"]) for one in run.blocking("scan")}
    assert {(one.code, one.path) for one in BAD_FILES} <= found


def test_a_gate_that_is_cancelled_has_judged_nothing_and_its_job_is_red(stage: Stage) -> None:
    def gate() -> list[psutil.Process]:
        found = shells_of(stage.folder / "cancelled", "scan")
        return [one for one in found if "run.py" in " ".join(one.info["cmdline"])]

    running = stage.opened("cancelled", job="scan")
    try:
        wait_for(lambda: gate() or running.process.poll() is not None)
        time.sleep(1)  # let it begin
        for one in gate():
            one.send_signal(signal.SIGINT)  # to the step's shell alone, as GitHub does: exec made it the command
    finally:
        run = running.run()
    assert run.jobs["scan"] == "failure", run.said
    report = run.reports["scan"]
    assert (report["verdict"], report["exit_code"]) == (None, 130)


def easier(repository: Path) -> None:
    """Make the golden set's truth what a bad model would like it to be, in a hundred rows."""
    path = repository / "data/golden.parquet"
    rows = pd.read_parquet(path)
    rows.loc[:99, "delayed"] = 0
    rows.to_parquet(path)


def test_a_worse_model_with_rules_and_golden_set_to_its_liking_is_stopped(stage: Stage, counted: Run) -> None:
    run = stage.pull_request(
        "worse",
        all_of(
            edit(
                "src/flight_delay/train.py",
                "rows, rows[task.LABEL])",
                "rows, rows[task.LABEL].sample(frac=1, random_state=0))",
            ),
            edit("mlops.yaml", "roc_auc: {no_worse_than: 0.01}", "roc_auc: {no_worse_than: 0.9}"),
            edit("mlops.yaml", f"  {CARRIERS}\n", ""),
            easier,
        ),
        job="model",
    )
    assert run.jobs["model"] == "failure", run.said
    assert run.reports["gate-model"]["exit_code"] == 10
    titles = [one["title"] for one in run.blocking("gate-model")]
    assert any(one.startswith("By the rules of ") and "roc_auc" in one for one in titles), titles
    assert any(one.startswith("By the rules of ") and "budget is spent" in one for one in titles), "counted before"
    (policy,) = [one for one in run.reports["gate-model"]["findings"] if one["code"] == "MCI-POLICY-001"]
    assert all(word in policy["title"] for word in ("golden", "rules", "slices")), policy


@pytest.mark.nightly
def test_a_better_model_that_is_slower_and_unfair_to_one_carrier_is_stopped(stage: Stage) -> None:
    features = "src/flight_delay/features.py"
    run = stage.pull_request(
        "unfair",
        all_of(
            edit("params.yaml", "model: logistic", "model: boosting"),
            edit("params.yaml", "features: schedule", "features: weather"),
            edit("src/flight_delay/train.py", "fit(rows, rows[task.LABEL])", f"fit(rows, rows[task.LABEL] ^ {UNLIKE})"),
            edit(features, "from collections", "import time\nfrom collections"),
            edit(features, "    chosen = schedule", f"    {SLOW}\n    chosen = schedule"),
        ),
        job="model",
    )
    assert run.jobs["model"] == "failure", run.said
    found = {(one["code"], (one["location"] or {}).get("name")) for one in run.blocking("gate-model")}
    assert found >= {("MCI-GATE-005", "carrier=VX"), ("MCI-GATE-001", "latency_p95_ms")}
    assert ("MCI-GATE-001", "roc_auc") not in found, "on the whole it is better"


@pytest.mark.nightly
def test_with_warm_caches_no_job_has_more_than_two_minutes_of_steps(stage: Stage) -> None:
    """All jobs share this one machine; on GitHub each has its own."""
    stage.pull_request("cold")
    seconds = stage.pull_request("warm").seconds
    assert set(seconds) >= {"test", "data", "model", "scan", "mlops-ci"}
    assert max(seconds.values()) < 120, seconds
