"""Gates that do not gate, as they were found elsewhere: each is built once more, and must not pass here."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jinja2 import Template
from numpy.typing import NDArray
from pydantic import ValidationError
from ruamel.yaml import YAML

import gate_builders
from gate_builders import answered, binary
from mlops_ci.errors import NothingToJudge
from mlops_ci.models import rulebook
from mlops_ci.models.answers import Gathered
from mlops_ci.models.golden import Columns
from mlops_ci.models.metrics.known import METRICS
from mlops_ci.models.rulebook import Rulebook
from mlops_ci.report import Finding, StepReport
from mlops_ci.settings.gate import GateSettings

N = 2_000
TEMPLATE = Path(__file__).parents[3] / "templates/model-service/{{cookiecutter.project_slug}}/mlops.yaml"
LABELS = np.arange(N) % 2 == 0
GROUPS = np.where(np.arange(N) % 10 == 0, "small", "large")
NO_WORSE = [{"accuracy": {"no_worse_than": 0.01}}]


def scores(wrong: float, seed: int = 0) -> NDArray[np.float64]:
    """Return scores that are wrong on about that part of the rows; a larger part has the smaller one in it."""
    return np.where((np.random.default_rng(seed).random(N) < wrong) != LABELS, 0.8, 0.2)


def judged(challenger: NDArray[np.float64], champion: NDArray[np.float64] | None, **settings: Any) -> StepReport:  # noqa: ANN401 - settings of anything
    """Return the report of a gate with these settings, and no rule but theirs."""
    options = GateSettings.model_validate({"golden": "g.parquet", "label": "late", "rules": NO_WORSE} | settings)
    truth = binary(LABELS)
    book = Rulebook(options, METRICS, gate_builders.golden(truth, group=GROUPS), Columns("id", "late"), ())
    arms = {"challenger": answered(challenger)} | ({} if champion is None else {"champion": answered(champion)})
    findings, measurements = rulebook.judge(book, Gathered(arms))
    return StepReport("gate-model", findings=tuple(findings), measurements=tuple(measurements))


def outcome(report: StepReport) -> tuple[str | None, int]:
    return report.verdict, report.exit_code


def test_a_verdict_cannot_be_overwritten_with_deploy() -> None:
    """Azure's pipelines compute a flag, and set it to deploy a line later."""
    report = judged(scores(0.3), scores(0.1))
    assert outcome(report) == ("fail", 10)
    with pytest.raises((AttributeError, TypeError)):
        report.verdict = "pass"  # type: ignore[misc]
    with pytest.raises(TypeError):
        replace(report, verdict="pass")  # type: ignore[call-arg]


def test_the_champions_metric_is_the_champions() -> None:
    """Vertex' sample reads both metrics from the challenger, so that they never differ."""
    (found, *_) = judged(scores(0.3), scores(0.1)).measurements
    assert found.champion == np.mean((scores(0.1) > 0.5) == LABELS)
    assert found.challenger == np.mean((scores(0.3) > 0.5) == LABELS)


def test_the_template_compares_with_the_champion_by_default() -> None:
    """Databricks ships its gate as a dry run without a comparison."""
    names = {"problem": "binary", "project_slug": "flights", "package": "flights"}
    text = Template(TEMPLATE.read_text()).render(cookiecutter=names)
    options = GateSettings.model_validate(YAML(typ="safe").load(text)["gate"])
    assert (options.decide_on, options.champion) == ("interval", "released")
    assert any(bound.no_worse_than or bound.improve_by for rule in options.rules for bound in rule.values())


def test_a_little_better_by_chance_is_not_better() -> None:
    """ZenML's gate compares two numbers with `>=`."""
    report = judged(scores(0.2, 6), scores(0.2, 5), rules=[{"accuracy": {"improve_by": 0}}])
    (found,) = report.measurements
    assert found.value is not None
    assert found.value > 0
    assert outcome(report) == ("inconclusive", 11)


