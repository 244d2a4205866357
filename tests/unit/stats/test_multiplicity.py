from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from mlops_ci.stats.multiplicity import holm

P = NDArray[np.float64]


def test_the_example_of_a_textbook() -> None:
    """Limits are .05/4, .05/3, .05/2, .05: the third smallest fails at .03 > .025 and ends it."""
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])).tolist() == [True, False, False, True]


def test_the_first_that_stays_ends_it_however_small_the_later_limits_are() -> None:
    assert holm(np.array([0.02, 0.02, 0.02])).tolist() == [False, False, False]
    assert holm(np.array([0.03, 0.049])).tolist() == [False, False]


def test_one_test_is_judged_at_the_level_itself_and_none_at_all_is_fine() -> None:
    assert holm(np.array([0.05])).tolist() == [True]
    assert holm(np.array([])).tolist() == []


def family_wise_error(method: Callable[[P], NDArray[np.bool_]]) -> float:
    """Return how often at least one of twenty true hypotheses is rejected, in 4,000 families."""
    families = np.random.default_rng(0).random((4000, 20))
    return float(np.mean([method(family).any() for family in families]))


def test_twenty_true_hypotheses_give_a_false_alarm_in_one_family_of_twenty() -> None:
    assert 0.035 < family_wise_error(holm) < 0.065


@pytest.mark.parametrize(
    "mutant",
    [
        lambda p: p <= 0.05,  # uncorrected
        lambda p: p <= 0.05 / (p.size - np.argsort(p)),  # argsort taken for ranks
    ],
)
def test_planted_mutants_are_seen(mutant: Callable[[P], NDArray[np.bool_]]) -> None:
    assert family_wise_error(mutant) > 0.065
