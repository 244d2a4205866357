"""Intervals of a metric that is a function of sums, by leaving out one unit at a time."""

from collections.abc import Callable, Iterator
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from mlops_ci.stats.cells import Codes, occupied
from mlops_ci.stats.paired import Interval, studentised
from mlops_ci.stats.units import ROWS, Units

Floats = NDArray[np.float64]
OfSums = Callable[[Floats], Floats]

_AT_ONCE = 2**20  # numbers in the sums that are judged at once


def counted(
    value: OfSums,
    labels: Codes,
    challenger: Codes,
    champion: Codes | None,
    classes: int,
    *,
    factor: float = 1.0,
    units: Units = ROWS,
) -> Interval:
    """Return a metric of the table of counts: challenger minus `factor` times champion, or the challenger alone.

    Rows that both models answer alike differ in nothing, so one of each kind is left out, and counts as many times.

    Args:
        value: from tables of weights, shape (…, K, K) by [true, predicted], to values of shape (…).
        labels: truth, shape (n,), codes 0 … K-1.
        challenger: its answers, shape (n,).
        champion: the other model's answers, shape (n,).
        classes: K.
        factor: how many times the champion's value counts.
        units: what the rows weigh, and which of them belong together.

    Raises:
        ValueError: there are fewer than two units, or the value is undefined without one of them.

    Source: Efron & Stein (1981), The Annals of Statistics 9:586-596; t with units − 1 degrees of freedom.
    """
    arms = [labels * classes + answers for answers in (challenger, champion) if answers is not None]
    weights = units.relative(labels.size)
    tables: list[Floats] = [np.bincount(arm, weights, classes * classes).astype(np.float64) for arm in arms]

    def of_flat(flat: Floats) -> Floats:
        return value(flat.reshape(*flat.shape[:-1], classes, classes))

    if units.plain:
        kinds = occupied(arms[0], arms[1] if len(arms) > 1 else None, classes * classes)
        often, cells = kinds.counts, (kinds.challenger, kinds.champion)
        without = [_without_cells(of_flat, table, one) for table, one in zip(tables, cells, strict=False)]
    elif units.clusters is None:
        often = np.ones(labels.size, dtype=np.int64)
        without = [_without_rows(of_flat, table, arm, weights) for table, arm in zip(tables, arms, strict=True)]
    else:
        often = np.ones(units.count(labels.size), dtype=np.int64)
        without = [
            _without_clusters(of_flat, table, arm, weights, units.clusters)
            for table, arm in zip(tables, arms, strict=True)
        ]
    return _interval([_defined(of_flat, table) for table in tables], without, often, factor, units, skewed=True)


def summed(
    value: OfSums,
    challenger: Floats,
    champion: Floats | None,
    *,
    factor: float = 1.0,
    units: Units = ROWS,
) -> Interval:
    """Return a metric of sums over the rows: challenger minus `factor` times champion, or the challenger alone.

    Args:
        value: from weighted sums, shape (…, m), to values of shape (…).
        challenger: what each row adds, shape (n, m).
        champion: what it adds for the other model, shape (n, m).
        factor: how many times the champion's value counts.
        units: what the rows weigh, and which of them belong together.

    Raises:
        ValueError: there are fewer than two units, or the value is undefined without one of them.

    Source: as `counted`.
    """
    parts = [units.totals(one) for one in (challenger, champion) if one is not None]
    sums = [one.sum(axis=0) for one in parts]
    without = [
        _in_turn(value, (whole - one[part] for part in _chunks(one.shape[0], one.shape[1])))
        for whole, one in zip(sums, parts, strict=True)
    ]
    often = np.ones(parts[0].shape[0], dtype=np.int64)
    return _interval([_defined(value, one) for one in sums], without, often, factor, units, skewed=False)


def _interval(
    values: list[Floats], without: list[Floats], often: NDArray[np.int64], factor: float, units: Units, *, skewed: bool
) -> Interval:
    """Return the interval from each arm's value, and from its values without each kind of unit.

    `skewed` says that few units may decide, all by about as much. Of errors with heavy tails skewness says little.
    """
    count = int(often.sum())
    if count < 2:  # noqa: PLR2004 - a spread needs two
        raise ValueError(f"an interval needs at least two {units.name}")
    whole = float(values[0]) - (factor * float(values[1]) if len(values) > 1 else 0.0)
    moved = (without[0] - factor * without[1] if len(without) > 1 else without[0]) - whole
    if not np.isfinite(whole):
        raise ValueError("the value is undefined on these rows")
    if not np.isfinite(moved).all():
        raise ValueError(f"the value is undefined without one of the {units.name}")
    squares = float(np.sum(often * moved * moved))
    error, method = sqrt((count - 1) / count * squares), f"jackknife over {units.name}"
    if not skewed or not squares:
        return studentised(whole, error, count - 1, method)
    third, fourth = (float(np.sum(often * moved**power)) for power in (3, 4))
    return studentised(whole, error, count - 1, method, -third / squares**1.5, sqrt(fourth / squares))


def _without_cells(value: OfSums, table: Floats, cells: Codes) -> Floats:
    """Return the values without one row of each cell; cells may repeat."""
    found, back = np.unique(cells, return_inverse=True)
    return _without_rows(value, table, found, np.ones(found.size))[back]


def _without_rows(value: OfSums, table: Floats, cells: Codes, weights: Floats) -> Floats:
    def tables() -> Iterator[Floats]:
        for part in _chunks(cells.size, table.size):
            left = np.repeat(table[None], part.stop - part.start, axis=0)
            left[np.arange(part.stop - part.start), cells[part]] -= weights[part]
            yield left

    return _in_turn(value, tables())


def _without_clusters(value: OfSums, table: Floats, cells: Codes, weights: Floats, clusters: Codes) -> Floats:
    order = np.argsort(clusters, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(clusters))])

    def tables() -> Iterator[Floats]:
        for part in _chunks(starts.size - 1, table.size):
            rows = order[starts[part.start] : starts[part.stop]]
            size = part.stop - part.start
            flat = (clusters[rows] - part.start) * table.size + cells[rows]
            yield table - np.bincount(flat, weights[rows], size * table.size).reshape(size, table.size)

    return _in_turn(value, tables())


def _chunks(count: int, width: int) -> Iterator[slice]:
    step = max(1, _AT_ONCE // width)
    return (slice(first, min(first + step, count)) for first in range(0, count, step))


def _defined(value: OfSums, sums: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):  # what is undefined becomes NaN, and is refused
        return value(sums)


def _in_turn(value: OfSums, sums: Iterator[Floats]) -> Floats:
    return np.concatenate([_defined(value, one) for one in sums])
