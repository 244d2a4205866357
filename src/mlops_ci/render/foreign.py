"""Foreign text inside Markdown: it is shown, and it does nothing: no markup, no mention, no reference, no link."""

import re

from mlops_ci.render.words import printable

_JOINER = "\N{WORD JOINER}"
_AT_THE_START = re.compile(r"^([#+=-]|\d+(?=[.)]))")  # a heading, a list or a rule
# What GitHub reads where no markup is: somebody's name, an issue, a formula, an address.
_IN_THE_LINE = re.compile(r"(?i)[@$]|#(?=\d)|\bGH-(?=\d)|:(?=//)|\bwww(?=\.)")


def text(foreign: str) -> str:
    """Return one line that cannot break out of a paragraph, a table cell or a list."""
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
