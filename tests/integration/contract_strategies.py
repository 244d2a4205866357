"""Generated tables and suites: few different values, so that they meet, of every kind that pandas tells apart."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from mlops_ci.contracts.suite import Expectation

NAN, INF = float("nan"), float("inf")
MOMENTS = [datetime(2020, 2, 29, 10), datetime(2020, 3, 1), datetime(1969, 12, 31, 23, 59, 59, 999999)]  # noqa: DTZ001 - naive on purpose
TEXTS = ["", "a", "A", "b", "ab\n", "x y", "é", "٣", "12", "😀", "'; DROP TABLE data; --", "a%b", "2020-02-29"]
# The name of a column: its type, its values, and whether some may be missing. Integers beyond 2**53 stand in columns
# without nulls only: beside a null pandas makes them floats, which is a documented difference.
COLUMNS: dict[str, tuple[pa.DataType, list[Any], bool]] = {
    "i": (pa.int64(), [-3, 0, 1, 2, 3], True),
    "n": (pa.int64(), [-3, 0, 1, 2, 3], False),
    "big": (pa.int64(), [2**63 - 1, -(2**63), 2**53 + 1, 2**53, 0], False),
    "u": (pa.uint64(), [0, 1, 2**64 - 1, 2**63], False),
    "small": (pa.int16(), [-3, 0, 1, 2, 3], True),
    "f": (pa.float64(), [-1.5, -0.0, 0.0, 0.1, 2.0, 1e9, NAN], True),
    "g": (pa.float64(), [0.5, INF, -INF, NAN, 3.0], True),
    "narrow": (pa.float32(), [0.1, 1.0, -2.5, NAN], True),
    "s": (pa.string(), TEXTS, True),
    "b": (pa.bool_(), [True, False], True),
    "d": (pa.date32(), [date(2020, 2, 29), date(2020, 3, 1), date(1969, 12, 31)], True),
    "t": (pa.timestamp("us"), MOMENTS, True),
    "z": (pa.timestamp("us", tz="UTC"), [one.replace(tzinfo=UTC) for one in MOMENTS], True),
    "dec": (pa.decimal128(10, 2), [Decimal("0.10"), Decimal("1.50"), Decimal("-2.00")], True),
    "h": (pa.decimal128(38, 0), [Decimal(10**37), Decimal(-(10**36)), Decimal(7)], True),
    "s2": (pa.string(), ["a", "b", "é", ""], True),
    "d2": (pa.date32(), [date(2020, 2, 29), date(2020, 3, 1)], True),
    "t2": (pa.timestamp("us"), MOMENTS, True),
    "dec2": (pa.decimal128(10, 2), [Decimal("0.10"), Decimal("1.50")], True),
    'odd "name"; --': (pa.int64(), [1, 2], True),
}
NUMBERS = ["i", "n", "small", "f", "narrow", 'odd "name"; --']
TIMES = ["2020-02-29T10:00:00", "2020-03-01 00:00:00", "2021-01-01T00:00:00"]
BOUNDS: dict[str, list[Any]] = {
    **{name: [-3, -1.5, 0, 0.1, 0.5, 1, 2, 3] for name in [*NUMBERS, "g"]},
    "big": [0, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 1.5],
    "u": [0, 1, 2**63, 2**64 - 1, 0.5],
    "dec": [0.1, 1.5, -2, 0, 1.499],
    "h": [0, 7, 1e30, -1e36, 6.5],
    "d": ["2020-02-29", "2020-03-01", "2021-01-01"],
    "t": TIMES,
    "z": [f"{one}+00:00" for one in TIMES],
}
MEMBERS: dict[str, list[Any]] = {
    **{name: [-3, 0, 0.1, 0.5, 1, 2, 3.0, None] for name in [*NUMBERS, "g"]},
    "big": [2**63 - 1, 0, 2**53 + 1],
    "u": [0, 2**63, 1],
    "s": [*TEXTS, None],
    "b": [True, False],
    "dec": [0.1, 1.5, -2],
    "h": [7, 10**37],
}
FLAGS = {"strict_min": st.booleans(), "strict_max": st.booleans()}
CONDITIONS: list[dict[str, Any]] = [
    {},
    {},
    {"row_condition": "i > 0", "condition_parser": "pandas"},
    {"row_condition": 'n != 2 and s == "a"', "condition_parser": "pandas"},
    {"row_condition": "s.notnull()", "condition_parser": "pandas"},
    {"row_condition": 'col("f") <= 0.1', "condition_parser": "great_expectations"},
    {"row_condition": 'col("s") != "a"', "condition_parser": "great_expectations"},
    {"row_condition": 'col("d").notnull()', "condition_parser": "great_expectations"},
    {"row_condition": {"type": "nullity", "column": {"name": "i"}, "is_null": True}},
    {"row_condition": {"type": "comparison", "column": {"name": "f"}, "operator": "NOT_IN", "parameter": [0.1, 2]}},
    {"row_condition": {"type": "or", "conditions": [
        {"type": "comparison", "column": {"name": "n"}, "operator": "==", "parameter": 1},
        {"type": "comparison", "column": {"name": "s"}, "operator": "IN", "parameter": ["a", "b"]}]}},
]  # fmt: skip
REGEXES = [r"^[a-z]$", r"^\d+$", r"\w", r"\s", r"^[^\d\s]+$", "a|b", r"^.$", r"\.", "(ab|x)", r"^\S\s\S$"]


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Return a table of all columns with one to nine rows."""
    rows = draw(st.integers(1, 9))
    made = {}
    for name, (type_, values, nullable) in COLUMNS.items():
        one = st.sampled_from([*values, None, None] if nullable else values)
        made[name] = pa.array(draw(st.lists(one, min_size=rows, max_size=rows)), type_, from_pandas=False)
    return pa.table(made)


