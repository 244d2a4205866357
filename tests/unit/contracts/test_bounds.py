from decimal import Decimal
from typing import Any

import pytest

from mlops_ci.contracts.bounds import outside
from mlops_ci.contracts.case import Case
from mlops_ci.contracts.members import members
from mlops_ci.tools.duckdb import Column


def case(type_: str, **kwargs: object) -> Case:
    return Case((Column("x", "other", type_),), kwargs)


def wrong(type_: str, **kwargs: object) -> tuple[str, tuple[Any, ...]] | None:
    found = outside(case(type_, **kwargs))
    return None if found is None else (found.text, found.values)


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"min_value": 1.5}, ('("x" < ?)', (Decimal("1.50"),))),
        ({"min_value": 1.501}, ('("x" < ?)', (Decimal("1.51"),))),
        ({"min_value": 1.501, "strict_min": True}, ('("x" <= ?)', (Decimal("1.50"),))),
        ({"max_value": 1.501}, ('("x" > ?)', (Decimal("1.50"),))),
        ({"max_value": 1.501, "strict_max": True}, ('("x" >= ?)', (Decimal("1.51"),))),
    ],
)
def test_a_bound_between_two_decimals_becomes_the_one_that_says_the_same(
    kwargs: dict[str, Any], said: tuple[str, tuple[Any, ...]]
) -> None:
    assert wrong("DECIMAL(10,2)", **kwargs) == said


def test_whole_numbers_of_any_size_keep_every_digit() -> None:
    assert wrong("HUGEINT", min_value=1e30) == ('("x" < ?)', (int(1e30),))
    assert wrong("UBIGINT", max_value=2**64 - 1, strict_max=True) == ('("x" >= ?)', (2**64,))  # a float, as given
    assert wrong("BIGINT", min_value=1) == ('("x"::DOUBLE < ?)', (1.0,))


@pytest.mark.parametrize(
    ("type_", "given", "fits"),
    [
        ("DATE", "2020-02-29", True),
        ("DATE", "2021-02-29", False),
        ("DATE", "2020-02-29T00:00:00", False),
        ("TIMESTAMP", "2020-02-29 10:00:00", True),
        ("TIMESTAMP", "2020-02-29T10:00:00.5", True),
        ("TIMESTAMP", "2020-02-29", False),
        ("TIMESTAMP", "2020-02-29T10:00:00Z", False),
        ("TIMESTAMP WITH TIME ZONE", "2020-02-29T10:00:00Z", True),
        ("TIMESTAMP WITH TIME ZONE", "2020-02-29T10:00:00", False),
        ("TIMESTAMP", 5, False),
        ("VARCHAR", "a", False),
    ],
)
def test_moments_are_taken_in_the_forms_that_great_expectations_takes(type_: str, given: object, *, fits: bool) -> None:
    assert (wrong(type_, min_value=given) is not None) is fits


@pytest.mark.parametrize(
    ("type_", "given", "found"),
    [
        ("DECIMAL(10,2)", [0.5, 0.1, 3], [Decimal("0.50"), Decimal("3.00")]),  # 0.1 is no decimal 0.1
        ("HUGEINT", [10**37, 0.5], [10**37]),
        ("BIGINT", [1, 2**63, None, 1], [1]),
        ("BIGINT", [1, 0.5], [1.0, 0.5]),
        ("BIGINT", [2**53 + 1, 0.5], None),
        ("VARCHAR", ["a", "a", "'; --"], ["a", "'; --"]),
        ("VARCHAR", ["a", 1], None),
        ("BOOLEAN", [True, 1], None),
        ("TIMESTAMP", ["2020-01-01"], None),
    ],
)
def test_members_are_what_the_column_can_hold(type_: str, given: list[Any], found: list[Any] | None) -> None:
    assert members(case(type_), given) == found
