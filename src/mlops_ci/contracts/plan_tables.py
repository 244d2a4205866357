"""Expectations about a table's shape: rows, and which columns there are, in which order, of which type."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlops_ci.contracts.case import Case, Compiler, constant, inside
from mlops_ci.contracts.columns import family, is_number
from mlops_ci.contracts.scan import Answers, Ask, Counted, Scan, sql
from mlops_ci.tools.duckdb import Column

ABSENT = "the column is missing"

Names = Sequence[str]
TableCompiler = Callable[[Mapping[str, Any], Names], Scan | None]

# The name that a person gives a type, to the names of the types of pandas that have it.
_TYPES: dict[str, frozenset[str]] = {
    **{name: frozenset({name}) for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")},
    **{name: frozenset({name}) for name in ("float32", "float64", "bool")},
    "int": frozenset({"int64"}),
    "float": frozenset({"float64"}),
    "str": frozenset({"str"}),
    "object": frozenset({"object_"}),
    "datetime64": frozenset({"datetime64"}),
    "datetime64[ns]": frozenset({"datetime64"}),
    "Timestamp": frozenset({"Timestamp"}),
}
_EXACT = frozenset(name for name in _TYPES if name[-1].isdigit() or name in {"str", "object"})
_HELD = {"TINYINT": "int8", "SMALLINT": "int16", "INTEGER": "int32", "BIGINT": "int64", "UTINYINT": "uint8",
         "USMALLINT": "uint16", "UINTEGER": "uint32", "UBIGINT": "uint64", "FLOAT": "float32", "DOUBLE": "float64",
         "VARCHAR": "str"}  # fmt: skip


def absent(case_names: Sequence[str], names: Names) -> Scan | None:
    """Return what is said of columns that are not there; None when all are."""
    if set(case_names) <= set(names):
        return None
    return constant(lambda found: Counted(success=False, element_count=found.rows, error=ABSENT))


def exists(kwargs: Mapping[str, Any], names: Names) -> Scan | None:
    """Compile `expect_column_to_exist`; an index of 0 counts as none given."""
    name, at = kwargs.get("column"), kwargs.get("column_index", 0)
    if not isinstance(name, str) or not isinstance(at, int) or isinstance(at, bool):
        return None
    there = name in names if not at else -len(names) <= at < len(names) and names[at] == name
    error = None if name in names else ABSENT
    return constant(lambda found: Counted(there, found.rows, error=error))


def match_set(kwargs: Mapping[str, Any], names: Names) -> Scan | None:
    """Compile `expect_table_columns_to_match_set`."""
    wanted, exact = kwargs.get("column_set", []), kwargs.get("exact_match", True)
    if not _texts(wanted) or not isinstance(exact, bool):
        return None
    success = set(wanted) == set(names) if exact else set(wanted) <= set(names)
    return constant(lambda found: Counted(success, found.rows, observed_value=sorted(names)))


def match_list(kwargs: Mapping[str, Any], names: Names) -> Scan | None:
    """Compile `expect_table_columns_to_match_ordered_list`."""
    wanted = kwargs.get("column_list")
    if wanted is not None and not _texts(wanted):
        return None
    success = wanted is None or wanted == list(names)
    return constant(lambda found: Counted(success, found.rows, observed_value=list(names)))


def _texts(listed: object) -> bool:
    return isinstance(listed, list) and all(isinstance(one, str) for one in listed)


def column_count(kwargs: Mapping[str, Any], names: Names) -> Scan | None:
    """Compile `expect_table_column_count_to_equal` and `…_to_be_between`."""
    if not kwargs or not all(map(is_number, kwargs.values())):
        return None
    return constant(lambda found: _number(kwargs, len(names), found.rows))


def row_count(case: Case) -> Scan | None:
    """Compile `expect_table_row_count_to_equal` and `…_to_be_between`."""
    limits = {key: one for key, one in case.kwargs.items() if key in {"value", "min_value", "max_value"}}
    if not limits or not all(isinstance(one, int) and not isinstance(one, bool) for one in limits.values()):
        return None
    return Scan((case.elements,), lambda found: _number(case.kwargs, int(found.values[0]), found.rows))


def _number(kwargs: Mapping[str, Any], seen: int, rows: int) -> Counted:
    success = seen == kwargs["value"] if "value" in kwargs else inside(seen, kwargs)
    return Counted(success, rows, observed_value=seen)


def of_type(case: Case) -> Scan | None:
    """Compile `expect_column_values_to_be_of_type` and `…_in_type_list` by the type that pandas would hold."""
    wanted = case.kwargs.get("type_list", [case.kwargs.get("type_")])
    certain = isinstance(wanted, list) and all(isinstance(one, str) and one in _TYPES for one in wanted)
    # A list is compared with the type of pandas itself, not with what it holds: certain for numbers only.
    listed = "type_list" in case.kwargs and case.family not in {"integer", "unsigned", "float", "boolean"}
    if case.condition is not None or not certain or not wanted or listed:
        return None
    names = frozenset[str]().union(*(_TYPES[one] for one in wanted))
    held = _held(case.column)
    if held is None:
        return None
    return Scan(_nulls(case), lambda found: _typed(names, held(found.values[0]), found))


def type_is(case: Case) -> Scan | None:
    """Compile `expect_column_type_to_be` for the types that have one name in pandas."""
    wanted = case.kwargs.get("type_")
    held = _held(case.column)
    if held is None or wanted not in _EXACT or case.family not in {"integer", "unsigned", "float", "text"}:
        return None
    return Scan(_nulls(case), lambda found: _typed(frozenset({wanted}), held(found.values[0]), found))


def _held(column: Column) -> Callable[[int], str | None] | None:
    """Return how pandas calls a column with so many nulls; whole numbers beside a null are floats to it."""
    kind = family(column)
    if kind in {"integer", "unsigned"}:
        return lambda missing: "float64" if missing else _HELD[column.type]
    if kind == "boolean":
        return lambda missing: None if missing else "bool"
    name = {"datetime": "datetime64", "zoned": "Timestamp"}.get(kind) or _HELD.get(column.type)
    return (lambda _: name) if name else None


def _nulls(case: Case) -> tuple[Ask, ...]:
    return (Ask(sql("coalesce(count_if({} IS NULL), 0)", case.value)),)


def _typed(names: frozenset[str], held: str | None, found: Answers) -> Counted | None:
    return None if held is None else Counted(held in names, found.rows, observed_value=held)


_BOUNDS = frozenset({"min_value", "max_value"})
TABLE: dict[str, tuple[TableCompiler, frozenset[str]]] = {
    "expect_column_to_exist": (exists, frozenset({"column", "column_index"})),
    "expect_table_columns_to_match_set": (match_set, frozenset({"column_set", "exact_match"})),
    "expect_table_columns_to_match_ordered_list": (match_list, frozenset({"column_list"})),
    "expect_table_column_count_to_equal": (column_count, frozenset({"value"})),
    "expect_table_column_count_to_be_between": (column_count, _BOUNDS),
}
ROWS: dict[str, tuple[Compiler, frozenset[str]]] = {
    "expect_table_row_count_to_equal": (row_count, frozenset({"value"})),
    "expect_table_row_count_to_be_between": (row_count, _BOUNDS | {"strict_min", "strict_max"}),
}
COLUMNS: dict[str, tuple[Compiler, frozenset[str]]] = {
    "expect_column_values_to_be_of_type": (of_type, frozenset({"type_", "mostly"})),
    "expect_column_values_to_be_in_type_list": (of_type, frozenset({"type_list", "mostly"})),
    "expect_column_type_to_be": (type_is, frozenset({"type_"})),
}