def _bounds(column: str) -> st.SearchStrategy[dict[str, Any]]:
    def ordered(found: dict[str, Any]) -> dict[str, Any]:
        low, high = found.pop("low"), found.pop("high")
        low, high = (high, low) if None not in (low, high) and low > high else (low, high)
        return {**found, **{key: one for key, one in (("min_value", low), ("max_value", high)) if one is not None}}

    end = st.sampled_from([*BOUNDS[column], None])
    made = st.fixed_dictionaries({"low": end, "high": end}, optional=FLAGS).map(ordered)
    return made.filter(lambda found: "min_value" in found or "max_value" in found)


def _members(column: str) -> st.SearchStrategy[dict[str, Any]]:
    listed = st.lists(st.sampled_from(MEMBERS[column]), min_size=1, max_size=5)
    return st.fixed_dictionaries({"value_set": listed})


def _on(columns: list[str], type_: str, more: Callable[[str], st.SearchStrategy[dict[str, Any]]], *, mostly: bool = True
        ) -> st.SearchStrategy[Expectation]:  # fmt: skip
    def about(column: str) -> st.SearchStrategy[Expectation]:
        return made(type_, more(column), {"column": column}, mostly=mostly)

    return st.sampled_from(columns).flatmap(about)


def made(
    type_: str, more: st.SearchStrategy[dict[str, Any]], given: dict[str, Any], *, mostly: bool
) -> st.SearchStrategy[Expectation]:
    share = st.sampled_from([{}, {"mostly": 0.5}, {"mostly": 0.3}] if mostly else [{}])
    parts = st.tuples(more, share, st.sampled_from(CONDITIONS))
    return parts.map(lambda found: Expectation(type_, {**given, **found[0], **found[1], **found[2]}))


