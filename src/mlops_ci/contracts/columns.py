"""What pandas would hold of a column that DuckDB reads: the family of its values, and how SQL says them."""

import re
from typing import Literal, TypeGuard

from mlops_ci.contracts.scan import sql
from mlops_ci.tools.duckdb import Column, Sql, identifier

Family = Literal["integer", "unsigned", "float", "text", "boolean", "decimal", "date", "datetime", "zoned", "other"]

_FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"), "integer"),
    "UBIGINT": "unsigned",
    "FLOAT": "float",
    "DOUBLE": "float",
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "HUGEINT": "decimal",  # pandas gets both as objects of decimal.Decimal
    "UHUGEINT": "decimal",
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "TIMESTAMP_S": "datetime",
    "TIMESTAMP_MS": "datetime",
    "TIMESTAMP_NS": "datetime",
    "TIMESTAMP WITH TIME ZONE": "zoned",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
NUMBERS = frozenset({"integer", "unsigned", "float"})


def family(column: Column) -> Family:
    """Return the family of a column's values."""
    return "decimal" if _DECIMAL.fullmatch(column.type) else _FAMILIES.get(column.type, "other")


def scale(column: Column) -> int:
    """Return how many digits a decimal column has behind the point."""
    found = _DECIMAL.fullmatch(column.type)
    return int(found.group(2)) if found else 0


def value(column: Column) -> Sql:
    """Return the column's value as SQL, NULL where pandas would have it missing."""
    name = identifier(column.name)
    # Minima and maxima of a Parquet file leave NaN out, and DuckDB then takes isnan() for false; try() hides them.
    return Sql(f"CASE WHEN isnan(try({name})) THEN NULL ELSE {name} END" if family(column) == "float" else name)


def double(column: Column, said: Sql) -> Sql:
    """Return a number as pandas compares it with a float: 64-bit integers lose digits there, too."""
    return sql("{}::DOUBLE", said) if column.type in {"BIGINT", "FLOAT"} else said


def is_number(given: object) -> TypeGuard[int | float]:
    """Say whether an argument is a number; in Python a truth value is one, too."""
    return isinstance(given, int | float) and not isinstance(given, bool)
