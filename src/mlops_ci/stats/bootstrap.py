"""Percentile bootstrap over units; which of two models is the challenger changes the sign and nothing else."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mlops_ci.stats.cells import Cells, Codes, occupied
from mlops_ci.stats.paired import Interval
from mlops_ci.stats.ranking import LANES, RankMetric, Weights, metric
from mlops_ci.stats.ranking import ranked as ranking_of
from mlops_ci.stats.resamples import RESAMPLES, drawn, percentile, poisson
from mlops_ci.stats.units import ROWS, Units

Floats = NDArray[np.float64]
OfSums = Callable[[Floats], Floats]

_AT_ONCE = 2**17  # weights drawn at once: they stay in a processor's cache


def ranked(
    name: RankMetric,
    labels: NDArray[np.bool_],
    challenger: Floats,
    champion: Floats | None,
    *,
    seed: int,
    factor: float = 1.0,
    units: Units = ROWS,
) -> Interval:
    """Return a metric of the ranking: challenger minus `factor` times champion, or the challenger alone.

    The rows are sorted once, and weighed anew for each resample. Units are resampled by their place, so that rows
    should stand in the order of their ids.

    Args:
        name: which metric.
        labels: truth, shape (n,).
        challenger: scores, shape (n,).
        champion: scores of the other model, shape (n,).
        seed: of the resamples.
        factor: how many times the champion's value counts.
        units: what the rows weigh, and which of them belong together.

    Raises:
        ValueError: no row of one class, or so few that many resamples have none.

    Source: Poisson weights: Hanley & MacGibbon (2006), Computer Methods and Programs in Biomedicine 83:57-62.
    """
    if labels.all() or not labels.any():
        raise ValueError(f"{name} needs rows of both classes")
    arms = [_Arm(name, labels, scores, units) for scores in (challenger, champion) if scores is not None]
    count = units.count(labels.size)

    def difference(often: Weights) -> Floats:
        ours = arms[0](often)
        return ours - factor * arms[1](often) if len(arms) > 1 else ours

    words = max(1, _AT_ONCE // (LANES * labels.size))
    values = drawn(
        lambda random, size: difference(poisson(random, count, -(-size // LANES) * LANES))[:size],
        seed,
        RESAMPLES,
        LANES * words,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(difference(np.ones((count, 1), dtype=np.uint8))[0])
    return percentile(value, values, f"bootstrap over {units.name}")


def value_of(name: RankMetric, labels: NDArray[np.bool_], scores: Floats, units: Units = ROWS) -> float:
    """Return one model's metric alone, without resampling; labels and scores have shape (n,).

    Raises:
        ValueError: no row of one class.
    """
    if labels.all() or not labels.any():
        raise ValueError(f"{name} needs rows of both classes")
    once = np.ones((units.count(labels.size), 1), dtype=np.uint8)
    return float(_Arm(name, labels, scores, units)(once)[0])


class _Arm:
    """One model's value for any weights of the units."""

    def __init__(self, name: RankMetric, labels: NDArray[np.bool_], scores: Floats, units: Units) -> None:
        ranking = ranking_of(labels, scores)
        self._value = metric(name, ranking)
        self._units = units.codes(labels.size)[ranking.order]
        self._weights = None if units.weights is None else units.relative(labels.size)[ranking.order, None]

    def __call__(self, often: Weights) -> Floats:
        weights = np.take(often, self._units, axis=0)
        return self._value(weights if self._weights is None else weights * self._weights)


def counted(  # noqa: PLR0913 - the arguments of the jackknife, and a seed
    value: OfSums,
    labels: Codes,
    challenger: Codes,
    champion: Codes | None,
    classes: int,
    *,
    seed: int,
    factor: float = 1.0,
    units: Units = ROWS,
) -> Interval:
    """Return a metric of the table of counts: challenger minus `factor` times champion, or the challenger alone.

    Args and errors are those of `jackknife.counted`; rows that both models answer alike are resampled by their count.
    """
    arms = [labels * classes + answers for answers in (challenger, champion) if answers is not None]

    def of_flat(flat: Floats) -> Floats:
        return value(flat.reshape(*flat.shape[:-1], classes, classes))

    other = arms[1] if len(arms) > 1 else None
    return of_cells(of_flat, arms[0], other, classes * classes, seed=seed, factor=factor, units=units)


