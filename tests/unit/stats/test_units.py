import numpy as np
import pytest

from mlops_ci.stats.units import ROWS, Units


def test_only_the_ratios_of_weights_matter() -> None:
    once, often = (Units(weights=np.array([1.0, 2.0, 3.0]) * times) for times in (1, 1000))
    assert once.relative(3) == pytest.approx(often.relative(3))
    assert once.relative(3).mean() == pytest.approx(1)
    assert ROWS.relative(3).tolist() == [1, 1, 1]


def test_totals_are_weighted_sums_over_clusters() -> None:
    units = Units(np.array([1.0, 1.0, 2.0, 4.0]), np.array([1, 0, 1, 0]))
    values = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])
    assert units.totals(values) * 2 == pytest.approx(np.array([[18, 180], [7, 70]]))


def test_what_is_taken_has_clusters_of_its_own_codes() -> None:
    units = Units(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 1, 2, 2]))
    taken = units.take(np.array([True, False, True, True]))
    assert taken.weights is not None
    assert taken.weights.tolist() == [1, 3, 4]
    assert taken.clusters is not None
    assert taken.clusters.tolist() == [0, 1, 1]
    assert ROWS.take(np.array([True, False])).plain


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf])
def test_a_weight_is_positive_and_finite(weight: float) -> None:
    with pytest.raises(ValueError, match="not a positive number"):
        Units(weights=np.array([1.0, weight]))


def test_every_cluster_has_rows() -> None:
    with pytest.raises(ValueError, match="no rows"):
        Units(clusters=np.array([0, 2]))
