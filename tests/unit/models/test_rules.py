import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from gate_builders import binary, scored
from mlops_ci.errors import NothingToJudge
from mlops_ci.models.answers import Answers
from mlops_ci.models.gate_words import enough, rule_found
from mlops_ci.models.latency import Rounds
from mlops_ci.models.metrics.known import METRICS
from mlops_ci.models.rules import Facts, describe, judge
from mlops_ci.render import json as render_json
from mlops_ci.report import StepReport, Verdict
from mlops_ci.settings.gate import Bound

LABELS = np.tile([True, False], 500)


def scores(right: float, seed: int = 0) -> NDArray[np.float64]:
    """Return scores of which about that part is on the right side; the same seed errs on the same rows first."""
    draw = np.random.default_rng(seed).random(LABELS.size)
    truth = np.where(LABELS, 0.8, 0.2)
    return np.where(draw < right, truth, 1 - truth)


def times(milliseconds: float, noise: float = 0.01, seed: int = 1) -> Rounds:
    draw = np.random.default_rng(seed)
    level = np.exp(draw.normal(0, noise, (12, 1)))
    single = milliseconds * level * np.exp(draw.normal(0, 0.01, (12, 25)))
    return Rounds(single, 20 * single[:, :3])


def facts(challenger: float, champion: float | None, *, slower: float = 1.0) -> Facts:
    ours = Answers(scored(scores(challenger)), times(10 * slower), 50 * slower)
    theirs = Answers(scored(scores(champion)), times(10), 50) if champion is not None else None
    return Facts(binary(LABELS), ours, theirs, METRICS, (times(10, seed=2), times(10, seed=3)))


def rule(**bound: object) -> Bound:
    return Bound.model_validate(bound)


@pytest.mark.parametrize(
    ("bound", "challenger", "champion", "verdict"),
    [
        (rule(improve_by=0.02), 0.95, 0.85, "pass"),
        (rule(improve_by=0.02), 0.85, 0.85, "fail"),
        (rule(improve_by=0.02), 0.87, 0.85, "inconclusive"),
        (rule(improve_by=0), 0.85, 0.85, "inconclusive"),
        (rule(no_worse_than=0.02), 0.85, 0.85, "pass"),
        (rule(no_worse_than=0.02), 0.75, 0.85, "fail"),
        (rule(no_worse_than=0.02), 0.83, 0.85, "inconclusive"),
        (rule(no_worse_than="3%"), 0.85, 0.85, "pass"),
        (rule(no_worse_than="3%"), 0.75, 0.85, "fail"),
        (rule(improve_by="3%"), 0.95, 0.85, "pass"),
        (rule(improve_by="3%"), 0.85, 0.85, "fail"),
        (rule(at_least=0.80), 0.85, 0.85, "pass"),
        (rule(at_least=0.90), 0.85, 0.85, "fail"),
        (rule(at_least=0.85), 0.85, 0.85, "inconclusive"),
        (rule(at_most=0.90), 0.85, 0.85, "pass"),
        (rule(at_most=0.80), 0.85, 0.85, "fail"),
    ],
)
def test_the_interval_decides(bound: Bound, challenger: float, champion: float, verdict: Verdict) -> None:
    found = judge("accuracy", bound, facts(challenger, champion), on_estimate=False)
    assert found.verdict == verdict
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.high


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "log_loss", "brier_score_loss"])
def test_worse_fails_and_better_passes_for_every_metric(metric: str) -> None:
    bound = rule(no_worse_than=0.001)
    assert judge(metric, bound, facts(0.95, 0.80), on_estimate=False).verdict == "pass"
    assert judge(metric, bound, facts(0.80, 0.95), on_estimate=False).verdict == "fail"
    relative = rule(no_worse_than="1%")
    assert judge(metric, relative, facts(0.95, 0.80), on_estimate=False).verdict == "pass"
    assert judge(metric, relative, facts(0.80, 0.95), on_estimate=False).verdict == "fail"


@pytest.mark.parametrize("metric", ["latency_p95_ms", "batch_latency_p50_ms"])
@pytest.mark.parametrize(
    ("bound", "slower", "verdict"),
    [
        (rule(at_most=15), 1.0, "pass"),
        (rule(at_most=15), 2.0, "fail"),
        (rule(no_worse_than="10%"), 1.0, "pass"),
        (rule(no_worse_than="10%"), 1.5, "fail"),
        (rule(no_worse_than=2), 1.0, "pass"),
        (rule(no_worse_than=2), 1.5, "fail"),
        (rule(improve_by="10%"), 0.5, "pass"),
    ],
)
def test_latency_is_better_when_smaller(metric: str, bound: Bound, slower: float, verdict: Verdict) -> None:
    scale = 20 if metric.startswith("batch") else 1
    limits = {name: value * scale for name, value in bound.model_dump(exclude_none=True).items() if name == "at_most"}
    if bound.no_worse_than and not bound.no_worse_than.relative:
        limits = {"no_worse_than": bound.no_worse_than.amount * scale}
    scaled = rule(**limits) if limits else bound
    found = judge(metric, scaled, facts(0.9, 0.9, slower=slower))
    assert found.verdict == verdict
    assert len(found.evidence["rounds"]["challenger"]) == 12


