"""What is found out about a repository, and that each kind of problem gets settings and workflows that hold."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from mlops_ci.errors import MlopsCiError, NothingToJudge, UsageProblem
from mlops_ci.journeys import adopt_project, adopt_workflows
from mlops_ci.journeys.adopt_data import Seen, _given, _positive, _problem
from mlops_ci.journeys.adopt_facts import Facts, Problem, Wish, _name
from mlops_ci.journeys.adopt_settings import text
from mlops_ci.models.metrics.known import METRICS
from mlops_ci.settings import document
from mlops_ci.settings.data import DataSettings
from mlops_ci.settings.gate import GateSettings
from mlops_ci.settings.load import Cascade

FACTS = Facts(
    root=Path("/nowhere"),
    name="late",
    data="data/*.csv",
    model="out/my model",
    branch="trunk",
    owner=None,
    install="-r requirements.txt -e .[dev]",
    has_requirements=True,
    test="make test",
    train=None,
    stage=None,
    new_stage=False,
    serve=None,
    python="3.11",
    pin="a" * 40,
    dirty=0,
    says_probabilities=True,
    has_signature=True,
)


def seen(problem: Problem, label: str) -> Seen:
    query = "board" if problem == "ranking" else None
    positive = "yes" if problem == "binary" else None
    return Seen(
        problem,
        label,
        (label, "no"),
        "no",
        query,
        positive,
        "golden.parquet",
        b"",
        9,
        is_sampled=True,
        contract="",
        profile="",
    )


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ([0, 1, 1, None], "binary"),
        (["on", "off"], "binary"),
        ([True, False], "binary"),
        (["a", "b", "c"], "multiclass"),
        ([1, 2, 3], "multiclass"),
        ([1.5, 2.0, 3.0], "regression"),
        (list(range(21)), "regression"),
    ],
)
def test_labels_tell_the_kind_of_problem(labels: list[Any], problem: str) -> None:
    assert _problem(labels, None) == problem


def test_labels_that_are_all_the_same_are_no_problem() -> None:
    with pytest.raises(NothingToJudge, match="nothing can be told apart"):
        _problem([1, 1, None], None)


@pytest.mark.parametrize(
    ("labels", "positive"), [([0, 1, 1], "1"), (["no", "Yes", "Yes"], "Yes"), (["x", "x", "y"], "y"), ([2, 3, 3], "2")]
)
def test_what_says_yes_is_positive_else_the_rarer(labels: list[Any], positive: str) -> None:
    assert _positive(labels) == positive


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"id": [1, 2], "hour": [3, 4]}, "has no column 'late'"),
        ({"hour": [3, 4], "late": [0, 1]}, "needs a column id"),
        ({"id": [1, 1], "late": [0, 1]}, "needs a column id"),
    ],
)
def test_a_golden_set_that_would_fail_later_is_refused(row: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    pd.DataFrame(row).to_csv(tmp_path / "golden.csv", index=False)
    with pytest.raises(UsageProblem, match=sentence):
        _given(Wish("data.csv", "late", "model", golden="golden.csv"), tmp_path)


def test_what_names_rows_and_queries_moves_on_and_is_no_drift(tmp_path: Path) -> None:
    path = tmp_path / "mlops.yaml"
    path.write_text(text(FACTS, seen("ranking", "late")), encoding="utf-8")
    data = Cascade(document.read(path), {}).section("data", DataSettings, {})
    assert set(data.drift.ignore) == {"no", "board"}


@pytest.mark.parametrize("probabilities", [True, False])
@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression", "ranking"])
def test_the_settings_of_each_problem_are_ours(problem: Problem, *, probabilities: bool, tmp_path: Path) -> None:
    path = tmp_path / "mlops.yaml"
    hostile = 'is "late": {#1}'
    path.write_text(text(replace(FACTS, says_probabilities=probabilities), seen(problem, hostile)), encoding="utf-8")
    settings = Cascade(document.read(path), {})
    settings.check_all()
    gate = settings.section("gate", GateSettings, {})
    assert (gate.label, gate.challenger) == (hostile, "out/my model")
    assert "no" in {gate.id, gate.item}, "no truth value, but the column called no"
    names = {name.partition("@")[0] for rule in gate.rules for name in rule}
    assert names - {"latency_p95_ms", "ndcg"} <= set(METRICS)


def workflow(facts: Facts, name: str = "pull-request") -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(adopt_workflows.files(facts)[f".github/workflows/{name}.yml"])
    return loaded


def commands(loaded: dict[str, Any]) -> list[str]:
    return [step["run"] for job in loaded["jobs"].values() for step in job["steps"] if "run" in step]


def test_the_workflows_say_this_repositorys_commands_and_branch() -> None:
    facts = replace(FACTS, train='make "the model": now', stage="dvc pull data.dvc", has_requirements=False)
    loaded = workflow(facts)
    install = "python -m pip install -r requirements.txt -e .[dev]"
    assert commands(loaded) == [install, "make test", install, "dvc pull data.dvc", install, 'make "the model": now']
    assert 'branches: ["trunk"]' in adopt_workflows.files(facts)[".github/workflows/release.yml"].decode()
    uses = [step for job in loaded["jobs"].values() for step in job["steps"] if "uses" in step]
    assert not any("cache" in step.get("with", {}) for step in uses)
    assert commands(workflow(facts, "release")) == [install, 'make "the model": now']


@pytest.mark.parametrize("name", ["pull-request", "release"])
def test_a_champion_is_kept_where_it_would_have_to_be_made_anew(name: str) -> None:
    for facts, kept in ((FACTS, False), (replace(FACTS, train="make"), True)):
        loaded = workflow(facts, name)
        uses = [step["uses"] for job in loaded["jobs"].values() for step in job["steps"] if "uses" in step]
        paths = [step["with"].get("path") for job in loaded["jobs"].values() for step in job["steps"] if "with" in step]
        assert any("actions/champion@" in one for one in uses) == kept
        assert (".mlops-ci/run/models" in paths) == kept


def test_a_command_that_trains_becomes_a_stage_where_there_is_no_dvc() -> None:
    facts = replace(FACTS, train="python train.py", new_stage=True)
    made = adopt_workflows.files(facts)
    assert yaml.safe_load(made["dvc.yaml"]) == {
        "stages": {"train": {"cmd": "python train.py", "outs": ["out/my model"]}}
    }
    assert commands(workflow(facts))[-1] == "dvc repro"
    assert ".dvc/config" in made


def test_data_that_dvc_tracks_are_there_before_anything_trains_on_them() -> None:
    facts = replace(FACTS, train="python train.py", new_stage=True, stage="dvc pull data/rows.csv.dvc")
    stage = yaml.safe_load(adopt_workflows.files(facts)["dvc.yaml"])["stages"]["train"]
    assert (stage["deps"], stage["always_changed"]) == (["data/rows.csv"], True)
    assert commands(workflow(facts))[-1] == commands(workflow(facts, "release"))[-1] == "dvc repro --pull"
    assert commands(workflow(replace(facts, train="dvc repro train", new_stage=False)))[-1] == "dvc repro train --pull"


def test_a_template_that_has_changed_is_a_bug_and_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopt_workflows, "_TRAIN", "what the template said before")
    with pytest.raises(MlopsCiError, match="does not hold"):
        adopt_workflows.files(FACTS)


def test_what_is_installed_is_what_the_repository_names_and_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("dvc[s3]>=3\npytest-xdist\n")
    project: dict[str, Any] = {"build-system": {}, "project": {"optional-dependencies": {"test": []}}}
    assert adopt_project.install(tmp_path, "model", project, needs_dvc=True) == "-r requirements.txt -e .[test] pytest"
    (tmp_path / "requirements.txt").write_text("pytest\n")
    assert adopt_project.install(tmp_path, "model", {}, needs_dvc=True).startswith("-r requirements.txt dvc==")


def test_a_name_becomes_one_that_a_registered_model_may_have() -> None:
    assert _name("My Model (v2)") == "my-model-v2"
