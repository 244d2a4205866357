"""Expectations about the set of a column's different values; only those outside the set are ever collected."""

from mlops_ci.contracts.case import Case, Compiler
from mlops_ci.contracts.members import members, moments, within
from mlops_ci.contracts.scan import Answers, Ask, Counted, Scan, sql
from mlops_ci.tools.duckdb import Column


def distinct(*, no_other: bool, all_there: bool) -> Compiler:
    """Return a compiler of `expect_column_distinct_values_to_be_in_set`, `…_contain_set` or `…_equal_set`."""

    def compiler(case: Case) -> Scan | None:
        given = case.kwargs.get("value_set")
        listed = members(case, given)
        listed = moments(case, given) if listed is None else listed
        if listed is None or not isinstance(given, list) or (no_other and not all_there and not given):
            return None
        there = within(case, listed)
        rows = sql("NOT {}", there) if not all_there else there if not no_other else sql("{} IS NOT NULL", case.value)
        values = sql("(SELECT DISTINCT {} AS value FROM data WHERE {})", case.value, rows)
        inside = within(Case((Column("value", case.column.kind, case.column.type),), {}), listed)
        asks = (
            Ask(sql("count_if(NOT {})", inside), values),
            Ask(sql("min(value, 20) FILTER (NOT {})", inside), values),
            Ask(sql("count_if({})", inside), values),
        )
        wanted = len(set(given))
        return Scan(asks, lambda found: _sets(found, wanted, no_other=no_other, all_there=all_there))

    return compiler


def _sets(found: Answers, wanted: int, *, no_other: bool, all_there: bool) -> Counted:
    others, shown, there = int(found.values[0] or 0), found.values[1] or [], int(found.values[2] or 0)
    lacking = wanted - there
    return Counted(
        not (no_other and others) and not (all_there and lacking),
        found.rows,
        missing_count=lacking if all_there else None,
        unexpected_count=others if no_other else None,
        unexpected=tuple(shown),
    )


_ARGUMENTS = frozenset({"value_set"})
COMPILERS: dict[str, tuple[Compiler, frozenset[str]]] = {
    "expect_column_distinct_values_to_be_in_set": (distinct(no_other=True, all_there=False), _ARGUMENTS),
    "expect_column_distinct_values_to_contain_set": (distinct(no_other=False, all_there=True), _ARGUMENTS),
    "expect_column_distinct_values_to_equal_set": (distinct(no_other=True, all_there=True), _ARGUMENTS),
}
