"""Join the profiles of a data set's parts into the profile of all of it, without its rows."""

from collections import Counter
from collections.abc import Sequence
from functools import reduce

from mlops_ci.contracts.profile import SCHEMA, Bins, Categories, ColumnProfile, Profile, Value
from mlops_ci.contracts.profiling import LISTED, binned, merged_moments, restored, stored
from mlops_ci.errors import NothingToJudge
from mlops_ci.stats import distinct, quantiles


def merge(profiles: Sequence[Profile]) -> Profile:
    """Return one profile of all parts: counts and moments as of the whole, quantiles within the sketches' error.

    The counts of bins are then estimates; the profile says how far off they can be, and drift is judged accordingly.

    Raises:
        NothingToJudge: the parts differ in their columns, or a sketch cannot be read.
    """
    first = profiles[0]
    for other in profiles[1:]:
        if odd := _shapes(first) ^ _shapes(other):
            names = ", ".join(sorted({name for name, *_ in odd}))
            raise NothingToJudge(f"The profiles differ in {names}: parts of one data set have the same columns.")
    parts = [{column.name: column for column in one.columns} for one in profiles]
    try:
        columns = tuple(reduce(_joined, [part[column.name] for part in parts]) for column in first.columns)
    except ValueError as problem:
        raise NothingToJudge(f"A sketch in a profile cannot be read: {problem}. Make the profiles again.") from problem
    return Profile(SCHEMA, sum(one.rows for one in profiles), columns)


def _shapes(profile: Profile) -> set[tuple[str, str, bool]]:
    return {(one.name, one.kind, one.sensitive) for one in profile.columns}


def _joined(one: ColumnProfile, other: ColumnProfile) -> ColumnProfile:
    count = one.count + other.count
    sketch, bins = _sketches(one, other, count)
    listed = _categories(one, other)
    about, distinct_sketch = _distinct(one, other, listed)
    return ColumnProfile(
        one.name,
        one.kind,
        one.missing + other.missing,
        count,
        one.sensitive,
        merged_moments(one.moments, other.moments),
        stored(sketch),
        sketch.error,
        bins,
        listed,
        about,
        distinct_sketch,
    )


def _sketches(one: ColumnProfile, other: ColumnProfile, count: int) -> tuple[quantiles.Quantiles, Bins | None]:
    sketches = [_sketch(part) for part in (one, other)]
    sketch = quantiles.finished(quantiles.merge(*sketches))
    edges = [edge for part in (one, other) if part.bins for edge in part.bins.edges]
    whole = one.kind != "number" or (bool(edges) and all(isinstance(edge, int) for edge in edges))
    return sketch, binned(sketch, count, whole=whole)


def _sketch(part: ColumnProfile) -> quantiles.Quantiles:
    sketch = restored(part.sketch, part.sketch_error)
    if sketch.count != (part.moments.n if part.moments else 0):
        raise ValueError(f"that of {part.name} does not hold the column's values")
    return sketch


def _categories(one: ColumnProfile, other: ColumnProfile) -> Categories | None:
    """Return the categories of both; None when a part has values but did not list them."""
    parts = [part.categories or Categories((), part.count) for part in (one, other) if part.count]
    if not all(part.values for part in parts):
        return None
    counted: Counter[Value] = Counter()
    for part in parts:
        counted.update(dict(part.values))
    kept = sorted(counted.items(), key=lambda one: (-one[1], str(one[0])))[:LISTED]
    # A value that one part does not list may still stand there, as often as the rarest that is listed.
    error = sum(part.error + (min(count for _, count in part.values) if part.other else 0) for part in parts)
    total = sum(part.other + sum(count for _, count in part.values) for part in parts)
    return Categories(tuple(kept), total - sum(count for _, count in kept), error)


def _distinct(one: ColumnProfile, other: ColumnProfile, listed: Categories | None) -> tuple[int | None, str | None]:
    sketches = [part.distinct_sketch for part in (one, other) if part.distinct_sketch]
    complete = len(listed.values) if listed and not listed.other else None
    if not sketches:
        return complete, None
    whole = distinct.joined(sketches)
    return complete or distinct.estimated(whole), whole
