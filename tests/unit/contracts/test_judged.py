import datetime as dt

from mlops_ci.contracts.judged import GREAT_EXPECTATIONS, Judged, Unexpected, from_counts, from_outcome, plain
from mlops_ci.contracts.scan import Counted
from mlops_ci.contracts.suite import Expectation
from mlops_ci.tools.great_expectations import Outcome


def test_counts_become_a_judgement_of_duckdb() -> None:
    found = from_counts(Expectation("expect_x"), Counted(True, 10, 2, 1, 12.5, unexpected=("a",)))  # noqa: FBT003
    assert (found.success, found.engine, found.missing_count, found.unexpected) == (
        True,
        "duckdb",
        2,
        (Unexpected("a"),),
    )


def test_an_outcome_with_an_error_is_no_success() -> None:
    outcome = Outcome(success=True, result={"observed_value": 1}, error="it broke")
    found = from_outcome(Expectation("expect_x"), outcome, (), 10)
    assert (found.success, found.engine, found.element_count) == (False, GREAT_EXPECTATIONS, 10)


def test_positions_count_from_1() -> None:
    outcome = Outcome(success=False, result={"unexpected_index_list": [0, 7]})
    assert from_outcome(Expectation("expect_x"), outcome, (), 10).positions == (1, 8)


def test_evidence_is_fit_for_json() -> None:
    found = Judged(
        Expectation("expect_x"),
        success=False,
        engine="duckdb",
        observed_value=[float("inf"), {"at": dt.date(2013, 1, 2)}],
        unexpected=(Unexpected(float("nan"), 3, "a.csv"),),
    )
    evidence = found.evidence()
    assert evidence["observed_value"] == ["inf", {"at": "2013-01-02"}]
    assert evidence["unexpected"] == [{"value": "nan", "row": 3, "file": "a.csv"}]
    assert plain([True, "a", None, 1.5]) == [True, "a", None, 1.5]
