from mlops_ci.contracts.broken_rows import broken_rows
from mlops_ci.contracts.judge import Judgement
from mlops_ci.contracts.judged import Judged
from mlops_ci.contracts.suite import Expectation
from mlops_ci.tools.duckdb import Sql


def judged(column: str, count: int | None, positions: tuple[int, ...] = ()) -> Judged:
    about = Expectation("expect_x", {"column": column})
    return Judged(about, success=not count, engine="duckdb", unexpected_count=count, positions=positions)


def test_conditions_are_joined_and_positions_gathered() -> None:
    found = broken_rows(
        Judgement(
            (judged("a", 2), judged("b", 0), judged("c", 1), judged("d", 2, (9, 3)), judged("e", None)),
            conditions=(Sql("a > ?", (1,)), Sql("b > ?", (2,)), Sql("c > ?", (3,)), None, None),
        )
    )
    assert found.condition == Sql("(coalesce(a > ?, false) OR coalesce(c > ?, false))", (1, 3))
    assert found.positions == (3, 9)
    assert [one.name for one in found.reasons] == ["expect_x(a)", "expect_x(c)", "expect_x(d)"]


def test_without_a_broken_row_the_condition_finds_none() -> None:
    found = broken_rows(Judgement((judged("a", 0),), conditions=(Sql("true"),)))
    assert (found.condition, found.positions, found.reasons) == (Sql("false"), (), ())
