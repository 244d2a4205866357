"""Which tests may be skipped on a machine that lacks something; any other skip is a gate that nobody watches."""

import csv
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("not-here.tsv")


@dataclass(frozen=True, slots=True)
class Row:
    """Tests whose id begins with `prefix` may be skipped where `program` is not installed.

    A program with arguments is a probe: those tests may be skipped where it ends with another code than 0.
    """

    prefix: str
    reason: str
    program: str


def read(path: Path = FILE) -> list[Row]:
    """Return the rows of the file, header not counted."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [Row(**line) for line in csv.DictReader(stream, delimiter="\t")]


def answers(program: str) -> str | None:
    """Return the program's path when it is installed and, given arguments, ends with 0 within ten seconds."""
    name, *arguments = program.split()
    path = shutil.which(name)
    if path and arguments:
        try:
            subprocess.run([path, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=True)
        except (OSError, subprocess.SubprocessError):
            return None
    return path


def complaint(test: str, rows: list[Row], which: Callable[[str], str | None] = answers) -> str | None:
    """Return why a test should not have been skipped; None when it could not have run here."""
    row = next((row for row in rows if test.startswith(row.prefix)), None)
    if row is None:
        return f"{test} was skipped, and tests/not-here.tsv does not say that it may be"
    if which(row.program):
        return f"{test} was skipped although {row.program} is here, so it could have run"
    return None
