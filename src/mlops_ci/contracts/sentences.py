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
    "expect_column_value_lengths_to_equal": "of a length other than {value}",
    "expect_column_values_to_be_in_set": "not among {members}",
    "expect_column_values_to_not_be_in_set": "among {members}",
    "expect_column_values_to_match_regex": "not matching {regex}",
    "expect_column_values_to_not_match_regex": "matching {regex}",
    "expect_column_values_to_match_regex_list": "not matching {patterns}",
    "expect_column_values_to_not_match_regex_list": "matching one of {patterns}",
    "expect_column_values_to_match_like_pattern": "not like {like}",
    "expect_column_values_to_not_match_like_pattern": "like {like}",
    "expect_column_values_to_match_like_pattern_list": "not like {patterns}",
    "expect_column_values_to_not_match_like_pattern_list": "like one of {patterns}",
    "expect_column_values_to_be_dateutil_parseable": "not readable as a date",
    "expect_column_values_to_match_strftime_format": "not of the form {format}",
    "expect_column_values_to_be_json_parseable": "not JSON",
    "expect_column_values_to_be_increasing": "not above the value before",
    "expect_column_values_to_be_decreasing": "not below the value before",
    "expect_column_value_z_scores_to_be_less_than": "{threshold} or more standard deviations from the mean",
    "expect_column_values_to_be_of_type": "not of type {type}",
    "expect_column_values_to_be_in_type_list": "of none of the types {types}",
    "expect_column_pair_values_to_be_in_set": "with a pair that is not in the set",
    "expect_compound_columns_to_be_unique": "not unique together",
    "expect_select_column_values_to_be_unique_within_record": "with the same value in two columns",
}
# What holds in every row, said with the columns' names; rows that break it are counted.
_ROWS = {
    "expect_column_pair_values_a_to_be_greater_than_b": " {relation} ",
    "expect_column_pair_values_to_be_equal": " = ",
    "expect_multicolumn_sum_to_equal": " + ",
    "expect_multicolumn_values_to_be_equal": " = ",
}
_STATISTICS = {
    **{f"expect_column_{one}_to_be_between": one for one in ("min", "max", "mean", "sum", "median", "stdev")},
    "expect_column_unique_value_count_to_be_between": "number of different values",
    "expect_column_proportion_of_unique_values_to_be_between": "share of different values",
    "expect_column_proportion_of_non_null_values_to_be_between": "share of values present",
}
_SETS = {
    "expect_column_distinct_values_to_be_in_set",
    "expect_column_distinct_values_to_contain_set",
    "expect_column_distinct_values_to_equal_set",
}


def title(judged: Judged) -> str:
    """Return what is broken, such as `dep_hour: 7 of 27,004 values outside 0 … 23`."""
    table = judged.expectation.type.startswith("expect_table_")
    column = None if table else _holds(judged) or judged.expectation.column
    return f"{column}: {_fact(judged)}" if column else _fact(judged)


def _holds(judged: Judged) -> str | None:
    """Return what should hold in every row, such as `arr_time > dep_time`; None for any other expectation."""
    kwargs, word = judged.expectation.kwargs, _ROWS.get(judged.expectation.type)
    if word is None or judged.expectation.column is None:
        return None
    listed = kwargs.get("column_list")
    names = listed if isinstance(listed, list) else [kwargs.get("column_A"), kwargs.get("column_B")]
    said = word.format(relation="≥" if kwargs.get("or_equal") else ">").join(map(str, names))
    return f"{said} = {_number(kwargs['sum_total'])}" if "sum_total" in kwargs else said


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
    type_ = judged.expectation.type
    if judged.error:
        return ABSENT if judged.error == ABSENT else f"{type_} could not be evaluated: {judged.error}"
    if type_.startswith("expect_table_"):
        return _table(judged)
    if type_ in _SETS:
        return _set(judged)
    if judged.unexpected_count is not None:
        return _values(judged)
    return _number_observed(judged)


def _number_observed(judged: Judged) -> str:
    type_, kwargs, seen = judged.expectation.type, judged.expectation.kwargs, judged.observed_value
    if type_ in _STATISTICS:
        return f"{_STATISTICS[type_]} {_number(seen)} is {range_(kwargs)}"
    if type_ == "expect_column_most_common_value_to_be_in_set":
        members = _listed(kwargs.get("value_set"))
        return f"the most common value {_listed(seen)} is not, or not alone, among {members}"
    if type_ == "expect_column_kl_divergence_to_be_less_than":
        return f"divergence {'infinite' if seen is None else _number(seen)} is above {_number(kwargs.get('threshold'))}"
    return f"{type_} is broken: observed {_value(seen)}"


def _table(judged: Judged) -> str:
    kwargs, type_, seen = judged.expectation.kwargs, judged.expectation.type, judged.observed_value
    if type_ == "expect_table_columns_to_match_set":
        return _columns(set(seen), set(kwargs.get("column_set") or ()))
    if type_ == "expect_table_columns_to_match_ordered_list":
        wanted = list(kwargs.get("column_list") or [])
        same = set(seen) == set(wanted)
        return f"the columns stand in another order: {_list(seen)}" if same else _columns(set(seen), set(wanted))
    things = "columns" if "column" in type_ else "rows"
    limit = f"not {_number(kwargs['value'])}" if "value" in kwargs else range_(kwargs)
    return f"{_number(seen)} {things}, {limit}"


def _set(judged: Judged) -> str:
    shown = _list([one.value for one in judged.unexpected])
    outside = f"{judged.unexpected_count:,} different values outside the set" if judged.unexpected_count else ""
    outside += f" ({shown})" if outside and judged.unexpected else ""
    lacking = f"{judged.missing_count:,} values of the set never occur" if judged.missing_count else ""
    return "; ".join(one for one in (outside, lacking) if one)


def _values(judged: Judged) -> str:
    kwargs = judged.expectation.kwargs
    counted = (judged.element_count or 0) - (judged.missing_count or 0)
    mostly = kwargs.get("mostly")
    allowed = f" (allowed: {(1 - mostly) * 100:.4g} %)" if isinstance(mostly, int | float) and mostly < 1 else ""
    things = "values" if "column" in kwargs else "rows"
    return f"{judged.unexpected_count:,} of {counted:,} {things} {_said(judged)}{allowed}"


def _said(judged: Judged) -> str:
    type_, kwargs = judged.expectation.type, judged.expectation.kwargs
    words = _BROKEN.get(type_, "differ" if type_ in _ROWS else f"breaking {type_}")
    patterns = kwargs.get("regex_list") or kwargs.get("like_pattern_list")
    return words.format(
        range=range_(kwargs),
        members=_listed(kwargs.get("value_set")),
        value=kwargs.get("value"),
        regex=kwargs.get("regex"),
        like=kwargs.get("like_pattern"),
        patterns=_listed(patterns),
        format=kwargs.get("strftime_format"),
        threshold=kwargs.get("threshold"),
        type=kwargs.get("type_"),
        types=_listed(kwargs.get("type_list")),
    )


def _listed(given: object) -> str:
    return _list(given if isinstance(given, list) else [])


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
