"""Make the profile of a data set: one column at a time, in memory that does not grow with its rows."""

import base64
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mlops_ci.contracts import cells
from mlops_ci.contracts.profile import SCHEMA, Bins, Categories, ColumnProfile, Moments, Profile, kind_of
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.ports import Progress
from mlops_ci.stats import distinct, quantiles
from mlops_ci.stats.quantiles import Quantiles
from mlops_ci.tools.duckdb import Column, Sql, Table, identifier

Floats = NDArray[np.float64]

MOST = sys.float_info.max  # what JSON can hold, where squares are more than that
BINS = 10
LISTED = 1_000  # categories in the file
DISCRETE = 20  # a number with at most so many values is a category
LONGEST = 200  # bytes of a text that can be a category
_COUNTABLE = 100_000  # distinct texts that are worth counting one by one
_ROWS = 100_000  # of a batch


def profile(table: Table, sensitive: frozenset[str], progress: Progress) -> Profile:
    """Return the profile of a table; of sensitive columns nothing but how much is missing.

    Raises:
        NothingToJudge: it has no rows.
        UsageProblem: a sensitive column is not there.
    """
    if strange := sensitive - {column.name for column in table.columns}:
        raise UsageProblem(f"The data has no column {', '.join(sorted(strange))}, which --sensitive names.")
    (rows,) = table.aggregate([Sql("count(*)")])
    if not rows:
        raise NothingToJudge("The data has columns but not one row. Name a data set that others can be compared with.")
    made = []
    for column in table.columns:
        progress.status(f"profiling {column.name}")
        made.append(_counted(_described(table, column, is_sensitive=column.name in sensitive), table, column, rows))
    return Profile(SCHEMA, rows, tuple(made))


def _described(table: Table, column: Column, *, is_sensitive: bool) -> ColumnProfile:
    """Return a column's values as a sketch, bins to be counted, and categories."""
    kind = kind_of(column)
    blank = ColumnProfile(column.name, kind, 0, 0, is_sensitive)
    (present,) = table.aggregate(cells.expressions(blank, column))
    blank = replace(blank, count=present)
    if is_sensitive or kind == "other" or not present:
        return blank
    if kind == "boolean":
        listed = _categories(table, column, present)
        return replace(blank, categories=listed, distinct=len(listed.values))
    moments, sketch, infinite = _measured(table, column)
    made = replace(
        blank,
        moments=moments,
        sketch=stored(sketch),
        sketch_error=sketch.error,
        infinite=infinite,
        bins=binned(sketch, infinite, whole=_is_whole(column)),
    )
    if kind == "text":
        return _with_texts(made, table, column)
    return _with_few_numbers(made, table, column) if kind == "number" else made


def _counted(described: ColumnProfile, table: Table, column: Column, rows: int) -> ColumnProfile:
    """Return a column with its bins counted, not estimated, by the very aggregates that will judge other data."""
    made = replace(described, missing=rows - described.count)
    if not made.bins or made.kind == "time":
        return made
    by_bins = replace(made, categories=None)
    _, counts = cells.counts(by_bins, iter(table.aggregate(cells.expressions(by_bins, column))))
    return replace(made, bins=replace(made.bins, counts=counts, rank_error=0.0))


def _measured(table: Table, column: Column) -> tuple[Moments | None, Quantiles, tuple[int, int]]:
    """Return moments and quantiles of the finite values (text: of the lengths), and how many are -inf and +inf."""
    moments, sketch, below, above = None, Quantiles(), 0, 0
    for values in _numbers(table, column):
        below += int(np.isneginf(values).sum())
        above += int(np.isposinf(values).sum())
        finite = values[np.isfinite(values)]
        if finite.size:
            moments = merged_moments(moments, _moments(finite))
            sketch = quantiles.add(sketch, finite)
    return moments, quantiles.finished(sketch), (below, above)


def _numbers(table: Table, column: Column) -> Iterator[Floats]:
    name = identifier(column.name)
    time = (
        f"CASE WHEN isfinite({name}) THEN epoch_us({name})::DOUBLE WHEN {name} > 'epoch' THEN 'inf'::DOUBLE"
        f" WHEN {name} < 'epoch' THEN '-inf'::DOUBLE END"
    )
    forms = {"time": time, "text": f"strlen({name})"}
    number = forms.get(column.kind, name)
    for batch in table.batches([Sql(f"{number}::DOUBLE")], _ROWS):
        values = batch.column(0).drop_null().to_numpy()
        yield values[~np.isnan(values)]


