"""Expectations about texts: lengths, regular expressions, LIKE patterns, dates that can be parsed."""

from mlops_ci.contracts.case import Case, Compiler, by_value
from mlops_ci.contracts.columns import is_number
from mlops_ci.contracts.regex import to_re2
from mlops_ci.contracts.scan import Answers, Counted, Scan, bound, joined, sql
from mlops_ci.tools.duckdb import Sql

# What dateutil surely reads; which days a month has is for DuckDB to say.
_DATE = r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)?"


def length_between(case: Case) -> Scan | None:
    """Compile `expect_column_value_lengths_to_be_between`; characters are counted, not bytes."""
    bounds = case.bounds()
    if case.family != "text" or not bounds or not all(isinstance(one, int) for one in bounds):
        return None
    parts = [
        sql(f"length({{}}) {operator}{'=' * bool(case.kwargs.get(strict))} {{}}", case.value, bound(case.kwargs[key]))
        for key, strict, operator in (("min_value", "strict_min", "<"), ("max_value", "strict_max", ">"))
        if key in case.kwargs
    ]
    return by_value(case, sql("({})", joined(" OR ", parts)))


def length_equal(case: Case) -> Scan | None:
    """Compile `expect_column_value_lengths_to_equal`."""
    wanted = case.kwargs.get("value")
    if case.family != "text" or not is_number(wanted):
        return None
    return by_value(case, sql("length({}) <> {}", case.value, bound(wanted)))


def regex(*, matching: bool) -> Compiler:
    """Return a compiler of `expect_column_values_to_[not_]match_regex`."""

    def compiler(case: Case) -> Scan | None:
        return _patterns(case, [case.kwargs.get("regex")], every=False, matching=matching)

    return compiler


def regex_list(*, matching: bool) -> Compiler:
    """Return a compiler of `expect_column_values_to_[not_]match_regex_list`."""

    def compiler(case: Case) -> Scan | None:
        listed, every = case.kwargs.get("regex_list"), case.kwargs.get("match_on", "any")
        if not isinstance(listed, list) or not listed or every not in {"any", "all"}:
            return None
        return _patterns(case, listed, every=every == "all", matching=matching)

    return compiler


def _patterns(case: Case, listed: list[object], *, every: bool, matching: bool) -> Scan | None:
    said = [to_re2(one) if isinstance(one, str) else None for one in listed]
    if case.family != "text" or None in said:
        return None
    parts = [sql("regexp_matches({}, {})", case.value, bound(one)) for one in said]
    found = sql("({})", joined(" AND " if every else " OR ", parts))
    return by_value(case, sql("NOT {}", found) if matching else found)


def like(*, matching: bool) -> Compiler:
    """Return a compiler of `expect_column_values_to_[not_]match_like_pattern`."""

    def compiler(case: Case) -> Scan | None:
        return _like(case, [case.kwargs.get("like_pattern")], every=False, matching=matching)

    return compiler


def like_list(*, matching: bool) -> Compiler:
    """Return a compiler of `expect_column_values_to_[not_]match_like_pattern_list`."""

    def compiler(case: Case) -> Scan | None:
        listed, every = case.kwargs.get("like_pattern_list"), case.kwargs.get("match_on", "any")
        if not isinstance(listed, list) or not listed or every not in {"any", "all"}:
            return None
        return _like(case, listed, every=every == "all", matching=matching)

    return compiler


def _like(case: Case, listed: list[object], *, every: bool, matching: bool) -> Scan | None:
    escape = case.kwargs.get("escape")
    if case.family != "text" or not all(isinstance(one, str) and _ends(one, escape) for one in listed):
        return None
    if escape is not None and (not isinstance(escape, str) or len(escape) != 1 or not escape.isascii()):
        return None
    parts = [_one_like(case, one, escape) for one in listed]
    found = sql("({})", joined(" AND " if every else " OR ", parts))
    return by_value(case, sql("NOT {}", found) if matching else found)


def _one_like(case: Case, pattern: object, escape: object) -> Sql:
    if escape is None:
        return sql("{} LIKE {}", case.value, bound(pattern))
    return sql("{} LIKE {} ESCAPE {}", case.value, bound(pattern), bound(escape))


def _ends(pattern: str, escape: object) -> bool:
    """Say whether a pattern does not end in the middle of an escape."""
    return not isinstance(escape, str) or (len(pattern) - len(pattern.rstrip(escape))) % 2 == 0


def dateutil(case: Case) -> Scan | None:
    """Compile `expect_column_values_to_be_dateutil_parseable` for texts that are all plain ISO dates or times."""
    if case.family != "text":
        return None
    iso = sql("regexp_full_match({}, {})", case.value, bound(_DATE + _TIME))
    scan = by_value(case, sql("(NOT {} OR try_cast({} AS TIMESTAMP) IS NULL)", iso, case.value))
    return Scan(scan.asks, lambda found: _if_all(scan, found))


def _if_all(scan: Scan, found: Answers) -> Counted | None:
    return None if found.values[-1] else scan.answer(found)


_LENGTHS = frozenset({"min_value", "max_value", "strict_min", "strict_max"})
_LIKES = frozenset({"like_pattern_list", "match_on", "escape"})
COMPILERS: dict[str, tuple[Compiler, frozenset[str]]] = {
    "expect_column_value_lengths_to_be_between": (length_between, _LENGTHS),
    "expect_column_value_lengths_to_equal": (length_equal, frozenset({"value"})),
    "expect_column_values_to_match_regex": (regex(matching=True), frozenset({"regex"})),
    "expect_column_values_to_not_match_regex": (regex(matching=False), frozenset({"regex"})),
    "expect_column_values_to_match_regex_list": (regex_list(matching=True), frozenset({"regex_list", "match_on"})),
    "expect_column_values_to_not_match_regex_list": (regex_list(matching=False), frozenset({"regex_list"})),
    "expect_column_values_to_match_like_pattern": (like(matching=True), frozenset({"like_pattern", "escape"})),
    "expect_column_values_to_not_match_like_pattern": (like(matching=False), frozenset({"like_pattern", "escape"})),
    "expect_column_values_to_match_like_pattern_list": (like_list(matching=True), _LIKES),
    "expect_column_values_to_not_match_like_pattern_list": (like_list(matching=False), _LIKES - {"match_on"}),
    "expect_column_values_to_be_dateutil_parseable": (dateutil, frozenset()),
}
