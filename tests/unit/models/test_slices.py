import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import gate_builders
from gate_builders import binary
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.models.answers import Answers
from mlops_ci.models.cases import failed_cases, read_cases
from mlops_ci.models.flips import judge_flips
from mlops_ci.models.golden import GoldenSet
from mlops_ci.models.metrics.known import METRICS
from mlops_ci.models.rules import Facts
from mlops_ci.models.slices import cut, judge_slices
from mlops_ci.settings.gate import FlipSettings, SliceSettings

N = 2000
LABELS = np.arange(N) % 2 == 0
CARRIERS = np.array(["UA", "DL", "AA", "HA"])[np.minimum(np.arange(N) // 640, 3)]  # HA has 80 rows


def golden(carriers: NDArray[np.str_] = CARRIERS) -> GoldenSet:
    return gate_builders.golden(binary(LABELS), carrier=carriers)


def answers(wrong: NDArray[np.bool_]) -> Answers:
    """Return a model that is wrong on these rows and right on all others."""
    return gate_builders.answered(np.where(wrong != LABELS, 0.8, 0.2))


def some(part: float, seed: int, where: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Return about that part of the rows, only where asked for."""
    return (np.random.default_rng(seed).random(N) < part) & (np.ones(N, np.bool_) if where is None else where)


def slices(prove: str = "harm") -> SliceSettings:
    rule = {"accuracy": {"no_worse_than": 0.01}}
    return SliceSettings.model_validate({"by": ["carrier"], "rule": rule, "prove": prove, "min_rows": 100})


def facts(challenger: NDArray[np.bool_], champion: NDArray[np.bool_] | None) -> Facts:
    theirs = None if champion is None else answers(champion)
    return Facts(binary(LABELS), answers(challenger), theirs, METRICS)


def test_slices_are_values_and_what_is_small_is_pooled() -> None:
    found = dict(cut(golden(), ["carrier"], 100))
    assert {name: int(rows.sum()) for name, rows in found.items()} == {
        "carrier=AA": 640,
        "carrier=DL": 640,
        "carrier=UA": 640,
        "carrier=other": 80,
    }


def test_a_slice_that_is_worse_fails_though_the_average_is_better() -> None:
    champion = some(0.2, 1)
    challenger = some(0.1, 2, CARRIERS != "DL") | some(0.4, 3, CARRIERS == "DL")
    verdicts = {
        one.evidence["slice"]: one.verdict for one in judge_slices(slices(), golden(), facts(challenger, champion))
    }
    assert verdicts["carrier=DL"] == "fail"
    assert "fail" not in {verdict for name, verdict in verdicts.items() if name != "carrier=DL"}


def test_an_identical_challenger_fails_on_no_slice() -> None:
    same = some(0.2, 1)
    verdicts = {one.evidence["slice"]: one.verdict for one in judge_slices(slices(), golden(), facts(same, same))}
    assert verdicts.pop("carrier=other") == "inconclusive", "80 rows cannot exclude one point"
    assert set(verdicts.values()) == {"pass"}


def test_equal_models_fail_on_some_slice_in_at_most_one_of_twenty_comparisons() -> None:
    """Without a correction for twenty slices it would be more than one in three at the boundary."""
    twenty = golden(np.array([f"c{number % 20:02d}" for number in range(N)]))
    rule = {"accuracy": {"no_worse_than": 0.0}}
    settings = SliceSettings.model_validate({"by": ["carrier"], "rule": rule})
    alarms = 0
    for seed in range(150):
        found = judge_slices(settings, twenty, facts(some(0.2, 2 * seed), some(0.2, 2 * seed + 1)))
        alarms += any(one.verdict == "fail" for one in found)
    assert alarms / 150 < 0.11


def test_without_a_champion_there_is_nothing_to_compare() -> None:
    assert judge_slices(slices(), golden(), facts(some(0.2, 1), None)) == []
    assert judge_flips(FlipSettings.model_validate({"at_most": "1%"}), golden(), facts(some(0.2, 1), None)) is None


@pytest.mark.parametrize("rule", [{"accuracy": {"no_worse_than": "1%"}}, {"latency_p95_ms": {"no_worse_than": 1}}])
def test_a_rule_that_slices_cannot_keep_is_refused(rule: dict[str, dict[str, object]]) -> None:
    settings = SliceSettings.model_validate({"by": ["carrier"], "rule": rule})
    with pytest.raises(UsageProblem, match=r"gate\.slices\.rule"):
        judge_slices(settings, golden(), facts(some(0.2, 1), some(0.2, 2)))


@pytest.mark.parametrize(("part", "verdict"), [(0.001, "pass"), (0.05, "fail"), (0.02, "inconclusive")])
def test_flips_are_bounded_by_their_interval(part: float, verdict: str) -> None:
    nothing = np.zeros(N, dtype=np.bool_)
    found = judge_flips(FlipSettings.model_validate({"at_most": "2%"}), golden(), facts(some(part, 7), nothing))
    assert found is not None
    assert found.verdict == verdict
    assert found.evidence["count"] == int(some(part, 7).sum())
    assert len(found.evidence["first_ids"]) <= 50


def test_rows_that_were_wrong_before_are_no_flips() -> None:
    wrong = some(0.3, 4)
    found = judge_flips(FlipSettings.model_validate({"at_most": "1%"}), golden(), facts(wrong, wrong))
    assert found is not None
    assert (found.evidence["count"], found.verdict) == (0, "pass")


def test_a_must_pass_case_is_judged_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(json.dumps({"id": one, "why": "a complaint"}) for one in ("r0003", "r0004")) + "\n\n")
    cases = read_cases(path, golden())
    wrong = np.zeros(N, dtype=np.bool_)
    assert failed_cases(cases, golden(), facts(wrong, None)) == []
    wrong[4] = True
    assert [one.id for one in failed_cases(cases, golden(), facts(wrong, None))] == ["r0004"]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("", NothingToJudge, "no case"),
        ("nonsense", UsageProblem, "cases.jsonl:1"),
        ('{"id": "r0001"}\n{"id": "r9999"}', UsageProblem, "cases.jsonl:2.*'r9999'"),
        (None, NothingToJudge, "cannot be read"),
    ],
)
def test_a_must_pass_file_that_names_nothing_is_refused(
    tmp_path: Path, text: str | None, error: type[Exception], said: str
) -> None:
    path = tmp_path / "cases.jsonl"
    if text is not None:
        path.write_text(text)
    with pytest.raises(error, match=said):
        read_cases(path, golden())
