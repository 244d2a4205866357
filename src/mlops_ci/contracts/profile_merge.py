"""Join the profiles of a data set's parts into the profile of all of it, without its rows."""

from collections import Counter
from collections.abc import Sequence
from functools import reduce

from mlops_ci.contracts.profile import SCHEMA, Categories, ColumnProfile, Profile, Value
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
        columns = tuple(_joined([part[column.name] for part in parts]) for column in first.columns)
    except ValueError as problem:
        raise NothingToJudge(f"A sketch in a profile cannot be read: {problem}. Make the profiles again.") from problem
    return Profile(SCHEMA, sum(one.rows for one in profiles), columns)


def _shapes(profile: Profile) -> set[tuple[str, str, bool]]:
    return {(one.name, one.kind, one.sensitive) for one in profile.columns}


def _joined(parts: Sequence[ColumnProfile]) -> ColumnProfile:
    """Return the column of all parts at once: a sketch that is settled once for each part would lose each time."""
    first = parts[0]
    infinite = (sum(part.infinite[0] for part in parts), sum(part.infinite[1] for part in parts))
    sketch = quantiles.finished(quantiles.merge(*map(_sketch, parts)))
    listed = _categories(parts)
    about, distinct_sketch = _distinct(parts, listed)
    return ColumnProfile(
        first.name,
        first.kind,
        sum(part.missing for part in parts),
        sum(part.count for part in parts),
        first.sensitive,
        reduce(merged_moments, [part.moments for part in parts]),
        stored(sketch),
        sketch.error,
        binned(sketch, infinite, whole=_is_whole(parts)),
        listed,
        about,
        infinite,
        distinct_sketch,
    )


def _is_whole(parts: Sequence[ColumnProfile]) -> bool:
    edges = [edge for part in parts if part.bins for edge in part.bins.edges]
    return parts[0].kind != "number" or (bool(edges) and all(isinstance(edge, int) for edge in edges))


def _sketch(part: ColumnProfile) -> quantiles.Quantiles:
    sketch = restored(part.sketch, part.sketch_error)
    if sketch.count != (part.moments.n if part.moments else 0):
        raise ValueError(f"that of {part.name} does not hold the column's values")
    return sketch


def _categories(parts: Sequence[ColumnProfile]) -> Categories | None:
    """Return the categories of all parts; None when one has values but did not list them."""
    lists = [part.categories or Categories((), part.count) for part in parts if part.count]
    if not all(one.values for one in lists):
        return None
    counted: Counter[Value] = Counter()
    for one in lists:
        counted.update(dict(one.values))
    kept = sorted(counted.items(), key=lambda one: (-one[1], str(one[0])))[:LISTED]
    # A value that one part does not list may still stand there, as often as the rarest that is listed.
    error = sum(one.error + (min(count for _, count in one.values) if one.other else 0) for one in lists)
    total = sum(one.other + sum(count for _, count in one.values) for one in lists)
    return Categories(tuple(kept), total - sum(count for _, count in kept), error)


def _distinct(parts: Sequence[ColumnProfile], listed: Categories | None) -> tuple[int | None, str | None]:
    sketches = [part.distinct_sketch for part in parts if part.distinct_sketch]
    complete = len(listed.values) if listed and not listed.other else None
    if not sketches:
        return complete, None
    whole = distinct.joined(sketches)
    return complete or distinct.estimated(whole), whole
