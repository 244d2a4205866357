"""Propose a contract from data that are known to be good, with margins that each proposal explains."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_ci.contracts import columns as values
from mlops_ci.errors import NothingToJudge
from mlops_ci.tools.duckdb import Column, Sql, Table, identifier

MOST_MEMBERS = 50  # a column of more distinct values is no list of categories
ROWS_PER_MEMBER = 5  # fewer, and the next month may bring another
ROWS_FOR_UNIQUE = 20
MARGIN = 0.1  # of the range or length that was seen, on each side
_PATTERNS = (
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}",
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    r"^https?://\S+$",
    r"^\d+$",
    r"^[A-Z]+$",
    r"^[a-z]+$",
    r"^[A-Z0-9]+$",
)

Proposal = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a column held: counts of rows, and the extremes of its values (of lengths, for text)."""

    rows: int
    missing: int
    distinct: int
    low: Any = None
    high: Any = None
    mean: float | None = None
    deviation: float | None = None

    @property
    def present(self) -> int:
        """Return the number of values that are not missing."""
        return self.rows - self.missing


def infer(table: Table, name: str, sensitive: Collection[str] = ()) -> dict[str, Any]:
    """Return a suite in the form of Great Expectations, whose notes say where each bound comes from.

    Of a `sensitive` column only missing values are spoken of, and it is marked.

    Raises:
        NothingToJudge: the table has no rows.
    """
    (rows,) = table.aggregate([Sql("count(*)")])
    if not rows:
        raise NothingToJudge("The data has not one row, so nothing can be learned from it.")
    columns = [column.name for column in table.columns]
    proposals = [
        _proposal("expect_table_columns_to_match_set", {"column_set": columns, "exact_match": True}, "as seen"),
        _proposal("expect_table_row_count_to_be_between", {"min_value": math.ceil(rows / 2)}, f"half of {rows:,} rows"),
    ]
    for column in table.columns:
        seen = _look(table, column, rows)
        proposals += _marked(column, seen) if column.name in sensitive else _about(table, column, seen)
    return {"name": name, "expectations": proposals, "meta": {"version": "1.0.0"}}


def _proposal(type_: str, kwargs: Mapping[str, Any], why: str, severity: str = "critical") -> Proposal:
    return {"type": type_, "kwargs": dict(kwargs), "meta": {"notes": why}, "severity": severity}


def _look(table: Table, column: Column, rows: int) -> Seen:
    value = values.value(column).text
    measured = f"length({value})" if column.kind == "text" else value
    missing, distinct = table.aggregate(
        [Sql(f"count(*) FILTER (WHERE {value} IS NULL)"), Sql(f"count(DISTINCT {value})")]
    )
    if column.kind not in ("integer", "float", "text", "time"):
        return Seen(rows, missing, distinct)
    low, high = table.aggregate([Sql(f"min({measured})"), Sql(f"max({measured})")])
    if column.kind not in ("integer", "float"):
        return Seen(rows, missing, distinct, low, high)
    mean, deviation = table.aggregate([Sql(f"avg({value})"), Sql(f"stddev_samp({value})")])
    return Seen(rows, missing, distinct, low, high, mean, deviation)


def _about(table: Table, column: Column, seen: Seen) -> Iterator[Proposal]:
    about = {"column": column.name}
    if missing := _missing(about, seen):
        yield missing
    if not seen.present:
        return
    if column.kind in ("integer", "text") and seen.distinct == seen.present >= ROWS_FOR_UNIQUE:
        yield _proposal("expect_column_values_to_be_unique", about, f"all {seen.present:,} values differ")
    few = seen.distinct <= min(MOST_MEMBERS, seen.present / ROWS_PER_MEMBER)
    if few and column.kind in ("integer", "text", "boolean"):
        yield _members(table, column, seen)
    elif column.kind in ("integer", "float"):
        yield _range(about, seen)
    elif column.kind == "text":
        yield from _text(table, column, seen)
    if _is_measured(column, seen):
        yield _mean(about, seen)