def _nothing(_column: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.just({})


def _some(**choices: list[Any]) -> Callable[[str], st.SearchStrategy[dict[str, Any]]]:
    return lambda _column: st.fixed_dictionaries({key: st.sampled_from(values) for key, values in choices.items()})


def _between(**choices: list[Any]) -> Callable[[str], st.SearchStrategy[dict[str, Any]]]:
    flags = {key: st.booleans() for key in FLAGS}
    return lambda _column: st.fixed_dictionaries(
        {key: st.sampled_from(one) for key, one in choices.items()}, optional=flags
    )


ALL, MEMBERED, BOUNDED = list(COLUMNS), list(MEMBERS), list(BOUNDS)
ORDERED = [name for name in BOUNDED if name not in {"big", "u"}]
RANGES = [
    {"quantiles": [0, 0.25, 0.5, 1], "value_ranges": [[-3, 0], [None, 1], [0.1, 2], [0, None]]},
    {"quantiles": [0.3, 0.9], "value_ranges": [[None, 3], [0.5, 3]]},
]
KL_TEXT = [{"values": ["a", "b"], "weights": [0.5, 0.5]}, {"values": ["a", "é", "12"], "weights": [0.2, 0.3, 0.5]}]
KL_BINS = [
    {"bins": [-1, 1, 2], "weights": [0.5, 0.5]},
    {"bins": [-3, 0, 1, 3], "weights": [0.4, 0.1, 0.2], "tail_weights": [0.1, 0.2]},
    {"bins": [0, 0.5, 1], "weights": [1.0, 0.0]},
]
BETWEEN = st.lists(_on(BOUNDED, "expect_column_values_to_be_between", _bounds), min_size=15, max_size=15)
EXPECTATIONS = [
    _on(ALL, "expect_column_values_to_not_be_null", _nothing),
    _on(ALL, "expect_column_values_to_be_null", _nothing),
    _on(ALL, "expect_column_values_to_be_unique", _nothing),
    _on(BOUNDED, "expect_column_values_to_be_between", _bounds),
    _on(BOUNDED, "expect_column_min_to_be_between", _bounds, mostly=False),
    _on(BOUNDED, "expect_column_max_to_be_between", _bounds, mostly=False),
    *(
        _on([*NUMBERS, "g"], f"expect_column_{one}_to_be_between", _bounds, mostly=False)
        for one in ("sum", "mean", "stdev", "median")
    ),
    _on(MEMBERED, "expect_column_values_to_be_in_set", _members),
    _on(MEMBERED, "expect_column_values_to_not_be_in_set", _members),
    *(
        _on(MEMBERED, f"expect_column_distinct_values_to_{one}_set", _members, mostly=False)
        for one in ("be_in", "contain", "equal")
    ),
    _on(
        ["d", "t"],
        "expect_column_distinct_values_to_be_in_set",
        lambda one: st.fixed_dictionaries({"value_set": st.lists(st.sampled_from(BOUNDS[one]), min_size=1)}),
        mostly=False,
    ),
    _on(
        [one for one in MEMBERED if one != "b"],
        "expect_column_most_common_value_to_be_in_set",
        lambda one: st.tuples(_members(one), st.booleans()).map(lambda two: {**two[0], "ties_okay": two[1]}),
        mostly=False,
    ),
    _on(
        ALL,
        "expect_column_unique_value_count_to_be_between",
        _between(min_value=[0, 2], max_value=[2, 5]),
        mostly=False,
    ),
    _on(
        ALL,
        "expect_column_proportion_of_unique_values_to_be_between",
        _between(min_value=[0, 0.5], max_value=[0.7, 1]),
        mostly=False,
    ),
    _on(
        ALL,
        "expect_column_proportion_of_non_null_values_to_be_between",
        _between(min_value=[0, 0.5], max_value=[0.7, 1]),
        mostly=False,
    ),
    _on(
        [*NUMBERS, "g"],
        "expect_column_quantile_values_to_be_between",
        _some(quantile_ranges=RANGES, allow_relative_error=[False, "linear", "lower", "higher", "midpoint"]),
        mostly=False,
    ),
    _on(ORDERED, "expect_column_values_to_be_increasing", _some(strictly=[True, False])),
    _on(ORDERED, "expect_column_values_to_be_decreasing", _some(strictly=[True, False])),
    _on(
        NUMBERS, "expect_column_value_z_scores_to_be_less_than", _some(threshold=[0.7, 1.3], double_sided=[True, False])
    ),
    _on(["s"], "expect_column_value_lengths_to_be_between", _between(min_value=[0, 1], max_value=[1, 2])),
    _on(["s"], "expect_column_value_lengths_to_equal", _some(value=[0, 1, 2])),
    _on(["s"], "expect_column_values_to_match_regex", _some(regex=REGEXES)),
    _on(["s"], "expect_column_values_to_not_match_regex", _some(regex=REGEXES)),
    _on(
        ["s"],
        "expect_column_values_to_match_regex_list",
        _some(regex_list=[REGEXES[:2], REGEXES[2:5]], match_on=["any", "all"]),
    ),
    _on(["s"], "expect_column_values_to_not_match_regex_list", _some(regex_list=[REGEXES[:2], REGEXES[5:]])),
    _on(["s"], "expect_column_values_to_be_dateutil_parseable", _nothing),
    _on(
        ["s"],
        "expect_column_kl_divergence_to_be_less_than",
        _some(partition_object=KL_TEXT, threshold=[0.1, 2], tail_weight_holdout=[0, 0.1]),
        mostly=False,
    ),
    _on(
        ["i", "n", "f", "narrow"],
        "expect_column_kl_divergence_to_be_less_than",
        _some(partition_object=KL_BINS, threshold=[0.1, 2]),
        mostly=False,
    ),
    _on(
        ["i", "n", "f"],
        "expect_column_kl_divergence_to_be_less_than",
        _some(
            partition_object=KL_BINS[::2],
            threshold=[0.1, 2],
            tail_weight_holdout=[0, 0.1],
            internal_weight_holdout=[0, 0.1],
        ),
        mostly=False,
    ),
    *(
        made(f"expect_table_row_count_to_{one}", st.just(more), {}, mostly=False)
        for one, more in (("equal", {"value": 3}), ("be_between", {"min_value": 2, "max_value": 4, "strict_max": True}))
    ),
]
PAIRS = [
    ("i", "n"),
    ("i", "f"),
    ("n", "small"),
    ("s", "s2"),
    ("d", "d2"),
    ("t", "t2"),
    ("f", "g"),
    ("narrow", "f"),
    ("dec", "dec2"),
]
IGNORED = [{}, *({"ignore_row_if": one} for one in ("both_values_are_missing", "either_value_is_missing", "neither"))]
LISTS = [["i", "n"], ["i", "n", "small"], ["n", "f"], ["i", "f", "g"], ["s", "n"], ["s", "f"], ["d", "i"], ["b", "z"]]
SKIPPED = [{}, *({"ignore_row_if": one} for one in ("all_values_are_missing", "any_value_is_missing", "never"))]


def _pair(type_: str, pairs: list[tuple[str, str]], **choices: list[Any]) -> st.SearchStrategy[Expectation]:
    def about(pair: tuple[str, str]) -> st.SearchStrategy[Expectation]:
        more = st.tuples(_some(**choices)(""), st.sampled_from(IGNORED)).map(lambda two: {**two[0], **two[1]})
        return made(type_, more, {"column_A": pair[0], "column_B": pair[1]}, mostly=True)

    return st.sampled_from(pairs).flatmap(about)


def _several(type_: str, lists: list[list[str]], **choices: list[Any]) -> st.SearchStrategy[Expectation]:
    def about(names: list[str]) -> st.SearchStrategy[Expectation]:
        more = st.tuples(_some(**choices)(""), st.sampled_from(SKIPPED)).map(lambda two: {**two[0], **two[1]})
        return made(type_, more, {"column_list": names}, mostly=True)

    return st.sampled_from(lists).flatmap(about)


EXPECTATIONS += [
    _pair("expect_column_pair_values_a_to_be_greater_than_b", PAIRS, or_equal=[True, False]),
    _pair("expect_column_pair_values_to_be_equal", PAIRS),
    _pair(
        "expect_column_pair_values_to_be_in_set",
        [("i", "s"), ("n", "s")],
        value_pairs_set=[[[1, "a"], [2, None]], [[0, "é"]]],
    ),
    _several("expect_compound_columns_to_be_unique", LISTS),
    _several("expect_select_column_values_to_be_unique_within_record", LISTS),
    _several("expect_multicolumn_sum_to_equal", LISTS[:4], sum_total=[0, 1, 2.1, 4]),
    _several("expect_multicolumn_values_to_be_equal", LISTS),
]
SUITES = st.tuples(*EXPECTATIONS)
