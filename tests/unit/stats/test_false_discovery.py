from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import stats

from mlops_ci.stats.false_discovery import benjamini_hochberg

Method = Callable[[Sequence[float]], Sequence[float]]


def test_it_agrees_with_scipy_whatever_the_order_and_ties() -> None:
    random = np.random.default_rng(0)
    for size in (1, 2, 7, 40):
        p_values = np.round(random.random(size) ** 3, 2)
        assert benjamini_hochberg(p_values.tolist()) == pytest.approx(stats.false_discovery_control(p_values))


def test_no_tests_at_all_are_fine() -> None:
    assert benjamini_hochberg([]) == ()


def test_a_small_one_lifts_larger_ones_over_the_line_but_not_the_other_way_round() -> None:
    """0.03 stays under its limit of 0.0375 only as the third of four; step-up takes the first two along."""
    found = benjamini_hochberg([0.03, 0.5, 0.02, 0.029])
    assert [one <= 0.05 for one in found] == [True, False, True, True]


def uncorrected(p_values: Sequence[float]) -> Sequence[float]:
    return p_values


def ranks_from_zero(p_values: Sequence[float]) -> Sequence[float]:
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    return [p_values[at] * len(p_values) / max(order.index(at), 1) for at in range(len(p_values))]


def one_rank_too_many(p_values: Sequence[float]) -> Sequence[float]:
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    return [p_values[at] * len(p_values) / (order.index(at) + 2) for at in range(len(p_values))]


def argsort_for_ranks(p_values: Sequence[float]) -> Sequence[float]:
    order = np.argsort(p_values)
    return [p * len(p_values) / (rank + 1) for p, rank in zip(p_values, order, strict=True)]


def false_alarms(method: Method) -> float:
    """Return how often at least one of twenty true hypotheses is rejected, in 4,000 families."""
    families = np.random.default_rng(0).random((4000, 20)).tolist()
    return sum(min(method(family)) <= 0.05 for family in families) / 4000


def power(method: Method) -> float:
    """Return the share of ten false hypotheses, among twenty, that is found."""
    random = np.random.default_rng(1)
    families = np.concatenate([random.random((1000, 10)), random.random((1000, 10)) ** 8], axis=1).tolist()
    return sum(one <= 0.05 for family in families for one in method(family)[10:]) / 10_000


def right(method: Method) -> bool:
    """Say whether a method keeps its level and is as powerful as the published one."""
    return 0.04 < false_alarms(method) < 0.06 and abs(power(method) - POWER) < 0.002


POWER = power(lambda p_values: stats.false_discovery_control(p_values).tolist())


def test_it_keeps_its_level_and_its_power() -> None:
    assert right(benjamini_hochberg)


@pytest.mark.parametrize("mutant", [uncorrected, ranks_from_zero, one_rank_too_many, argsort_for_ranks])
def test_planted_mutants_are_seen(mutant: Method) -> None:
    assert not right(mutant)
