"""A report as Markdown: the GitHub job summary."""

from mlops_ci.render.foreign import code, text
from mlops_ci.render.words import headline, interval, mark, number, where, worst_first
from mlops_ci.report import StepReport

LIMIT = 1_000_000  # bytes; GitHub drops a summary over 1 MiB


def render(report: StepReport) -> str:
    """Return the report as Markdown, cut at a line so that it stays under GitHub's limit."""
    lines = [f"### {mark(report)} {text(headline(report))}", ""]
    if report.error:
        lines += ["```text", report.error.replace("```", "'''"), "```", ""]
    for finding in worst_first(report.findings):
        place = f" {code(where(finding))}" if where(finding) else ""
        title = f"- **{text(finding.title)}** ([{finding.code}]({finding.docs}), {finding.effect}){place}"
        lines += [title, f"  {text(finding.message)}"]
    if report.measurements:
        lines += ["", "| measured | champion | challenger | difference | 95 % bounds | limit | verdict |"]
        lines += ["|---|---|---|---|---|---|---|"]
    for one in report.measurements:
        sides = (number(one.champion), number(one.challenger), number(one.value), interval(one.low, one.high))
        cells = (text(one.name), *sides, number(one.threshold), one.verdict or "–")
        lines.append(f"| {' | '.join(cells)} |")
    return _bounded(lines)


def _bounded(lines: list[str]) -> str:
    kept, size = [], 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > LIMIT:
            kept.append("\n… cut here; the whole report is in the artifact.")
            break
        kept.append(line)
    return "\n".join(kept) + "\n"
