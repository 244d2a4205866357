"""Expectations about the order of the rows: each value is compared with the one before it that is not missing."""

from mlops_ci.contracts.case import Case, Compiler, mapped
from mlops_ci.contracts.scan import Ask, Scan, sql
from mlops_ci.tools.duckdb import Sql
from mlops_ci.tools.duckdb.table import AT

_FAMILIES = frozenset({"integer", "unsigned", "float", "decimal", "date", "datetime", "zoned"})
_NUMBERED = f"(SELECT *, row_number() OVER () AS {AT} FROM data)"  # noqa: S608 - our name


def ordered(operator: str) -> Compiler:
    """Return a compiler of `expect_column_values_to_be_increasing` (`>`) or `…_decreasing` (`<`)."""

    def compiler(case: Case) -> Scan | None:
        strictly = case.kwargs.get("strictly", False)
        if case.family not in _FAMILIES or not isinstance(strictly, bool):
            return None
        wrong = _wrong(case, operator if strictly else f"{operator}=")
        pairs = sql("(SELECT value, lag(value) OVER () AS before FROM (SELECT {} AS value FROM data)"
                    " WHERE value IS NOT NULL)", case.value)  # fmt: skip
        asks = (case.elements, Ask(sql("count({})", case.value)), Ask(sql("coalesce(count_if({}), 0)", wrong), pairs))
        places = sql(
            f"SELECT {AT} FROM (SELECT {AT}, value, lag(value) OVER () AS before"  # noqa: S608 - our names
            f" FROM (SELECT {{}} AS value, {AT} FROM {_NUMBERED}) WHERE value IS NOT NULL) WHERE {{}}",
            case.value,
            wrong,
        )
        condition = sql(f"{AT} IN ({{}})", places)
        return Scan(asks, lambda found: mapped(case, *map(int, found.values)), condition, (case.column.name,))

    return compiler


def _wrong(case: Case, operator: str) -> Sql:
    """Return when a value breaks the order; pandas has no difference between two equal infinities, so they keep it."""
    broken = f"before IS NOT NULL AND NOT (value {operator} before)"
    return Sql(f"({broken} AND NOT (isinf(value) AND value = before))" if case.family == "float" else f"({broken})")


COMPILERS: dict[str, tuple[Compiler, frozenset[str]]] = {
    "expect_column_values_to_be_increasing": (ordered(">"), frozenset({"strictly"})),
    "expect_column_values_to_be_decreasing": (ordered("<"), frozenset({"strictly"})),
}