def _moments(values: Floats) -> Moments:
    mean = float(np.sum(values / values.size))  # the sum itself may be more than a double holds
    with np.errstate(over="ignore"):
        squares = float(np.sum((values - mean) ** 2))
    return Moments(values.size, mean, min(squares, MOST), float(values.min()), float(values.max()))


def merged_moments(one: Moments | None, other: Moments | None) -> Moments | None:
    """Return the moments of both parts together.

    Source: Chan, Golub & LeVeque (1983), The American Statistician 37:242-247.
    """
    if one is None or other is None:
        return one or other
    n, apart = one.n + other.n, other.mean - one.mean
    mean = one.mean + apart * other.n / n
    squares = one.m2 + other.m2 + apart * apart * (one.n * other.n / n)
    return Moments(n, mean, min(squares, MOST), min(one.minimum, other.minimum), max(one.maximum, other.maximum))


def binned(sketch: Quantiles, infinite: tuple[int, int], *, whole: bool) -> Bins | None:
    """Return about ten equally full cells of a sketch; fewer where values repeat, None when nothing was finite.

    Infinities, given as how many are -inf and +inf, are in the first and the last cell.
    """
    if not sketch.count:
        return None
    tenths = sketch.values([step / BINS for step in range(1, BINS)])
    highest = sketch.values([1.0])[0]
    edges = [edge for edge in sorted(set(tenths.tolist())) if edge < highest]
    up_to = [0, *sketch.ranks(edges).tolist(), sketch.count]
    shares = [rank / sketch.count for rank in up_to]
    medians = sketch.values([(low + high) / 2 for low, high in pairwise(shares)]).tolist()
    counts = [high - low for low, high in pairwise(up_to)]
    counts[0] += infinite[0]
    counts[-1] += infinite[1]
    written = tuple(int(edge) if whole else edge for edge in edges)
    return Bins(written, tuple(counts), tuple(medians), sketch.error / sum(counts))


def _is_whole(column: Column) -> bool:
    return column.kind in {"integer", "text", "time"}


def _with_texts(made: ColumnProfile, table: Table, column: Column) -> ColumnProfile:
    """Add the categories of a text, unless there are too many to count, and how many distinct texts there are."""
    name = identifier(column.name)
    (about,) = table.aggregate([Sql(f"approx_count_distinct({name})")])
    sketch = distinct.sketched(_texts(table, name))
    listed = _categories(table, column, made.count) if about <= _COUNTABLE else None
    exact = listed is not None and not listed.other
    count = len(listed.values) if listed and exact else distinct.estimated(sketch)
    return replace(made, categories=listed, distinct=count, distinct_sketch=sketch)


def _with_few_numbers(made: ColumnProfile, table: Table, column: Column) -> ColumnProfile:
    (about,) = table.aggregate([Sql(f"approx_count_distinct({identifier(column.name)})")])
    if about > 2 * DISCRETE:
        return made
    listed = _categories(table, column, made.count)
    few = not listed.other and len(listed.values) <= DISCRETE and all(map(np.isfinite, (v for v, _ in listed.values)))
    return replace(made, categories=listed, distinct=len(listed.values)) if few else made


def _categories(table: Table, column: Column, present: int) -> Categories:
    name = identifier(column.name)
    value = cells.present(column)
    usable = f"{value} IS NOT NULL" + (f" AND strlen({name}) <= {LONGEST}" if column.kind == "text" else "")
    grouped = (
        f"SELECT {value} AS value, count(*) AS n FROM data WHERE {usable}"  # noqa: S608 - quoted
        f" GROUP BY 1 ORDER BY n DESC, value LIMIT {LISTED}"
    )
    answer = f"any_value((SELECT list(struct_pack(value := value, n := n)) FROM ({grouped})))"  # noqa: S608 - the same
    (found,) = table.aggregate([Sql(answer)])
    values = tuple((one["value"], int(one["n"])) for one in found or ())
    return Categories(values, present - sum(count for _, count in values))


def _texts(table: Table, name: str) -> Iterator[str]:
    """Yield every text at least once."""
    for batch in table.batches([Sql(name)], _ROWS):
        yield from batch.column(0).unique().drop_null().to_pylist()


def stored(sketch: Quantiles) -> tuple[str, ...]:
    """Return the levels of a sketch as text."""
    return tuple(base64.b64encode(level.astype("<f8").tobytes()).decode() for level in sketch.levels)


def restored(levels: Sequence[str], error: int) -> Quantiles:
    """Return the sketch that `stored` wrote."""
    read = (np.frombuffer(base64.b64decode(level, validate=True), "<f8").astype(np.float64) for level in levels)
    return Quantiles(tuple(read), error)