def of_cells(
    value: OfSums,
    challenger: Codes,
    champion: Codes | None,
    cells: int,
    *,
    seed: int,
    factor: float = 1.0,
    units: Units = ROWS,
) -> Interval:
    """Return a metric of how many rows fall into each cell: challenger minus `factor` times champion.

    Args:
        value: from weights in the cells, shape (…, cells), to values of shape (…).
        challenger: the cell of each row, shape (n,), 0 … cells - 1.
        champion: the other model's cell of each row; None for the challenger alone.
        cells: how many cells there are.
        seed: of the resamples.
        factor: how many times the champion's value counts.
        units: what the rows weigh, and which of them belong together.

    Raises:
        ValueError: the value is undefined on the rows, or in many resamples.
    """
    draw = _of_kinds if units.plain else _of_units
    values = draw(value, challenger, champion, cells, seed, factor, units)
    weights = units.relative(challenger.size)
    with np.errstate(divide="ignore", invalid="ignore"):
        ours = float(value(np.bincount(challenger, weights, cells).astype(np.float64)))
        theirs = 0.0 if champion is None else float(value(np.bincount(champion, weights, cells).astype(np.float64)))
    return percentile(ours - factor * theirs, values, f"bootstrap over {units.name}")


def _of_kinds(
    value: OfSums, challenger: Codes, champion: Codes | None, cells: int, seed: int, factor: float, _: Units
) -> Floats:
    """Return the resamples' values, drawn as counts of the pairs of cells.

    One half is drawn with the roles as they are, the other half with the roles exchanged and its sign turned: the
    pairs' order knows of roles, and so both orders have the same part in the result.
    """
    kinds = occupied(challenger, champion, cells)
    if champion is None:
        return _resampled(value, kinds, cells, seed, RESAMPLES, (1.0, 0.0))
    halves = ((kinds, (1.0, factor)), (kinds.swapped(), (-factor, -1.0)))
    return np.concatenate([_resampled(value, one, cells, seed, RESAMPLES // 2, part) for one, part in halves])


def _resampled(
    value: OfSums, kinds: Cells, cells: int, seed: int, resamples: int, parts: tuple[float, float]
) -> Floats:
    """Return resampled values: the first arm's times one part, minus the second arm's times the other."""

    def draw(random: np.random.Generator, size: int) -> Floats:
        counts = random.poisson(kinds.counts, (size, kinds.counts.size)).astype(np.float64)
        values = parts[0] * value(_gathered(counts, kinds.challenger, cells))
        return values - parts[1] * value(_gathered(counts, kinds.champion, cells)) if parts[1] else values

    return drawn(draw, seed, resamples, max(1, 2 * _AT_ONCE // (cells + kinds.counts.size)))


def _gathered(counts: Floats, of: Codes, cells: int) -> Floats:
    """Return counts by cell, shape (resamples, cells), from counts by pair, shape (resamples, C)."""
    order = np.argsort(of, kind="stable")
    found, starts = np.unique(of[order], return_index=True)
    gathered = np.zeros((counts.shape[0], cells))
    gathered[:, found] = np.add.reduceat(counts[:, order], starts, axis=1)
    return gathered


def _of_units(
    value: OfSums, challenger: Codes, champion: Codes | None, cells: int, seed: int, factor: float, units: Units
) -> Floats:
    """Return the resamples' values, drawn as weights of the units."""
    from scipy import sparse

    n = challenger.size
    weights, codes, count = units.relative(n), units.codes(n), units.count(n)
    arms = [
        sparse.csr_array((weights, (arm, codes)), shape=(cells, count))
        for arm in (challenger, champion)
        if arm is not None
    ]

    def draw(random: np.random.Generator, size: int) -> Floats:
        often = poisson(random, count, size).astype(np.float64)
        ours, *theirs = (value(np.asarray(arm @ often).T) for arm in arms)
        return ours - factor * theirs[0] if theirs else ours

    return drawn(draw, seed, RESAMPLES, max(1, _AT_ONCE // max(cells, count)))


def of_callable(
    value: Callable[[NDArray[np.intp]], float],
    n: int,
    *,
    seed: int,
    resamples: int = 2_000,
    units: Units = ROWS,
) -> Interval:
    """Return any value of rows, such as the difference of two models by a metric that somebody else wrote.

    Args:
        value: from row numbers, some of them repeated, to a number. What its rows weigh, it knows by itself.
        n: how many rows there are.
        seed: of the resamples.
        resamples: how many; each calls `value` once.
        units: which rows belong together: they are drawn together.

    Raises:
        ValueError: the value is undefined on the rows, or in many resamples.
    """
    codes = units.codes(n)
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    random = np.random.Generator(np.random.SFC64(seed))

    def one() -> float:
        chosen = np.sort(random.integers(0, len(members), len(members)))
        return value(chosen if units.clusters is None else np.concatenate([members[at] for at in chosen]))

    values = np.array([one() for _ in range(resamples)])
    return percentile(value(np.arange(n)), values, f"bootstrap over {units.name}")
