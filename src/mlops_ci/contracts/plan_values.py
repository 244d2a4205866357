"""Expectations about each value of one column: nulls, bounds, sets, z-scores."""

from mlops_ci.contracts.bounds import outside
from mlops_ci.contracts.case import Case, Compiler, by_value, mapped
from mlops_ci.contracts.columns import NUMBERS, double, is_number, value
from mlops_ci.contracts.members import members, within
from mlops_ci.contracts.scan import Answers, Ask, Counted, Scan, bound, sql


def not_null(case: Case) -> Scan:
    """Compile `expect_column_values_to_not_be_null`."""
    said = value(case.column)
    wrong = sql("{} IS NULL", said) if case.condition is None else sql("({} AND {} IS NULL)", case.condition, said)
    return Scan((case.elements, _present(case)), lambda found: _nulls(case, found, missing=True), wrong, _shown(case))


def null(case: Case) -> Scan:
    """Compile `expect_column_values_to_be_null`."""
    wrong = sql("{} IS NOT NULL", case.value)
    return Scan((case.elements, _present(case)), lambda found: _nulls(case, found, missing=False), wrong, _shown(case))


def _shown(case: Case) -> tuple[str, ...]:
    return (case.column.name,)


def _present(case: Case) -> Ask:
    return Ask(sql("count({})", case.value))


def _nulls(case: Case, found: Answers, *, missing: bool) -> Counted:
    elements, present = map(int, found.values)
    unexpected = elements - present if missing else present
    success = elements == 0 or (elements - unexpected) / elements >= case.mostly
    percent = unexpected / elements * 100 if elements else None
    return Counted(success, elements, None, unexpected, percent)


def between(case: Case) -> Scan | None:
    """Compile `expect_column_values_to_be_between`."""
    low, high = case.kwargs.get("min_value"), case.kwargs.get("max_value")
    if is_number(low) and is_number(high) and low > high:
        return None
    wrong = outside(case)
    return by_value(case, wrong) if wrong else None


def in_set(case: Case) -> Scan | None:
    """Compile `expect_column_values_to_be_in_set`."""
    listed = members(case, case.kwargs.get("value_set"))
    return None if listed is None else by_value(case, sql("NOT ({})", within(case, listed)))


def not_in_set(case: Case) -> Scan | None:
    """Compile `expect_column_values_to_not_be_in_set`."""
    listed = members(case, case.kwargs.get("value_set"))
    return None if listed is None else by_value(case, within(case, listed))


def z_scores(case: Case) -> Scan | None:
    """Compile `expect_column_value_z_scores_to_be_less_than`: one query for mean and deviation, and the counting."""
    threshold, sided = case.kwargs.get("threshold"), case.kwargs.get("double_sided")
    if case.family not in NUMBERS or not is_number(threshold) or not isinstance(sided, bool):
        return None
    number = sql("({})::DOUBLE", double(case.column, case.value))
    spread = sql("(SELECT favg({}) AS middle, stddev_samp({}) AS deviation FROM data)", number, number)
    score = sql("(({} - (SELECT middle FROM {})) / (SELECT deviation FROM {}))", number, spread, spread)
    size = sql("abs({})", score) if sided else score
    limit = bound(abs(float(threshold)) if sided else float(threshold))
    wrong = sql("({} >= {} AND NOT isnan({}))", size, limit, size)
    large = Ask(sql("count_if(NOT (abs({}) < 1e150))", number))  # what cannot be squared
    scan = by_value(case, wrong)
    return Scan((*scan.asks, large), lambda found: _exact(case, found), scan.unexpected, scan.shown)


def _exact(case: Case, found: Answers) -> Counted | None:
    elements, present, unexpected, large = (int(one or 0) for one in found.values)
    return None if large else mapped(case, elements, present, unexpected)


COMPILERS: dict[str, tuple[Compiler, frozenset[str]]] = {
    "expect_column_values_to_not_be_null": (not_null, frozenset()),
    "expect_column_values_to_be_null": (null, frozenset()),
    "expect_column_values_to_be_between": (
        between,
        frozenset({"min_value", "max_value", "strict_min", "strict_max"}),
    ),
    "expect_column_values_to_be_in_set": (in_set, frozenset({"value_set"})),
    "expect_column_values_to_not_be_in_set": (not_in_set, frozenset({"value_set"})),
    "expect_column_value_z_scores_to_be_less_than": (z_scores, frozenset({"threshold", "double_sided"})),
}
