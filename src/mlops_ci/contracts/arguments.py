"""Arguments of an expectation that are refused before any data is read: code, patterns that are none, no numbers."""

import ast
import re
from collections.abc import Mapping
from typing import Any

# What a pandas row condition may call or read of a column. Anything else could reach files and programs.
_HARMLESS = frozenset(
    {"abs", "between", "contains", "day", "dt", "endswith", "hour", "isin", "isna", "isnull", "len", "lower", "month",
     "notna", "notnull", "round", "startswith", "str", "strip", "upper", "weekday", "year"}
)  # fmt: skip
_LARGEST = 1.7e308


def fault(kwargs: Mapping[str, Any]) -> str | None:
    """Return what is wrong with arguments whatever the data are; None for nothing."""
    listed = kwargs.get("regex_list")
    for pattern in [kwargs.get("regex"), *(listed if isinstance(listed, list) else [])]:
        try:
            re.compile(pattern if isinstance(pattern, str) else "")
        except re.error as problem:
            return f"{pattern!r} is no regular expression: {problem}"
    for key in ("min_value", "max_value", "mostly"):
        given = kwargs.get(key)
        if isinstance(given, int | float) and not isinstance(given, bool) and abs(given) > _LARGEST:
            return f"{key} is too large for a number"
    condition = kwargs.get("row_condition")
    return _code(condition) if isinstance(condition, str) and kwargs.get("condition_parser") == "pandas" else None


def _code(condition: str) -> str | None:
    """Return what in a row condition is more than a comparison of columns."""
    if "@" in condition:
        return "row_condition may not use @: it reaches Python's own objects"
    try:
        tree = ast.parse(re.sub(r"`[^`]*`", "column", condition).strip(), mode="eval")
    except SyntaxError:
        return None  # Great Expectations says what it thinks of it
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr not in _HARMLESS:
            return f"row_condition may not use .{node.attr}: it may do more than compare"
        if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
            return "row_condition may not call a function"
    return None
