from typing import Any

import pytest

from mlops_ci.contracts.conditions import condition
from mlops_ci.tools.duckdb import Column

COLUMNS = {
    "i": Column("i", "integer", "BIGINT"),
    "s": Column("s", "text", "VARCHAR"),
    "a b": Column("a b", "text", "VARCHAR"),
    'q"': Column('q"', "text", "VARCHAR"),
    "narrow": Column("narrow", "float", "FLOAT"),
    "index": Column("index", "integer", "BIGINT"),
}
OWN = "great_expectations"


def said(given: object, parser: str | None = None) -> tuple[str, tuple[Any, ...]] | None:
    found = condition({"row_condition": given, "condition_parser": parser}, COLUMNS)
    return None if found is None else (found.text, found.values)


def compared(column: str, operator: str, parameter: object) -> dict[str, Any]:
    return {"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": parameter}


@pytest.mark.parametrize(
    ("given", "parser"),
    [("i > 1", "pandas"), ("i>1", None), ('col("i") > 1', OWN), (compared("i", ">", 1), None)],
)
def test_each_form_says_the_same(given: object, parser: str | None) -> None:
    assert said(given, parser) == ('coalesce("i" > ?, false)' if parser == OWN or isinstance(given, dict) else
                                   '(coalesce("i" > ?, false))', (1,))  # fmt: skip


def test_a_missing_value_differs_from_every_other() -> None:
    assert said('col("s") != "x"', OWN) == ('("s" IS DISTINCT FROM ?)', ("x",))
    assert said(compared("i", "NOT_IN", [1, 2])) == ('NOT coalesce("i" IN (?, ?), false)', (1, 2))
    assert said("s.isnull()") == ('(("s" IS NULL))', ())


def test_hostile_texts_are_bound_and_hostile_names_left() -> None:
    hostile = "x); DROP TABLE data; --"
    assert said(f"s == '{hostile}'") == ('(coalesce("s" = ?, false))', (hostile,))
    assert said(compared('q"', "==", "a")) is None
    assert said(compared("a b", "==", "a")) == ('coalesce("a b" = ?, false)', ("a",))


@pytest.mark.parametrize(
    ("given", "parser"),
    [
        ("i > 1 or i < 0", "pandas"),
        ("i > 1 and s == 'rock and roll'", "pandas"),
        ("i.abs() > 1", "pandas"),
        ("z > 1", "pandas"),
        ("index > 1", "pandas"),
        ("i > '1'", "pandas"),
        ("narrow > 0.1", "pandas"),
        ("i > 1", OWN),
        ("i > 1", "spark"),
        ('col("i") > date("2020-01-01")', OWN),
        ('col("i") > 1 trailing', OWN),
        (compared("i", "LIKE", 1), None),
        (compared("i", "IN", []), None),
        (compared("i", "==", 2**60), None),
        ({"type": "pass_through", "pass_through_filter": "i > 1"}, None),
        ({"type": "and", "conditions": [{"type": "or", "conditions": [compared("i", "==", 1)]}]}, None),
        ({"type": "nullity", "column": {"name": "i"}, "is_null": "yes"}, None),
        (5, None),
    ],
)
def test_what_is_not_certain_is_left(given: object, parser: str | None) -> None:
    assert said(given, parser) is None
