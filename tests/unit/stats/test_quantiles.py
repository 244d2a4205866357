from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mlops_ci.stats import quantiles
from mlops_ci.stats.quantiles import Quantiles

Floats = NDArray[np.float64]

SHAPES: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda random, n: random.normal(size=n),
    "heavy": lambda random, n: random.standard_cauchy(size=n),
    "rising": lambda _, n: np.arange(n, dtype=float),
    "falling": lambda _, n: -np.arange(n, dtype=float),
    "tied": lambda random, n: np.where(random.random(n) < 0.6, 0.0, random.integers(0, 30, n)),
}


def sketched(values: Floats, batch: int = 20_000) -> Quantiles:
    found = Quantiles()
    for start in range(0, values.size, batch):
        found = quantiles.add(found, values[start : start + batch])
    return quantiles.finished(found)


def worst_rank(sketch: Quantiles, values: Floats) -> int:
    edges = np.quantile(values, np.arange(1, 100) / 100)
    exact = np.searchsorted(np.sort(values), edges, "right")
    return int(np.abs(sketch.ranks(edges) - exact).max())


@pytest.mark.parametrize("shape", SHAPES)
def test_no_rank_is_further_off_than_the_sketch_says_and_that_is_little(shape: str) -> None:
    values = SHAPES[shape](np.random.default_rng(0), 300_000)
    sketch = sketched(values)
    assert worst_rank(sketch, values) <= sketch.error
    assert sketch.rank_error < 0.003
    assert sketch.count == values.size
    assert sum(level.size for level in sketch.levels) <= 2 * quantiles.KEPT


def test_few_values_are_kept_as_they_are() -> None:
    sketch = sketched(np.array([3.0, 1.0, 2.0]))
    assert sketch.error == 0
    assert sketch.values([0, 0.5, 1]).tolist() == [1, 2, 3]
    assert sketch.ranks([0.5, 1, 2.5]).tolist() == [0, 1, 2]


def test_nothing_seen_is_no_error() -> None:
    assert (sketched(np.empty(0)).count, sketched(np.empty(0)).rank_error) == (0, 0)


def test_the_same_values_give_the_same_sketch() -> None:
    values = np.random.default_rng(1).normal(size=100_000)
    once, again = sketched(values), sketched(values)
    assert [level.tolist() for level in once.levels] == [level.tolist() for level in again.levels]


def test_memory_does_not_grow_with_the_values() -> None:
    sketch, sizes = Quantiles(), []
    for seed in range(40):
        sketch = quantiles.add(sketch, np.random.default_rng(seed).normal(size=50_000))
        sizes.append(sum(level.size for level in sketch.levels))
    assert max(sizes) < 12 * quantiles.IN_MEMORY


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 30_000), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_merged_parts_are_the_whole_in_any_order_within_the_error(sizes: list[int], random: Random) -> None:
    parts = [np.random.default_rng(size).gamma(2, size=size) for size in sizes]
    random.shuffle(parts)
    merged = quantiles.finished(quantiles.merge(*[sketched(part) for part in parts]))
    whole = np.concatenate(parts)
    assert merged.count == whole.size
    assert worst_rank(merged, whole) <= merged.error
    assert merged.rank_error < 0.01


def test_an_error_that_is_not_counted_would_be_seen() -> None:
    values = np.random.default_rng(0).normal(size=300_000)
    sketch = sketched(values)
    lying = Quantiles(sketch.levels, 0)
    assert worst_rank(lying, values) > lying.error