def _is_measured(column: Column, seen: Seen) -> bool:
    """Say whether a mean can be expected: of numbers that differ, and none of them infinite."""
    if column.kind not in ("integer", "float") or not seen.deviation or seen.distinct == seen.present:
        return False
    return math.isfinite(float(seen.mean or 0) + float(seen.deviation))


def _marked(column: Column, seen: Seen) -> Iterator[Proposal]:
    about = {"column": column.name}
    exists = _proposal("expect_column_to_exist", about, "sensitive: no value of it is used or shown")
    yield {**exists, "meta": {**exists["meta"], "sensitive": True}}
    if missing := _missing(about, seen):
        yield missing


def _missing(about: Mapping[str, Any], seen: Seen) -> Proposal | None:
    """Expect as many values as there were, less four standard errors and a tenth of what was missing."""
    if not seen.missing:
        return _proposal("expect_column_values_to_not_be_null", about, "none was missing")
    share = seen.missing / seen.rows
    allowed = share * (1 + MARGIN) + 4 * math.sqrt(share * (1 - share) / seen.rows)
    why = f"{share:.2%} were missing; allowed are a tenth more and four standard errors"
    mostly = math.floor(max(0.0, 1 - allowed) * 1e4) / 1e4
    kwargs = {**about, "mostly": mostly}
    return _proposal("expect_column_values_to_not_be_null", kwargs, why) if mostly else None


def _members(table: Table, column: Column, seen: Seen) -> Proposal:
    name = identifier(column.name)
    (found,) = table.aggregate([Sql(f"list_sort(list(DISTINCT {name}))")])
    members = [one if isinstance(one, str | int | bool) else str(one) for one in found if one is not None]
    kwargs = {"column": column.name, "value_set": members}
    return _proposal("expect_column_values_to_be_in_set", kwargs, f"all {seen.distinct} values among {seen.present:,}")


def _range(about: Mapping[str, Any], seen: Seen) -> Proposal:
    """Expect the range that was seen and a tenth of it on each side; what was never negative stays so."""
    if not math.isfinite(float(seen.high) - float(seen.low)):
        return _proposal("expect_column_to_exist", about, "it holds infinite values, so no range is proposed")
    margin = (seen.high - seen.low) * MARGIN
    low, high = seen.low - margin, seen.high + margin
    low = max(low, 0) if seen.low >= 0 else low
    if isinstance(seen.low, int):
        low, high = math.floor(low), math.ceil(high)
    why = f"{seen.low} … {seen.high} were seen; a tenth of that range is allowed on each side"
    return _proposal("expect_column_values_to_be_between", {**about, "min_value": low, "max_value": high}, why)


def _text(table: Table, column: Column, seen: Seen) -> Iterator[Proposal]:
    for pattern in _PATTERNS:
        name = identifier(column.name)
        matches = Sql(f"count(*) FILTER (WHERE regexp_matches({name}, ?))", (pattern,))
        if table.aggregate([matches])[0] == seen.present:
            kwargs = {"column": column.name, "regex": pattern}
            yield _proposal("expect_column_values_to_match_regex", kwargs, f"all {seen.present:,} values match")
            break
    longest = seen.high if seen.low == seen.high else math.ceil(seen.high * (1 + MARGIN))
    kwargs = {"column": column.name, "min_value": min(1, seen.low), "max_value": longest}
    why = f"{seen.low} … {seen.high} characters were seen" + (
        "" if longest == seen.high else "; a tenth more is allowed"
    )
    yield _proposal("expect_column_value_lengths_to_be_between", kwargs, why)


def _mean(about: Mapping[str, Any], seen: Seen) -> Proposal:
    """Expect the mean within a tenth of a standard deviation and four standard errors: it warns, no more."""
    mean, deviation = float(seen.mean or 0), float(seen.deviation or 0)
    margin = deviation * (MARGIN + 4 / math.sqrt(seen.present))
    bounds = {"min_value": _rounded(mean - margin), "max_value": _rounded(mean + margin)}
    why = f"it was {mean:.6g}; allowed are a tenth of a standard deviation and four standard errors"
    return _proposal("expect_column_mean_to_be_between", {**about, **bounds}, why, "warning")


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
