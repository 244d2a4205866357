"""The aggregates that count a column's values over a profile's cells, for the profile and for what it judges alike."""

from collections.abc import Iterator, Sequence
from typing import Any

from mlops_ci.contracts.profile import ColumnProfile, kind_of
from mlops_ci.tools.duckdb import Column, Sql, identifier, literal


def expressions(profile: ColumnProfile, column: Column) -> tuple[Sql, ...]:
    """Return the aggregates of one column: values that are not missing, then its cells."""
    value = present(column)
    return (Sql(f"count({value})"), *_cells(profile, value))


def present(column: Column) -> str:
    """Return a column's value as SQL, NULL where it is NaN, and wide numbers as doubles.

    Neither isnan nor nullif would do: DuckDB answers those from the extremes in a Parquet file, which leave NaN out.
    """
    name = identifier(column.name)
    if column.kind not in {"integer", "float"} and kind_of(column) == "number":
        return f"{name}::DOUBLE"
    nan = f"'nan'::{column.type}"
    return f"CASE WHEN {name} IS NOT DISTINCT FROM {nan} THEN NULL ELSE {name} END" if column.kind == "float" else name


def counts(profile: ColumnProfile, values: Iterator[Any]) -> tuple[int, tuple[int, ...]]:
    """Return (values that are not missing, counts by cell) from the values of the expressions.

    The cells are the bins, or the categories with one more for every other value; none when nothing is compared.
    """
    present = int(next(values))
    if profile.compared_by == "bins" and profile.bins:
        up_to = [int(next(values) or 0) for _ in profile.bins.edges]  # NULL of no values at all
        return present, tuple(high - low for low, high in zip([0, *up_to], [*up_to, present], strict=True))
    if profile.compared_by == "categories" and profile.categories:
        listed = [value for value, _ in profile.categories.values]
        if profile.kind == "text":
            found = next(values) or {}
            known = [int(found.get(value, 0)) for value in listed]
        else:
            known = [int(next(values) or 0) for _ in listed]
        return present, (*known, present - sum(known))
    return present, ()


def is_new(profile: ColumnProfile, column: Column) -> Sql:
    """Return the condition that a value is none of the profile's categories, and not missing."""
    name = present(column)
    if profile.kind == "text":
        return Sql(f"{name} IS NOT NULL AND {_listed(profile, name)} IS NULL")
    listed = tuple(value for value, _ in profile.categories.values) if profile.categories else ()
    return Sql(f"NOT coalesce(({name}) IN ({', '.join('?' * len(listed))}), true)", listed)


def _cells(profile: ColumnProfile, name: str) -> Iterator[Sql]:
    """Yield the cells' aggregates.

    Comparing with each edge is faster than DuckDB's own histogram, and doubles are compared twice as fast as whole
    numbers. Texts are found by the hash of an enumeration, so that memory is bounded by the profile's categories, not
    by the data's.
    """
    if profile.compared_by == "bins" and profile.bins:
        measured = f"strlen({name})" if profile.kind == "text" else f"({name})"
        yield from (Sql(f"count_if({measured}::DOUBLE <= ?)", (float(edge),)) for edge in profile.bins.edges)
    elif profile.compared_by == "categories" and profile.kind == "text":
        yield Sql(f"histogram({_listed(profile, name)})")
    elif profile.compared_by == "categories" and profile.categories:
        yield from (Sql(f"count_if(({name}) = ?)", (value,)) for value, _ in profile.categories.values)


def _listed(profile: ColumnProfile, name: str) -> str:
    values: Sequence[Any] = profile.categories.values if profile.categories else ()
    return f"try_cast({name} AS ENUM ({', '.join(literal(str(value)) for value, _ in values)}))"
