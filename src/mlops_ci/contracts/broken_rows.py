"""Which rows break a contract, and why: a condition for what was scanned, positions for what was not."""

from dataclasses import dataclass

from mlops_ci.contracts.judge import Judgement
from mlops_ci.contracts.scan import joined, sql
from mlops_ci.tools.duckdb import Sql


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows break one expectation: those that meet the condition, or else those at the positions, from 1."""

    name: str
    condition: Sql | None
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BrokenRows:
    """All rows that break an expectation about rows; `condition` is over the numbered data, and never NULL."""

    condition: Sql
    positions: tuple[int, ...]
    reasons: tuple[Reason, ...]


def broken_rows(judgement: Judgement) -> BrokenRows:
    """Return the rows with an unexpected value by an expectation that is broken; what `mostly` allows is none.

    Positions are known only of a judgement that was asked for every row. The numbered data are the table's columns
    and `__mlops_ci_position__`, which counts from 1.
    """
    reasons = []
    for one, condition in zip(judgement.expectations, judgement.conditions, strict=True):
        if not one.success and one.unexpected_count and (condition is not None or one.positions):
            known = None if condition is None else sql("coalesce({}, false)", condition)
            reasons.append(Reason(one.expectation.name, known, () if known else one.positions))
    conditions = [one.condition for one in reasons if one.condition is not None]
    return BrokenRows(
        sql("({})", joined(" OR ", conditions)) if conditions else Sql("false"),
        tuple(sorted({at for one in reasons for at in one.positions})),
        tuple(reasons),
    )
