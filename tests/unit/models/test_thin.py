"""Evidence that is too thin for its interval decides nothing, wherever a verdict is reached."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

import gate_builders
from gate_builders import answered, binary
from mlops_ci.models.fairness import judge_fairness
from mlops_ci.models.flips import judge_flips
from mlops_ci.models.golden import GoldenSet
from mlops_ci.models.metrics.known import METRICS
from mlops_ci.models.metrics.tables import largest_move
from mlops_ci.models.rules import Facts, judge
from mlops_ci.models.slices import judge_slices
from mlops_ci.report import Measurement
from mlops_ci.settings.gate import Bound, FairnessSettings, FlipSettings, SliceSettings
from mlops_ci.stats.units import Units


def facts(n: int, differing: int, clusters: int | None = None) -> Facts:
    """Return two models that are right on four fifths of n rows, but for so many that the challenger has wrong."""
    labels = np.arange(n) % 2 == 0
    champion = np.where(labels == (np.arange(n) % 5 > 0), 0.8, 0.2)
    wrong = np.flatnonzero((champion > 0.5) == labels)[:differing]
    challenger = champion.copy()
    challenger[wrong] = 1 - champion[wrong]
    truth = binary(labels)
    if clusters:
        truth = replace(truth, units=Units(clusters=np.arange(n) % clusters))
    return Facts(truth, answered(challenger), answered(champion), METRICS)


def rule(facts: Facts, **bound: object) -> Measurement:
    return judge("f1", Bound.model_validate(bound), facts)


@pytest.mark.parametrize("margin", [0.01, "2%"])
def test_a_challenger_that_is_nearly_the_champion_passes_where_there_are_many_rows(margin: object) -> None:
    for differing in (0, 1, 5):
        assert rule(facts(10_000, differing), no_worse_than=margin).verdict == "pass"


def test_few_rows_that_all_are_answered_alike_prove_nothing() -> None:
    found = rule(facts(60, 0), no_worse_than=0.02)
    assert (found.low, found.verdict) == (0.0, "inconclusive")
    assert "0 rows are answered differently, fewer than 6" in found.method
    assert rule(facts(60, 5), no_worse_than=0.001).verdict == "inconclusive"
    assert rule(facts(10_000, 5), improve_by=0).verdict == "inconclusive"


def test_the_largest_move_is_what_answering_one_row_otherwise_does() -> None:
    labels = np.arange(40) % 3 == 0
    said = (np.arange(40) % 7 < 2).astype(np.intp)
    for name, score in (("f1", f1_score), ("cohen_kappa", cohen_kappa_score)):
        moves = []
        for row in range(40):
            moved = said.copy()
            moved[row] = 1 - moved[row]
            moves.append(abs(score(labels, moved) - score(labels, said)))
        # A class that the truth does not know can be answered, too; for two classes that moves neither further.
        assert largest_move(name, binary(labels), gate_builders.scored(said)) == pytest.approx(max(moves), rel=0.1)


def golden(found: Facts) -> GoldenSet:
    """Return the rows of two groups."""
    return gate_builders.golden(found.truth, by=np.where(np.arange(found.truth.labels.size) // 2 % 2, "a", "b"))


@pytest.mark.parametrize(("clusters", "decides"), [(39, False), (200, True)])
def test_few_clusters_decide_nothing_anywhere(clusters: int, *, decides: bool) -> None:
    found = facts(20_000, 100, clusters)
    rows = golden(found)
    by = {"by": "by", "demographic_parity_gap": {"at_most": 0.2}}
    sliced = {"by": ["by"], "rule": {"accuracy": {"no_worse_than": 0.05}}}
    every = [
        judge_flips(FlipSettings.model_validate({"at_most": "5%"}), rows, found),
        *judge_fairness(FairnessSettings.model_validate(by), rows, found),
        *judge_slices(SliceSettings.model_validate(sliced), rows, found),
        judge("accuracy", Bound.model_validate({"no_worse_than": 0.05}), found),
    ]
    assert {one.verdict for one in every if one} == {"pass" if decides else "inconclusive"}
    if not decides:
        assert all("39 clusters, fewer than 40" in one.method for one in every if one)


def test_a_slice_with_few_rows_of_a_class_is_not_decided_by_an_area() -> None:
    found = facts(300, 0)
    rows = golden(found)
    sliced = SliceSettings.model_validate({"by": ["by"], "rule": {"roc_auc": {"no_worse_than": 0.5}}})
    assert {one.verdict for one in judge_slices(sliced, rows, found)} == {"inconclusive"}
