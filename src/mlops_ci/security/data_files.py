"""Texts in data: formulas that a spreadsheet would run, pickles, and personal data in columns that nobody marked."""

import csv
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from mlops_ci.scanner import Issue, Look, Unread
from mlops_ci.tools import parquet

_FORMULA = re.compile(r"\s*(=\s*[A-Za-z@+(-]|[+@-]\s*[A-Za-z.]+\s*\(|[=+@-].*(\||!)[A-Z]+\d)")
_HARMLESS = re.compile(r"\s*=[=><]|\s*=\s*-?\d*\.?\d*\s*$")
_COMMAND = re.compile(
    r"(?i)\b(cmd|powershell|mshta|msexcel|regsvr32|rundll32)\b.*\||\b(HYPERLINK|WEBSERVICE|IMPORT\w+)\("
)
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_SAMPLE = 1000  # values of a column by which it is told what it holds
_SHARE = 0.5  # of them
_PATTERNS = {
    "e-mail addresses": re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"),
    "phone numbers": re.compile(r"\+\d{1,3}[ ()\d-]{7,16}"),
    "payment card numbers": re.compile(r"\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,7}"),
    "bank accounts (IBAN)": re.compile(r"[A-Z]{2}\d{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,3})?"),
    "social security numbers": re.compile(r"\d{3}-\d{2}-\d{4}"),
    "addresses of machines (IP)": re.compile(r"(\d{1,3}\.){3}\d{1,3}"),
}


def scan(folder: Path, files: tuple[str, ...], sensitive: Collection[str]) -> Look:
    """Return formulas, and columns with personal data except for the `sensitive` ones; values are never shown."""
    issues, unread = list[Issue](), list[Unread]()
    known = {name.casefold() for name in sensitive}
    for file in files:
        try:
            issues += _one(folder / file, file, known)
        except (OSError, ValueError, csv.Error, AttributeError) as problem:
            unread.append(Unread(file, f"it cannot be read as what its name says: {problem}"))
    return Look(tuple(issues), tuple(unread))


def _one(path: Path, file: str, sensitive: Collection[str]) -> Iterator[Issue]:
    kinds, seen = dict[str, Counter[str]](), Counter[str]()
    formulas: dict[str, tuple[int, bool, int]] = {}  # column → first line, runs a command, how many
    pickles: dict[str, int] = {}  # column → first line
    for line, column, value in _cells(path):
        if isinstance(value, bytes):
            if _PICKLE.match(value):
                pickles.setdefault(column, line)
            continue
        if not file.endswith(".jsonl") and _FORMULA.match(value) and not _HARMLESS.match(value):
            first, runs, count = formulas.get(column, (line, False, 0))
            formulas[column] = first, runs or bool(_COMMAND.search(value)), count + 1
        if value and seen[column] < _SAMPLE:
            seen[column] += 1
            kinds.setdefault(column, Counter()).update(_kinds(value))
    for column, (line, runs, count) in formulas.items():
        said = f"{count:,} of its cells begin like a formula, the first in line {line:,}"
        yield Issue("csv-formula", "Cells that a spreadsheet would run", f"{said}.", "HIGH" if runs else "MEDIUM", file,
                    line, name=column)  # fmt: skip
    for column, line in pickles.items():
        said = f"Whoever loads them runs what is in them; the first in row {line:,}."
        yield Issue("pickle-in-data", "Pickles among data", said, "HIGH", file, 1, name=column)
    yield from _personal(file, kinds, seen, sensitive)


def _personal(
    file: str, kinds: Mapping[str, Counter[str]], seen: Mapping[str, int], sensitive: Collection[str]
) -> Iterator[Issue]:
    for column, counts in kinds.items():
        for kind, count in counts.items():
            if count >= seen[column] * _SHARE and column.casefold() not in sensitive:
                said = f"{count:,} of {seen[column]:,} values look like {kind}"
                yield Issue("personal-data", "Personal data in a column that is not marked as sensitive", f"{said}.",
                            "MEDIUM", file, 1, name=column)  # fmt: skip


def _cells(path: Path) -> Iterator[tuple[int, str, str | bytes]]:
    """Yield line (of Parquet: row), column's name and value of every cell."""
    if path.suffix == ".parquet":
        yield from parquet.cells(path)
        return
    with path.open(encoding="utf-8-sig", newline="") as stream:
        if path.suffix == ".jsonl":
            for number, line in enumerate(stream, start=1):
                row = json.loads(line) if line.strip() else {}
                yield from ((number, str(key), value) for key, value in row.items() if isinstance(value, str))
            return
        rows = csv.reader(stream, delimiter="\t" if path.suffix == ".tsv" else ",")
        header = next(rows, [])
        yield from ((1, name, name) for name in header)
        for row in rows:
            names = [*header, *(f"column {index}" for index in range(len(header), len(row)))]
            yield from ((rows.line_num, name, value) for name, value in zip(names, row, strict=False))


def _kinds(value: str) -> list[str]:
    found = [name for name, pattern in _PATTERNS.items() if pattern.fullmatch(value.strip())]
    return [one for one in found if _is_plausible(one, re.sub(r"[ -]", "", value.strip()))]


def _is_plausible(kind: str, value: str) -> bool:
    """Say whether check digits and ranges fit, where a kind has them: most long numbers are just numbers."""
    if kind.startswith("payment"):
        digits = [int(one) for one in reversed(value)]
        doubled = (sum(divmod(2 * one, 10)) for one in digits[1::2])
        return (sum(digits[::2]) + sum(doubled)) % 10 == 0
    if kind.startswith("bank"):
        return int("".join(str(int(one, 36)) for one in value[4:] + value[:4])) % 97 == 1
    if kind.startswith("addresses"):
        return all(int(part) < 256 for part in value.split("."))  # noqa: PLR2004 - a byte
    return True
