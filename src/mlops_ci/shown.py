"""How numbers and foreign text are shown: readable, and in a terminal, a workflow's log or Markdown they do nothing."""

import re
from collections.abc import Iterable
from unicodedata import category

from mlops_ci.report import Measurement

_JOINER = "\N{WORD JOINER}"
_AT_THE_START = re.compile(r"^([#+=-]|\d+(?=[.)]))")  # a heading, a list or a rule
# What GitHub reads where no markup is: somebody's name, an issue, a formula, an address.
_IN_THE_LINE = re.compile(r"(?i)[@$]|#(?=\d)|\bGH-(?=\d)|:(?=//)|\bwww(?=\.)")


def text(foreign: str) -> str:
    """Return one line of Markdown: no markup, mention or link, and it stays in its paragraph, table cell or list."""
    line = " ".join(printable(foreign).split()).replace("&", "&amp;")
    for mark in "\\`*_[]|~":
        line = line.replace(mark, f"\\{mark}")
    line = _IN_THE_LINE.sub(rf"\g<0>{_JOINER}", _AT_THE_START.sub(rf"\1{_JOINER}", line))
    return line.replace("<", "&lt;").replace(">", "&gt;")


def code(foreign: str) -> str:
    """Return one line as code; not for a table cell, which a bar would end."""
    line = " ".join(printable(foreign).split())
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"`{line}`"


def number(value: float | None) -> str:
    """Return a number for reading: four significant digits, a dash for none."""
    return "–" if value is None else f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"  # noqa: PLR2004


def interval(low: float | None, high: float | None) -> str:
    """Return `low … high`, or a dash where there is neither."""
    return "–" if low is None and high is None else f"{number(low)} … {number(high)}"


def printable(text: str) -> str:
    """Return foreign text that neither a terminal nor a workflow runner takes for a command of ours.

    GitHub's runner reads `::command::` at the start of a line, and `##[command]` anywhere in one.
    """
    lines = "\n".join(text.splitlines())
    visible = "".join(one if one in "\n\t" or category(one)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for one in lines)
    return re.sub(r"(?m)^(\s*):(?=:)", r"\1: ", visible).replace("##[", "# #[")


def table(measurements: Iterable[Measurement]) -> list[str]:
    """Return what was measured as the lines of a Markdown table."""
    lines = ["| measured | champion | challenger | difference | 95 % bounds | limit | verdict |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for one in measurements:
        sides = (number(one.champion), number(one.challenger), number(one.value), interval(one.low, one.high))
        cells = (text(one.name), *sides, number(one.threshold), one.verdict or "–")
        lines.append(f"| {' | '.join(cells)} |")
    return lines
