"""What changes between two versions of a contract, and whom each change breaks: readers of the data, or callers."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mlops_ci.contracts.masked import sensitive_columns
from mlops_ci.contracts.request import request_schema
from mlops_ci.contracts.suite import Expectation, Suite

Direction = Literal["same", "stricter", "weaker", "other"]

_ORDER = ("info", "warning", "critical")
_WIDER_IS_STRICTER = frozenset(
    {"expect_column_values_to_not_be_in_set", "expect_column_distinct_values_to_contain_set"}
)
_FREE = frozenset({"notes", "meta", "batch_id", "result_format", "catch_exceptions"})


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `line` is in the newer contract, None where the older one alone has it."""

    breaking: bool
    title: str
    because: str
    column: str | None = None
    line: int | None = None


def compare(old: Suite, new: Suite, without: Collection[str] = ()) -> tuple[Change, ...]:
    """Return the changes from one suite to the next, breaking ones first.

    A weaker promise breaks who reads the data: what they relied on may no longer hold. A narrower request breaks who
    calls the service: what was answered is refused. Everything else is safe. `without` names columns that requests
    lack.
    """
    found = [
        *_expectations(old, new),
        *_unmarked(old, new),
        *_requests(request_schema(old, without), request_schema(new, without)),
    ]
    return tuple(sorted(found, key=lambda one: not one.breaking))


def major(suite: Suite) -> int:
    """Return the major number of the suite's `meta.version`; 0 without one."""
    first = str(suite.meta.get("version", "")).split(".", maxsplit=1)[0]
    return int(first) if first.isdecimal() else 0


def _unmarked(old: Suite, new: Suite) -> Iterator[Change]:
    for name in sorted((sensitive_columns(old) - sensitive_columns(new)) & set(new.columns)):
        yield Change(
            breaking=True, title=f"{name} is sensitive no more", because="its values are shown now", column=name
        )


def _expectations(old: Suite, new: Suite) -> Iterator[Change]:
    before, after = _keyed(old), _keyed(new)
    for key, one in before.items():
        if key not in after:
            weaker = one.severity != "info"
            yield Change(weaker, f"{one.name} is gone", "what it promised may no longer hold", one.column)
    for key, one in after.items():
        if key not in before:
            yield Change(False, f"{one.name} is new", "data that keeps it kept the old contract", one.column, one.line)  # noqa: FBT003 - the field's name stands beside
        elif sentence := _difference(before[key], one):
            direction, said = sentence
            breaking = direction in ("weaker", "other") and before[key].severity != "info"
            yield Change(breaking, f"{one.name}: {said}", _BECAUSE[direction], one.column, one.line)


_BECAUSE: dict[Direction, str] = {
    "stricter": "data that keeps it kept the old contract",
    "weaker": "data may now hold what was refused before",
    "other": "neither version implies the other",
    "same": "",
}


def _keyed(suite: Suite) -> dict[tuple[str, str, str, int], Expectation]:
    """Return expectations by what they are about; the last part counts those about the same."""
    found: dict[tuple[str, str, str, int], Expectation] = {}
    for one in suite.expectations:
        about = (one.type, one.column or "", str(one.kwargs.get("row_condition") or ""))
        found[*about, sum(key[:3] == about for key in found)] = one
    return found


def _difference(old: Expectation, new: Expectation) -> tuple[Direction, str] | None:
    """Return the direction of all differences together, and what differs; None without any."""
    parts = [(_severity(old.severity, new.severity), f"severity {old.severity} → {new.severity}")]
    for key in sorted((set(old.kwargs) | set(new.kwargs)) - _FREE):
        before, after = old.kwargs.get(key), new.kwargs.get(key)
        compared = _ARGUMENTS.get(key, _same)(before, after)
        if new.type in _WIDER_IS_STRICTER and key == "value_set":
            compared = _TURNED[compared]
        if new.type.endswith("_to_equal_set") and key == "value_set" and compared != "same":
            compared = "other"
        parts.append((compared, f"{key} {_shown(before)} → {_shown(after)}"))
    changed = [part for part in parts if part[0] != "same"]
    if not changed:
        return None
    directions = {direction for direction, _ in changed}
    together: Direction = directions.pop() if len(directions) == 1 else "other"
    return together, ", ".join(said for _, said in changed)


