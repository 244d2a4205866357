"""All verdicts of a pull request as one comment: findings first, and never more than GitHub takes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from mlops_ci.render.words import found, headline, mark, where, worst_first
from mlops_ci.report import Finding, Measurement, StepReport
from mlops_ci.shown import code, number, table, text

LIMIT = 65_536  # characters that GitHub takes
_SPARE = 600  # of them, for what finds the comment again and for the last line
_FINDINGS, _MEASUREMENTS = 10, 12  # of each step
_TITLE, _MESSAGE = 200, 600  # characters
_VERDICTS = ("fail", "inconclusive", None, "pass")


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece that is shown whole or left out, and what is left out with it."""

    text: str
    findings: int = 0
    measurements: int = 0


def render(overall: StepReport, reports: Mapping[str, StepReport | None], run: str | None) -> str:
    """Return the comment: the joined verdict, a row for each step, the worst findings, what was measured.

    `overall` is the report of `verdict` on the same steps; `run` is the URL of the workflow's run.
    """
    shown, size = [f"### {mark(overall)} {text(headline(overall))}"], 0
    findings = measurements = 0
    for part in _parts(overall, reports):
        fits = size + _size(part.text) < LIMIT - _SPARE
        size += _size(part.text) if fits else 0
        shown += [part.text] if fits else []
        findings += 0 if fits else part.findings
        measurements += 0 if fits else part.measurements
    given = [one for one in reports.values() if one]
    findings += sum(max(0, len(one.findings) - _FINDINGS) for one in given)
    measurements += sum(max(0, len(one.measurements) - _MEASUREMENTS) for one in given)
    return "\n".join([*shown, "", _last(findings, measurements, run)]) + "\n"


def _size(piece: str) -> int:
    """Return the characters as GitHub may count them, with the line's end."""
    return len(piece.encode("utf-16-le")) // 2 + 1


def _last(findings: int, measurements: int, run: str | None) -> str:
    place = f"[the summaries and artifacts of this run]({run})" if run else "the run's summaries and artifacts"
    if not findings + measurements:
        return f"Everything else stands in {place}."
    counts = [f"{findings} findings"] * bool(findings) + [f"{measurements} measurements"] * bool(measurements)
    return f"**{' and '.join(counts)} are left out here**; all of it stands in {place}."


def _parts(overall: StepReport, reports: Mapping[str, StepReport | None]) -> Iterator[_Part]:
    yield _Part("\n| | step | verdict | found | took |\n|---|---|---|---|---|")
    said = {one.location.name for one in overall.findings if one.location}
    for step, report in reports.items():
        yield _Part(_row(step, report, passed=step not in said))
    explained = {step for step, report in reports.items() if report and report.verdict != "pass"}
    rest = [one for one in overall.findings if not (one.location and one.location.name in explained)]
    yield from ([_Part("")] if rest else [])
    yield from (_Part(f"- {text(_cut(one.title, _TITLE))}") for one in rest)
    for step, report in reports.items():
        yield from _step(step, report) if report else ()
    for step, report in reports.items():
        if report and report.measurements:
            yield _measured(step, report.measurements)


def _row(step: str, report: StepReport | None, *, passed: bool) -> str:
    if report is None:
        return f"| ⚠️ | {text(step)} | **no report** | the step did not run, or its report was not kept | |"
    sign = mark(report) if passed or report.verdict != "pass" else "⚠️"
    word = report.verdict or "nothing was judged"
    trust = "" if passed or report.verdict != "pass" else ", contradicted by its own report"
    seconds = report.timings.get("total")
    took = "" if seconds is None else f"{number(seconds)} s"
    return f"| {sign} | {text(step)} | {word}{trust} (exit {report.exit_code}) | {found(report)} | {took} |"


def _step(step: str, report: StepReport) -> Iterator[_Part]:
    if report.error or report.findings:
        yield _Part(f"\n#### {mark(report)} {text(step)}\n")
    if report.error:
        yield _Part(f"- {text(_cut(report.error, _MESSAGE))}")
    for one in worst_first(report.findings)[:_FINDINGS]:
        yield _Part(_finding(one), findings=1)


def _finding(one: Finding) -> str:
    place = f" {code(_cut(where(one), _TITLE))}" if where(one) else ""
    known = re.fullmatch(r"[A-Z]+(-[A-Z0-9]+){1,4}", one.code)  # a report may be hand-made
    link = f"[{one.code}]({one.docs})" if known else text(_cut(one.code, _TITLE))
    title = f"- **{text(_cut(one.title, _TITLE))}** ({link}, {one.effect}){place}"
    return f"{title}\\\n  {text(_cut(one.message, _MESSAGE))}"


def _measured(step: str, measurements: tuple[Measurement, ...]) -> _Part:
    worst = sorted(measurements, key=lambda one: _VERDICTS.index(one.verdict))[:_MEASUREMENTS]
    lines = [f"\n<details><summary>{text(step)}: what was measured</summary>\n"]
    lines += table(replace(one, name=_cut(one.name, _TITLE)) for one in worst)
    return _Part("\n".join([*lines, "\n</details>"]), measurements=len(worst))


def _cut(foreign: str, length: int) -> str:
    return foreign if len(foreign) <= length else f"{foreign[:length]} …"
