import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mlops_ci.stats.paired import Z
from mlops_ci.stats.power import rows_needed, scaled, smallest_share_effect


def test_twenty_slices_of_one_point_need_what_the_literature_says() -> None:
    """Connor (1987): 6 % disagreement, one point, 80 % power; one-sided 5 %, and 5 % over twenty slices."""
    assert rows_needed(0.01, 0.06) == pytest.approx(3_700, rel=0.01)
    assert rows_needed(0.01, 0.06, level=0.05 / 20) == pytest.approx(7_980, rel=0.02)


@settings(deadline=None)
@given(n=some.integers(50, 10**7), disagreement=some.floats(0.001, 0.9))
def test_the_effect_is_the_inverse_of_the_rows(n: int, disagreement: float) -> None:
    effect = smallest_share_effect(n, disagreement)
    assert 0 < effect <= 1
    if effect < 1:
        assert rows_needed(effect, disagreement) == pytest.approx(n, rel=1e-3)


def test_more_slices_need_more() -> None:
    assert smallest_share_effect(2_000, 0.06) < smallest_share_effect(2_000, 0.06, level=0.05 / 20)


def test_too_few_rows_show_nothing_that_is_possible() -> None:
    assert smallest_share_effect(1, 0.1) == 1


def test_the_planned_power_is_the_power_that_is_found() -> None:
    n, draw = 2_000, np.random.default_rng(2)
    effect = smallest_share_effect(n, 0.06)
    gained, lost, _ = draw.multinomial(n, [(0.06 + effect) / 2, (0.06 - effect) / 2, 0.94], size=4_000).T
    shown = (gained - lost) / np.sqrt(gained + lost) > Z
    assert 0.77 < shown.mean() < 0.83


def test_an_effect_shrinks_with_the_root_of_the_rows() -> None:
    assert scaled(0.02, 100, 400) == pytest.approx(0.01)