def test_nothing_to_evaluate_is_no_pass() -> None:
    """NeMo's evaluator says GO when no gated benchmark was evaluated."""
    with pytest.raises(ValidationError, match="at least 1 item"):
        judged(scores(0.1), scores(0.1), rules=[])
    with pytest.raises(NothingToJudge, match="no rule judges a challenger alone"):
        judged(scores(0.1), None)


def test_a_slice_that_cannot_be_judged_is_no_pass() -> None:
    """TFMA counts an empty slice as validated."""
    rule = {"f1": {"no_worse_than": 0.001}}
    report = judged(scores(0.1), scores(0.1), slices={"by": ["group"], "rule": rule, "prove": "safety"})
    assert outcome(report) == ("inconclusive", 11)
    undecided = {one.location.name for one in report.findings if one.code == "MCI-GATE-006" and one.location}
    assert undecided == {"group=small", "group=large"}
    harm = judged(scores(0.1), scores(0.1), slices={"by": ["group"], "rule": rule})
    assert outcome(harm) == ("pass", 0)
    assert {one.effect for one in harm.findings} == {"informs"}, "by default it is listed"


def test_undecided_is_no_pass() -> None:
    """An inconclusive comparison counts as passed in statgate, by default: not here."""
    assert outcome(judged(scores(0.112), scores(0.1))) == ("inconclusive", 11)


def test_worse_fails_and_better_passes_and_not_the_other_way_round() -> None:
    """neuro-matrix tests the wrong tail: regressions pass, improvements fail."""
    for metric in ("accuracy", "log_loss", "roc_auc", "f1", "average_precision", "ks", "brier_score_loss"):
        rules = [{metric: {"no_worse_than": 0.01}}]
        assert outcome(judged(scores(0.3), scores(0.1), rules=rules)) == ("fail", 10), metric
        assert outcome(judged(scores(0.1), scores(0.3), rules=rules)) == ("pass", 0), metric


def test_what_informs_does_not_block_and_what_blocks_does() -> None:
    """Great Expectations' checkpoints fail by warnings; deepeval and others end with 0 when they fail."""
    informs = Finding("MCI-GATE-003", "info", "informs", "t", "m")
    assert outcome(StepReport("gate-model", findings=(informs,))) == ("pass", 0)
    assert outcome(StepReport("gate-model", findings=(informs, replace(informs, effect="undecided")))) == (
        "inconclusive", 11,
    )  # fmt: skip
    assert outcome(StepReport("gate-model", findings=(informs, replace(informs, effect="blocks")))) == ("fail", 10)


CONSTANT = np.full(N, 0.5)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "roc_auc", "f1", "average_precision", "ks", "cohen_kappa"])
def test_constant_predictions_never_pass(metric: str) -> None:
    """A model that answers every row alike; for a metric of rankings all rows are tied."""
    rules = [{metric: {"no_worse_than": 0.01}}]
    assert outcome(judged(CONSTANT, scores(0.1), rules=rules)) == ("fail", 10)
    assert outcome(judged(scores(0.1), CONSTANT, rules=rules)) == ("pass", 0)
    report = judged(CONSTANT, CONSTANT, rules=[{metric: {"improve_by": 0}}])
    assert report.verdict in {"fail", "inconclusive"}


def test_a_slice_of_one_row_decides_nothing() -> None:
    truth = binary(LABELS)
    one = gate_builders.golden(truth, group=np.where(np.arange(N) == 7, "only", "rest"))
    rule = {"by": ["group"], "rule": {"accuracy": {"no_worse_than": 0.01}}, "prove": "safety"}
    options = GateSettings.model_validate({"golden": "g", "label": "late", "rules": NO_WORSE, "slices": rule})
    book = Rulebook(options, METRICS, one, Columns("id", "late"), ())
    wrong = np.where(np.arange(N) == 7, 1 - scores(0), scores(0))
    findings, _ = rulebook.judge(book, Gathered({"challenger": answered(wrong), "champion": answered(scores(0))}))
    assert [(one.code, one.location.name) for one in findings if one.location] == [("MCI-GATE-006", "group=other")]