def _shown(value: Any) -> str:  # noqa: ANN401 - any argument
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004 - two fit a line


_TURNED: dict[Direction, Direction] = {"stricter": "weaker", "weaker": "stricter", "same": "same", "other": "other"}


def _same(before: Any, after: Any) -> Direction:  # noqa: ANN401 - any argument
    return "same" if before == after else "other"


def _severity(before: str, after: str) -> Direction:
    return _more(_ORDER.index(before), _ORDER.index(after))


def _more(before: Any, after: Any) -> Direction:  # noqa: ANN401 - any two that compare
    """Compare where more is stricter; no value at all is the weakest."""
    if before == after:
        return "same"
    if before is None or after is None:
        return "stricter" if before is None else "weaker"
    try:
        return "stricter" if after > before else "weaker"
    except TypeError:
        return "other"


def _less(before: Any, after: Any) -> Direction:  # noqa: ANN401 - any two that compare
    if before is None or after is None:
        return _more(before, after)
    return _TURNED[_more(before, after)]


def _set(before: Any, after: Any) -> Direction:  # noqa: ANN401 - lists as JSON has them
    old, new = ({repr(one) for one in each or ()} for each in (before, after))
    if old == new:
        return "same"
    return "weaker" if old < new else "stricter" if new < old else "other"


_ARGUMENTS: Mapping[str, Callable[[Any, Any], Direction]] = {
    "min_value": _more,
    "max_value": _less,
    "strict_min": lambda before, after: _more(bool(before), bool(after)),
    "strict_max": lambda before, after: _more(bool(before), bool(after)),
    "mostly": lambda before, after: _more(1 if before is None else before, 1 if after is None else after),
    "value_set": _set,
    "type_list": _set,
    "column_set": lambda before, after: _TURNED[_set(before, after)],
}


def _requests(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = old["properties"], new["properties"]
    for name in before:
        if name not in after:
            yield Change(
                breaking=True, title=f"requests with {name} are refused", because="callers send it", column=name
            )
        elif refused := _narrower(before[name], after[name]):
            title = f"requests: {name} is narrower: {refused}"
            yield Change(breaking=True, title=title, because="callers may send what is refused now", column=name)
    for name in after:
        if name not in before:
            yield Change(
                breaking=True, title=f"requests must carry {name}", because="callers do not send it", column=name
            )


def _narrower(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return what a property refuses that it took before; empty for nothing."""
    said = []
    for key, word in (("type", "type"), ("enum", "members"), ("pattern", "pattern"), ("not", "exceptions")):
        if key in new and not _accepts(key, old.get(key), new[key]):
            said.append(f"{word} {_shown(old.get(key))} → {_shown(new[key])}")
    for key, compare_ in (
        ("minimum", _more),
        ("exclusiveMinimum", _more),
        ("minLength", _more),
        ("maximum", _less),
        ("exclusiveMaximum", _less),
        ("maxLength", _less),
    ):
        loose = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}.get(key, key)  # wider at the same value
        if key in new and compare_(old.get(key, old.get(loose)), new[key]) == "stricter":
            said.append(f"{key} {_shown(old.get(key))} → {_shown(new[key])}")
    return ", ".join(said)


def _accepts(key: str, old: Any, new: Any) -> bool:  # noqa: ANN401 - any part of a schema
    """Say whether the newer one takes all that the older one took."""
    if old is None or key not in ("type", "enum"):
        return bool(old == new)
    taken = {repr(one) for one in ([new] if isinstance(new, str) else new)}
    taken |= {repr("integer")} if repr("number") in taken else set()
    return {repr(one) for one in ([old] if isinstance(old, str) else old)} <= taken
