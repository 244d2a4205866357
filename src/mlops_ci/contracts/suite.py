"""Read a Great Expectations suite and remember on which line each expectation begins."""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn

from mlops_ci.contracts.arguments import fault
from mlops_ci.contracts.known import ARGUMENTS, COMMON, KNOWN
from mlops_ci.errors import NothingToJudge, UsageProblem

Severity = Literal["critical", "warning", "info"]

_SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"
_REMEDY = "Write the contract with Great Expectations, or point `contract` at the right file."


@dataclass(frozen=True, slots=True)
class Expectation:
    """One sentence of a contract; `line` is 1-based and where its JSON object begins."""

    type: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "critical"
    line: int = 1
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns it is about; none for a whole table."""
        names = [self.kwargs.get(key) for key in ("column", "column_A", "column_B")]
        listed = self.kwargs.get("column_list")
        names += listed if isinstance(listed, list) else []
        return tuple(str(name) for name in names if name is not None)

    @property
    def column(self) -> str | None:
        """Return the column or columns it is about, joined by a comma; None for a whole table."""
        return ",".join(self.columns) or None

    @property
    def name(self) -> str:
        """Return `type(column)`."""
        return f"{self.type}({self.column or ''})"


@dataclass(frozen=True, slots=True)
class Suite:
    """A contract: its name and its expectations in the order of the file, at least one."""

    name: str
    path: str
    expectations: tuple[Expectation, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that it promises or speaks of, in the order in which they come."""
        listed = [one.kwargs.get("column_set") or () for one in self.expectations]
        named = [one.columns for one in self.expectations]
        return tuple(dict.fromkeys(str(name) for names in (*listed, *named) for name in names))


def read(path: Path, *, shown: str | None = None) -> Suite:
    """Return the suite in a JSON file; messages call the file `shown`.

    Raises:
        NothingToJudge: the file is missing, is not JSON, or holds no expectation.
        UsageProblem: an expectation is unknown or malformed; the message names file and line.
    """
    label = shown or str(path)
    return parse(_text(path, label), label)


def parse(text: str, label: str) -> Suite:
    """Return the suite in a JSON text; messages call it `label`.

    Raises:
        NothingToJudge: it is not JSON, or holds no expectation.
        UsageProblem: an expectation is unknown or malformed; the message names the line.
    """
    document = _document(text, label)
    raw = document.get("expectations") if isinstance(document, dict) else None
    if not isinstance(raw, list) or not raw:
        raise NothingToJudge(f"{label} holds no expectations, so nothing can be judged by it. {_REMEDY}")
    lines = list(_lines(text))
    found = tuple(_expectation(one, f"{label}:{line}", line) for one, line in zip(raw, lines, strict=True))
    name = str(document.get("name") or document.get("expectation_suite_name") or Path(label).stem)
    meta = document.get("meta")
    return Suite(name, label, found, meta if isinstance(meta, dict) else {})


def _text(path: Path, label: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as problem:
        raise NothingToJudge(f"The contract {label} does not exist. {_REMEDY}") from problem
    except OSError as problem:
        raise NothingToJudge(f"The contract {label} cannot be read: {problem.strerror}. {_REMEDY}") from problem
    except UnicodeDecodeError as problem:
        raise NothingToJudge(f"{label} is not JSON: it is not UTF-8. {_REMEDY}") from problem


def _document(text: str, label: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
    except json.JSONDecodeError as problem:
        raise NothingToJudge(
            f"{label}:{problem.lineno}:{problem.colno} is not JSON: {problem.msg}. {_REMEDY}"
        ) from None
    except RecursionError:
        raise NothingToJudge(f"{label} is nested too deeply. {_REMEDY}") from None
    except ValueError as problem:
        raise NothingToJudge(f"{label} is not JSON: {problem}. {_REMEDY}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object whose names all differ: of two, one would vanish without a word."""
    names = [name for name, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{twice!r} stands twice in one object")
    return dict(pairs)


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _expectation(raw: object, place: str, line: int) -> Expectation:
    if not isinstance(raw, dict):
        raise UsageProblem(f"{place}: an expectation is an object with type and kwargs, not {raw!r:.60}.")
    type_ = raw.get("type", raw.get("expectation_type"))
    if not isinstance(type_, str) or type_ not in KNOWN:
        raise UsageProblem(f"{place}: {_unknown(type_)}")
    kwargs, meta = raw.get("kwargs") or {}, raw.get("meta") or {}
    if not isinstance(kwargs, dict) or not isinstance(meta, dict):
        raise UsageProblem(f"{place}: kwargs and meta of {type_} are objects, such as {{}}.")
    if strange := sorted(set(kwargs) - ARGUMENTS[type_] - COMMON):
        raise UsageProblem(f"{place}: {_unknown_argument(type_, strange[0])}")
    if wrong := fault(kwargs):
        raise UsageProblem(f"{place}: {type_}: {wrong}.")
    if not isinstance(meta.get("sensitive", False), bool):
        raise UsageProblem(f"{place}: meta.sensitive of {type_} is true or false, without quotes.")
    severity = next((one for one in _SEVERITIES if one == (raw.get("severity") or "critical")), None)
    if severity is None:
        raise UsageProblem(f"{place}: severity is one of {', '.join(_SEVERITIES)}, not {raw['severity']!r}.")
    _refuse_empty_range(kwargs, f"{place}: {type_}")
    return Expectation(type_, kwargs, severity, line, meta)


def _refuse_empty_range(kwargs: Mapping[str, Any], place: str) -> None:
    bounds = [kwargs.get("min_value"), kwargs.get("max_value")]
    numbers = [one for one in bounds if isinstance(one, int | float)]
    if numbers != sorted(numbers):
        raise UsageProblem(f"{place}: min_value {numbers[0]} is above max_value {numbers[1]}, so nothing could pass.")


def _unknown(type_: object) -> str:
    if not isinstance(type_, str):
        return "an expectation needs a type, such as expect_column_values_to_not_be_null."
    near = difflib.get_close_matches(type_, sorted(KNOWN), n=1)
    hint = f"Did you mean {near[0]!r}?" if near else "Its gallery lists the names it knows."
    return f"Great Expectations knows no {type_!r}. {hint}"


def _unknown_argument(type_: str, name: str) -> str:
    known = sorted(ARGUMENTS[type_])
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"It takes {', '.join(known)}."
    return f"{type_} has no argument {name!r}. {hint}"


def _lines(text: str) -> Iterator[int]:
    """Yield the line of each item of the top-level array `expectations`; the text is known to be valid JSON."""
    start = 0
    for key, position in _members(text):
        start = position if key == "expectations" else start  # JSON's last one of a name is the one that counts
    position = _skip(text, start + 1)
    while text[position] != "]":
        yield text.count("\n", 0, position) + 1
        position = _skip(text, _DECODER.raw_decode(text, position)[1])
        position = _skip(text, position + 1) if text[position] == "," else position


def _members(text: str) -> Iterator[tuple[str, int]]:
    """Yield each key of the top-level object with the position at which its value begins."""
    position = _skip(text, _skip(text, 0) + 1)
    while text[position] != "}":
        key, position = _DECODER.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
        yield key, position
        position = _skip(text, _DECODER.raw_decode(text, position)[1])
        position = _skip(text, position + 1) if text[position] == "," else position


def _skip(text: str, position: int) -> int:
    while text[position] in _BLANK:
        position += 1
    return position
