from mlops_ci.contracts.judged import ABSENT, Judged, Unexpected
from mlops_ci.contracts.masked import MASK, masked, sensitive_columns
from mlops_ci.contracts.suite import Expectation, Suite

SECRET = "4711"  # noqa: S105 - no password


def judged(type_: str, observed: object = None, error: str | None = None, **kwargs: object) -> Judged:
    return Judged(
        Expectation(type_, kwargs),
        success=False,
        engine="duckdb",
        unexpected_count=1,
        observed_value=observed,
        error=error,
        unexpected=(Unexpected(SECRET, 3, "a.csv"),),
    )


def test_values_go_and_counts_and_places_stay() -> None:
    found = masked(
        judged("expect_column_max_to_be_between", SECRET, f"no {SECRET}", column="card"), frozenset({"card"})
    )
    assert SECRET not in str(found.evidence())
    assert (found.observed_value, found.unexpected_count) == (MASK, 1)
    assert found.unexpected == (Unexpected(MASK, 3, "a.csv"),)


def test_numbers_of_values_are_no_secret() -> None:
    found = masked(judged("expect_column_unique_value_count_to_be_between", 7, column="card"), frozenset({"card"}))
    assert found.observed_value == 7
    assert masked(judged("expect_x", error=ABSENT, column="card"), frozenset({"card"})).error == ABSENT


def test_one_sensitive_column_of_several_hides_all_values() -> None:
    pair = judged("expect_column_pair_values_to_be_equal", column_A="a", column_B="card")
    assert masked(pair, frozenset({"card"})).unexpected[0].value == MASK
    query = judged("unexpected_rows_expectation", SECRET, unexpected_rows_query="SELECT 1")
    assert masked(query, frozenset({"card"})).observed_value == MASK


def test_other_columns_and_shapes_are_shown() -> None:
    other = judged("expect_column_max_to_be_between", 5, column="a")
    shape = judged("expect_table_columns_to_match_set", ["a", "card"], column_set=["a"])
    assert masked(other, frozenset({"card"})) is other
    assert masked(shape, frozenset({"card"})) is shape


def test_a_note_in_the_suite_makes_a_column_sensitive() -> None:
    noted = Expectation("expect_column_to_exist", {"column": "card"}, meta={"sensitive": True})
    other = Expectation("expect_column_to_exist", {"column": "a"}, meta={"sensitive": "no"})
    assert sensitive_columns(Suite("s", "s.json", (noted, other))) == {"card"}
