"""Find what is wrong with a contract before any data is judged by it: checks that cannot fail, or can only fail."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from mlops_ci.contracts.promises import promises
from mlops_ci.contracts.suite import Expectation, Suite

Fault = Literal["cannot fail", "cannot pass", "repeated", "unknown column", "unspoken column", "nothing blocks"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to mend in a contract; `line` is where its expectation begins."""

    fault: Fault
    title: str
    remedy: str
    line: int | None = None
    column: str | None = None


def check(suite: Suite) -> tuple[Remark, ...]:
    """Return what to mend, in the order of the contract."""
    found = [remark for rule in _RULES for remark in rule(suite)]
    return tuple(sorted(found, key=lambda one: (one.line or 0, one.fault)))


def _toothless(suite: Suite) -> Iterator[Remark]:
    for one in suite.expectations:
        if why := _why_it_cannot_fail(one):
            title = f"{one.name} cannot fail: {why}"
            yield Remark("cannot fail", title, "Say what is expected, or remove it.", one.line, one.column)


def _why_it_cannot_fail(one: Expectation) -> str | None:
    kwargs = one.kwargs
    if kwargs.get("mostly") == 0:
        return "mostly is 0"
    if one.type.endswith("_to_be_between") and kwargs.get("min_value") is None and kwargs.get("max_value") is None:
        return "it has no bounds"
    if one.type.startswith("expect_table_") and kwargs.get("max_value") is None and kwargs.get("min_value") == 0:
        return "no table has fewer than 0"
    if one.type.endswith(("_not_be_in_set", "_to_contain_set")) and not kwargs.get("value_set"):
        return "its set is empty"
    return None


def _hopeless(suite: Suite) -> Iterator[Remark]:
    firm = {one.column: one for one in promises(suite)}
    for one in suite.expectations:
        promise = firm.get(str(one.column))
        why = None
        if one.type == "expect_column_values_to_be_null" and promise and not promise.nullable:
            why = "another expectation wants no value missing"
        elif one.type.endswith("_be_in_set") and "_not_" not in one.type and promise:
            why = _why_no_member_fits(promise.low, promise.high, promise.forbidden, one.kwargs.get("value_set"))
        elif promise and _is_empty(promise.low, promise.high) and one.type.endswith("_be_between"):
            why = f"together the bounds are {promise.low} … {promise.high}"
        if why:
            title = f"{one.name} can never pass: {why}"
            yield Remark("cannot pass", title, "Correct one of them.", one.line, one.column)


def _is_empty(low: Any, high: Any) -> bool:  # noqa: ANN401 - bounds of any kind
    try:
        return low is not None and high is not None and bool(low > high)
    except TypeError:
        return False


def _why_no_member_fits(low: Any, high: Any, forbidden: tuple[Any, ...], members: Any) -> str | None:  # noqa: ANN401
    left = [one for one in members or () if one is not None and one not in forbidden]
    left = [one for one in left if not _is_empty(low, one) and not _is_empty(one, high)]
    if left:
        return None
    return "its set is empty" if not members else "other expectations exclude every member of its set"


def _repeated(suite: Suite) -> Iterator[Remark]:
    seen: dict[str, Expectation] = {}
    for one in suite.expectations:
        key = f"{one.type} {sorted(one.kwargs.items(), key=repr)}"
        first = seen.setdefault(key, one)
        if first is not one:
            title = f"{one.name} stands on line {first.line} already"
            yield Remark("repeated", title, "Remove one of the two.", one.line, one.column)


def _columns(suite: Suite) -> Iterator[Remark]:
    for listed in suite.expectations:
        if listed.type not in _LISTS or listed.kwargs.get("exact_match") is False:
            continue
        names = set(listed.kwargs.get("column_set") or listed.kwargs.get("column_list") or ())
        others = [one for one in suite.expectations if one.column and one.type not in _LISTS]
        for one in others:
            if strange := sorted(set(one.columns) - names):
                title = f"{one.name} is about {', '.join(strange)}, which line {listed.line} does not list"
                yield Remark("unknown column", title, "Correct the name in one of them.", one.line, one.column)
        for name in sorted(names - {name for one in others for name in one.columns}):
            title = f"nothing is expected of {name}"
            yield Remark("unspoken column", title, "Add what its values must be.", listed.line, name)


def _weightless(suite: Suite) -> Iterator[Remark]:
    if all(one.severity != "critical" for one in suite.expectations):
        remedy = "Give those that data must keep the severity critical."
        yield Remark("nothing blocks", "no expectation is critical: no data can fail", remedy, 1)


_LISTS = frozenset({"expect_table_columns_to_match_set", "expect_table_columns_to_match_ordered_list"})
_RULES: tuple[Callable[[Suite], Iterator[Remark]], ...] = (
    _toothless, _hopeless, _repeated, _columns, _weightless,
)  # fmt: skip
