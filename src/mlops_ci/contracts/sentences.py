"""Say in one line what is wrong with the data, in the words of the expectation that it breaks."""

from collections.abc import Mapping
from typing import Any

from mlops_ci.contracts.judged import ABSENT, Judged, plain

_NAMED = 5  # members of a set, or columns, before the list is cut

# What is said of the values that break an expectation about values.
_BROKEN = {
    "expect_column_values_to_not_be_null": "missing",
    "expect_column_values_to_be_null": "present, all should be missing",
    "expect_column_values_to_be_unique": "not unique",
    "expect_column_values_to_be_between": "{range}",
    "expect_column_value_lengths_to_be_between": "of a length {range}",
    "expect_column_values_to_be_in_set": "not among {members}",
    "expect_column_values_to_not_be_in_set": "among {members}",
    "expect_column_values_to_match_regex": "not matching {regex}",
    "expect_column_values_to_not_match_regex": "matching {regex}",
}
_STATISTICS = ("min", "max", "mean", "sum", "median", "stdev")


def title(judged: Judged) -> str:
    """Return what is broken, such as `dep_hour: 7 of 27,004 values outside 0 … 23`."""
    column = judged.expectation.column
    return f"{column}: {_fact(judged)}" if column else _fact(judged)


def range_(kwargs: Mapping[str, Any]) -> str:
    """Return where a value lies that breaks the bounds."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    strict = " (bounds excluded)" if kwargs.get("strict_min") or kwargs.get("strict_max") else ""
    if low is None:
        return f"above {_number(high)}{strict}"
    return f"below {_number(low)}{strict}" if high is None else f"outside {_number(low)} … {_number(high)}{strict}"


def examples(judged: Judged, count: int = 3) -> str:
    """Return the first unexpected values and where they stand; empty without any."""
    shown = []
    for one in judged.unexpected[:count]:
        place = "" if one.row is None else f" (row {one.row:,} of {str(one.file).rsplit('/', 1)[-1]})"
        shown.append(f"{_value(one.value)}{place}")
    return ", ".join(shown)


def _fact(judged: Judged) -> str:
    type_, kwargs = judged.expectation.type, judged.expectation.kwargs
    if judged.error:
        return ABSENT if judged.error == ABSENT else f"{type_} could not be evaluated: {judged.error}"
    if type_ == "expect_table_columns_to_match_set":
        return _columns(set(judged.observed_value), set(kwargs.get("column_set") or ()))
    if type_ == "expect_table_row_count_to_be_between":
        return f"{_number(judged.observed_value)} rows, {range_(kwargs)}"
    if judged.unexpected_count is not None:
        return _values(judged)
    statistic = type_.removeprefix("expect_column_").removesuffix("_to_be_between")
    if statistic in _STATISTICS:
        return f"{statistic} {_number(judged.observed_value)} is {range_(kwargs)}"
    return f"{type_} is broken: observed {_value(judged.observed_value)}"


def _values(judged: Judged) -> str:
    kwargs = judged.expectation.kwargs
    counted = (judged.element_count or 0) - (judged.missing_count or 0)
    words = _BROKEN.get(judged.expectation.type, f"breaking {judged.expectation.type}")
    members = kwargs.get("value_set") if isinstance(kwargs.get("value_set"), list) else []
    said = words.format(range=range_(kwargs), members=_list(members or []), regex=kwargs.get("regex"))
    mostly = kwargs.get("mostly")
    allowed = f" (allowed: {(1 - mostly) * 100:.4g} %)" if isinstance(mostly, int | float) and mostly < 1 else ""
    return f"{judged.unexpected_count:,} of {counted:,} values {said}{allowed}"


def _columns(found: set[str], wanted: set[str]) -> str:
    parts = [("missing", sorted(wanted - found)), ("unexpected", sorted(found - wanted))]
    return "the columns differ: " + "; ".join(f"{word} {_list(names)}" for word, names in parts if names)


def _list(values: list[Any]) -> str:
    rest = f" … ({len(values)} in all)" if len(values) > _NAMED else ""
    return (", ".join(_value(one) for one in values[:_NAMED]) or "nothing") + rest


def _number(value: Any) -> str:  # noqa: ANN401 - a bound is whatever the contract says
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _value(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _value(value: Any) -> str:  # noqa: ANN401 - whatever a column holds
    text = str(plain(value))
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004 - fits a line with three of them
