"""What a contract promises of each value of a column, gathered from all of its expectations."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from mlops_ci.contracts.masked import sensitive_columns
from mlops_ci.contracts.suite import Expectation, Suite

Kind = Literal["integer", "number", "string", "boolean"]

# How pandas, numpy and databases call their types.
_KINDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("integer", ("int", "uint", "bigint", "smallint", "tinyint")),
    ("number", ("float", "double", "decimal", "numeric", "real")),
    ("string", ("str", "object", "text", "varchar", "char", "datetime", "timestamp", "date")),
    ("boolean", ("bool",)),
)


@dataclass(frozen=True, slots=True)
class Promise:
    """What holds for every value of one column; None and empty where nothing is promised."""

    column: str
    kind: Kind | None = None
    nullable: bool = True
    low: Any = None
    high: Any = None
    above: bool = False  # low itself excluded
    below: bool = False  # high itself excluded
    members: tuple[Any, ...] | None = None
    forbidden: tuple[Any, ...] = ()
    patterns: tuple[str, ...] = ()
    shortest: int | None = None
    longest: int | None = None
    unique: bool = False
    sensitive: bool = False
    notes: tuple[str, ...] = ()  # what the column means: those of its expect_column_to_exist


def promises(suite: Suite) -> tuple[Promise, ...]:
    """Return the promise of each column that a suite knows, in its order.

    Only what must hold for every row counts: severity critical, no row condition, nothing short of `mostly` 1.
    """
    hidden = sensitive_columns(suite)
    found = (_gather(column, suite.expectations) for column in suite.columns)
    return tuple(replace(one, sensitive=one.column in hidden) for one in found)


def _gather(column: str, expectations: Iterable[Expectation]) -> Promise:
    promise = Promise(column)
    for one in expectations:
        if one.kwargs.get("column") != column:
            continue
        notes = _notes(one.meta) if one.type == "expect_column_to_exist" else ()
        promise = replace(promise, notes=promise.notes + notes)
        if _is_firm(one) and (apply := _APPLY.get(one.type)):
            promise = apply(promise, one.kwargs)
    return promise if promise.kind else replace(promise, kind=_implied(promise))


def _notes(meta: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the notes that Great Expectations keeps: a text, or a mapping with `content`."""
    notes = meta.get("notes") or ()
    content = notes.get("content") or () if isinstance(notes, dict) else notes
    return (content,) if isinstance(content, str) else tuple(map(str, content))


def _is_firm(one: Expectation) -> bool:
    mostly = one.kwargs.get("mostly")
    return one.severity == "critical" and not one.kwargs.get("row_condition") and mostly in (None, 1, 1.0)


def _between(promise: Promise, kwargs: Mapping[str, Any]) -> Promise:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    above, below = bool(kwargs.get("strict_min")), bool(kwargs.get("strict_max"))
    if low is not None and _is_tighter(low, promise.low, more=True):
        promise = replace(promise, low=low, above=above or (low == promise.low and promise.above))
    if high is not None and _is_tighter(high, promise.high, more=False):
        promise = replace(promise, high=high, below=below or (high == promise.high and promise.below))
    return promise


def _is_tighter(bound: Any, known: Any, *, more: bool) -> bool:  # noqa: ANN401 - bounds of any kind
    """Say whether a bound says at least as much as the known one; of a text and a number the first one stands."""
    try:
        return known is None or bool(bound >= known if more else bound <= known)
    except TypeError:
        return False


def _members(promise: Promise, kwargs: Mapping[str, Any]) -> Promise:
    found = [one for one in kwargs.get("value_set") or () if one is not None]
    known = promise.members
    return replace(promise, members=tuple(one for one in found if known is None or one in known))


def _lengths(promise: Promise, kwargs: Mapping[str, Any]) -> Promise:
    exact = kwargs.get("value")
    low, high = kwargs.get("min_value", exact), kwargs.get("max_value", exact)
    if isinstance(low, int):
        promise = replace(promise, shortest=max(low + bool(kwargs.get("strict_min")), promise.shortest or 0))
    if isinstance(high, int):
        promise = replace(promise, longest=min(high - bool(kwargs.get("strict_max")), promise.longest or high))
    return replace(promise, kind="string")


def _typed(promise: Promise, kwargs: Mapping[str, Any]) -> Promise:
    names = kwargs.get("type_list") or [kwargs.get("type_")]
    kinds = {kind for name in names for kind, words in _KINDS if str(name).lower().startswith(words)}
    if kinds == {"integer", "number"}:
        return replace(promise, kind="number")
    return replace(promise, kind=kinds.pop()) if len(kinds) == 1 else promise


def _implied(promise: Promise) -> Kind | None:
    """Return the kind that members, patterns or bounds have."""
    values = promise.members or tuple(one for one in (promise.low, promise.high) if one is not None)
    if promise.patterns or any(isinstance(one, str) for one in values):
        return "string"
    if values and all(isinstance(one, bool) for one in values):
        return "boolean"
    if promise.members and all(isinstance(one, int) for one in values):
        return "integer"
    return "number" if values else None


_APPLY: dict[str, Callable[[Promise, Mapping[str, Any]], Promise]] = {
    "expect_column_values_to_not_be_null": lambda promise, _: replace(promise, nullable=False),
    "expect_column_values_to_be_unique": lambda promise, _: replace(promise, unique=True),
    "expect_column_values_to_be_between": _between,
    "expect_column_min_to_be_between": lambda promise, kwargs: _between(
        promise, {"min_value": kwargs.get("min_value"), "strict_min": kwargs.get("strict_min")}
    ),
    "expect_column_max_to_be_between": lambda promise, kwargs: _between(
        promise, {"max_value": kwargs.get("max_value"), "strict_max": kwargs.get("strict_max")}
    ),
    "expect_column_values_to_be_in_set": _members,
    "expect_column_distinct_values_to_be_in_set": _members,
    "expect_column_distinct_values_to_equal_set": _members,
    "expect_column_values_to_not_be_in_set": lambda promise, kwargs: replace(
        promise, forbidden=(*promise.forbidden, *(kwargs.get("value_set") or ()))
    ),
    "expect_column_values_to_match_regex": lambda promise, kwargs: replace(
        promise, patterns=(*promise.patterns, str(kwargs.get("regex")))
    ),
    "expect_column_value_lengths_to_be_between": _lengths,
    "expect_column_value_lengths_to_equal": _lengths,
    "expect_column_values_to_be_of_type": _typed,
    "expect_column_values_to_be_in_type_list": _typed,
}
