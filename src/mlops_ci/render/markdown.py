"""A report as Markdown: the GitHub job summary."""

import re

from mlops_ci.render.words import headline, interval, number, where, worst_first
from mlops_ci.report import StepReport

LIMIT = 1_000_000  # bytes; GitHub drops a summary over 1 MiB
_MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", None: "⚠️"}


def render(report: StepReport) -> str:
    """Return the report as Markdown, cut at a line so that it stays under GitHub's limit."""
    lines = [
        f"### {_MARKS[report.verdict if not report.error_code else None]} {_escape(headline(report))}",
        "",
    ]
    if report.error:
        lines += ["```text", report.error.replace("```", "'''"), "```", ""]
    for finding in worst_first(report.findings):
        place = f" `{_escape(where(finding))}`" if where(finding) else ""
        title = f"- **{_escape(finding.title)}** ([{finding.code}]({finding.docs}), {finding.effect}){place}"
        lines += [title, f"  {_escape(finding.message)}"]
    if report.measurements:
        lines += ["", "| measured | champion | challenger | difference | 95 % bounds | limit | verdict |"]
        lines += ["|---|---|---|---|---|---|---|"]
    for one in report.measurements:
        sides = (number(one.champion), number(one.challenger), number(one.value), interval(one.low, one.high))
        cells = (_escape(one.name), *sides, number(one.threshold), one.verdict or "–")
        lines.append(f"| {' | '.join(cells)} |")
    return _bounded(lines)


def _escape(text: str) -> str:
    """Return text that cannot break out of a line, a table cell or into HTML."""
    flat = " ".join(text.split())
    for mark in "\\`*_[]|~":
        flat = flat.replace(mark, f"\\{mark}")
    flat = re.sub(r"^([#+=-]|\d+(?=[.)]))", "\\1\N{WORD JOINER}", flat)  # no heading, list or rule
    return flat.replace("<", "&lt;").replace(">", "&gt;")


def _bounded(lines: list[str]) -> str:
    kept, size = [], 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > LIMIT:
            kept.append("\n… cut here; the whole report is in the artifact.")
            break
        kept.append(line)
    return "\n".join(kept) + "\n"