def test_latency_decides_nothing_when_a_model_and_its_copy_differ_by_as_much() -> None:
    quiet, bound = facts(0.9, 0.9), rule(no_worse_than="5%")
    assert judge("latency_p95_ms", bound, quiet).verdict == "pass"
    noisy = replace(quiet, noise=(times(10, 0.2, 2), times(10, 0.2, 9)))
    found = judge("latency_p95_ms", bound, noisy)
    assert found.verdict == "inconclusive"
    assert "its own copy differ by up to" in found.method
    assert judge("latency_p95_ms", rule(at_most=10.9), noisy).verdict == "inconclusive"
    assert judge("latency_p95_ms", rule(at_most=100), noisy).verdict == "pass", "the limit is far away"
    slower = replace(facts(0.9, 0.9, slower=5), noise=noisy.noise)
    assert judge("latency_p95_ms", bound, slower).verdict == "fail", "five times as slow is no noise"


@pytest.mark.parametrize(
    ("bound", "larger", "verdict"),
    [(rule(at_most=60), 1, "pass"), (rule(at_most=60), 2, "fail"), (rule(no_worse_than="5%"), 1, "pass"),
     (rule(no_worse_than="5%"), 1.2, "fail"), (rule(improve_by="10%"), 0.5, "pass")],
)  # fmt: skip
def test_size_is_measured_exactly(bound: Bound, larger: float, verdict: Verdict) -> None:
    assert judge("model_size_mb", bound, facts(0.9, 0.9, slower=larger)).verdict == verdict


@pytest.mark.parametrize(("cost", "verdict"), [(1.0, "pass"), (1.5, "fail")])
def test_cost_is_compared_row_by_row(cost: float, verdict: Verdict) -> None:
    plain = facts(0.9, 0.9)
    base = np.random.default_rng(0).uniform(1, 2, LABELS.size)

    def priced(answers: Answers | None, factor: float) -> Answers:
        assert answers is not None
        return replace(answers, predictions=replace(answers.predictions, costs=base * factor))

    both = replace(plain, challenger=priced(plain.challenger, cost), champion=priced(plain.champion, 1))
    assert judge("cost", rule(no_worse_than="10%"), both).verdict == verdict
    with pytest.raises(NothingToJudge, match="a column `cost`"):
        judge("cost", rule(no_worse_than="10%"), plain)


def test_an_estimate_decides_what_an_interval_does_not() -> None:
    bound = rule(no_worse_than=0.02)
    close = facts(0.835, 0.85)
    assert judge("accuracy", bound, close, on_estimate=False).verdict == "inconclusive"
    assert judge("accuracy", bound, close, on_estimate=True).verdict == "pass"


def test_without_a_champion_a_comparison_has_no_verdict_and_json_can_hold_it() -> None:
    found = judge("accuracy", rule(no_worse_than=0.02), facts(0.9, None), on_estimate=False)
    assert (found.verdict, found.value, found.champion) == (None, None, None)
    assert json.loads(render_json.render(StepReport("gate-model", measurements=(found,))))
    assert judge("accuracy", rule(at_least=0.5), facts(0.9, None), on_estimate=False).verdict == "pass"


def test_relative_to_nothing_is_refused_not_guessed() -> None:
    perfect = replace(facts(0.9, 0.9), champion=Answers(scored(LABELS.astype(float))))
    with pytest.raises(NothingToJudge, match="brier_score_loss is 0"):
        judge("brier_score_loss", rule(no_worse_than="3%"), perfect, on_estimate=False)


def test_too_few_rows_of_a_class_for_an_area_is_nothing_to_judge() -> None:
    labels = np.array([True] + [False] * 20)
    answers = Answers(scored(np.linspace(0, 1, 21)))
    with pytest.raises(NothingToJudge, match="at least two rows of each class"):
        judge("roc_auc", rule(at_least=0.5), Facts(binary(labels), answers, None, METRICS), on_estimate=False)


def test_a_rule_reads_as_it_was_written() -> None:
    assert describe("log_loss", rule(no_worse_than="3%")) == "log_loss no_worse_than 3 %"
    assert describe("accuracy", rule(at_least=0.8)) == "accuracy at_least 0.8"


def test_a_measurement_says_what_it_was_held_against() -> None:
    found = judge("accuracy", rule(no_worse_than=0.02), facts(0.85, 0.85), on_estimate=False)
    assert (found.threshold, found.n, found.method) == (-0.02, 1000, "Tango score interval, corrected for skewness")
    assert found.champion == found.challenger


@pytest.mark.parametrize(
    ("bound", "needed"),
    [
        ({"no_worse_than": 0.02}, 4.0),  # measured at half the margin, which is a quarter of what can be shown
        ({"at_least": 0.83}, None),
    ],
)
def test_what_would_be_enough_depends_on_how_far_from_the_limit_it_was_measured(
    bound: dict[str, float], needed: float | None
) -> None:
    found = judge("accuracy", rule(**bound), facts(0.84, 0.85))
    measured = replace(found, verdict="inconclusive", detectable=0.02, n=1_000, value=None if needed is None else -0.01)
    measured = replace(measured, challenger=0.83 if needed is None else measured.challenger)
    assert enough(measured) == (None if needed is None else pytest.approx(1_000 * needed, abs=1))
    assert ("would decide" in rule_found(measured).message) is (needed is not None)
