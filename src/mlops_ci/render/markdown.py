"""A report as Markdown: the GitHub job summary."""

from mlops_ci.render.words import headline, mark, where, worst_first
from mlops_ci.report import StepReport
from mlops_ci.shown import code, table, text

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
        lines += ["", *table(report.measurements)]
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
