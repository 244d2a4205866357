import pytest

from mlops_ci.contracts.judged import ABSENT, Judged, Unexpected
from mlops_ci.contracts.sentences import examples, title
from mlops_ci.contracts.suite import Expectation


def broken(
    type_: str, *, observed: object = None, error: str | None = None, count: int | None = None, **kwargs: object
) -> Judged:
    return Judged(
        Expectation(type_, kwargs),
        success=False,
        engine="duckdb",
        element_count=27_010,
        missing_count=None if count is None else 6,
        unexpected_count=count,
        observed_value=observed,
        error=error,
    )


VALUES = "expect_column_values_to_"


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        (
            broken(f"{VALUES}be_between", count=7, column="dep_hour", min_value=0, max_value=23),
            "dep_hour: 7 of 27,004 values outside 0 … 23",
        ),
        (broken(f"{VALUES}be_between", count=1, column="a", min_value=0.5), "a: 1 of 27,004 values below 0.5"),
        (
            broken(f"{VALUES}be_between", count=1, column="a", max_value=9, strict_max=True),
            "a: 1 of 27,004 values above 9 (bounds excluded)",
        ),
        (
            broken(f"{VALUES}not_be_null", count=3, column="a", mostly=0.95),
            "a: 3 of 27,004 values missing (allowed: 5 %)",
        ),
        (broken(f"{VALUES}be_unique", count=4, column="id"), "id: 4 of 27,004 values not unique"),
        (
            broken(f"{VALUES}be_in_set", count=4, column="c", value_set=list("abcdefg")),
            "c: 4 of 27,004 values not among a, b, c, d, e … (7 in all)",
        ),
        (broken(f"{VALUES}be_in_set", count=4, column="c", value_set=[]), "c: 4 of 27,004 values not among nothing"),
        (broken(f"{VALUES}match_regex", count=1, column="c", regex="^a$"), "c: 1 of 27,004 values not matching ^a$"),
        (
            broken("expect_column_value_lengths_to_be_between", count=1, column="c", max_value=3),
            "c: 1 of 27,004 values of a length above 3",
        ),
        (
            broken(f"{VALUES}match_json_schema", count=1, column="c"),
            "c: 1 of 27,004 values breaking expect_column_values_to_match_json_schema",
        ),
        (
            broken(f"{VALUES}be_decreasing", count=1, column="c"),
            "c: 1 of 27,004 values not below the value before",
        ),
        (
            broken("expect_column_pair_values_a_to_be_greater_than_b", count=12, column_A="arr", column_B="dep"),
            "arr > dep: 12 of 27,004 rows differ",
        ),
        (
            broken("expect_multicolumn_sum_to_equal", count=12, column_list=["a", "b"], sum_total=10),
            "a + b = 10: 12 of 27,004 rows differ",
        ),
        (
            broken("expect_compound_columns_to_be_unique", count=2, column_list=["a", "b"]),
            "a,b: 2 of 27,004 rows not unique together",
        ),
        (
            broken("expect_column_distinct_values_to_be_in_set", count=2, column="c", value_set=["a"]),
            "c: 2 different values outside the set; 6 values of the set never occur",
        ),
        (
            broken("expect_column_unique_value_count_to_be_between", observed=12, column="c", max_value=10),
            "c: number of different values 12 is above 10",
        ),
        (broken("expect_table_column_count_to_equal", observed=3, value=4), "3 columns, not 4"),
        (
            broken("expect_table_columns_to_match_ordered_list", observed=["b", "a"], column_list=["a", "b"]),
            "the columns stand in another order: b, a",
        ),
        (
            broken("expect_column_kl_divergence_to_be_less_than", column="c", threshold=0.1),
            "c: divergence infinite is above 0.1",
        ),
        (
            broken("expect_column_mean_to_be_between", observed=0.5, column="delayed", min_value=0.1, max_value=0.4),
            "delayed: mean 0.5 is outside 0.1 … 0.4",
        ),
        (broken("expect_table_row_count_to_be_between", observed=12, min_value=20_000), "12 rows, below 20,000"),
        (
            broken("expect_table_columns_to_match_set", observed=["a", "x"], column_set=["a", "b"]),
            "the columns differ: missing b; unexpected x",
        ),
        (broken("expect_column_to_exist", error=ABSENT, column="a"), "a: the column is missing"),
        (
            broken("expect_column_stdev_to_be_between", error="it broke", column="a"),
            "a: expect_column_stdev_to_be_between could not be evaluated: it broke",
        ),
        (
            broken("expect_column_values_to_be_of_type", observed="int64", column="a"),
            "a: expect_column_values_to_be_of_type is broken: observed int64",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_title_says_what_is_wrong(judged: Judged, said: str) -> None:
    assert title(judged) == said


def test_the_first_values_are_shown_with_their_place() -> None:
    values = (
        Unexpected(-3, 1700, "m/2013-05.parquet"),
        Unexpected("x" * 50),
        Unexpected(None, 2, "a.csv"),
        Unexpected(4),
    )
    found = Judged(Expectation("expect_x"), success=False, engine="duckdb", unexpected=values)
    assert examples(found) == f"-3 (row 1,700 of 2013-05.parquet), {'x' * 39}…, None (row 2 of a.csv)"
