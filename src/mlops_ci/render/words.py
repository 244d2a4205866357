"""The sentences that all renderers share."""

from mlops_ci.errors import MlopsCiError
from mlops_ci.report import SEVERITIES, Finding, Location, StepReport

_EFFECTS = ("blocks", "undecided", "informs")
_VERDICTS = {
    "pass": "PASS: judged, and it passes",
    "fail": "FAIL: judged, and it does not pass",
    "inconclusive": "INCONCLUSIVE: judged, but the evidence does not decide",
}
_MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", None: "⚠️"}


def mark(report: StepReport) -> str:
    """Return one character for the verdict; a warning sign where an error stopped the step."""
    return _MARKS[report.verdict if not report.error_code else None]


def headline(report: StepReport) -> str:
    """Return one line that says whether a judgement was made and what it is."""
    if report.verdict:
        counts = found(report)
        more = "; something else failed" if report.error_code else ""
        return f"{report.step} {_VERDICTS[report.verdict]}{': ' if counts else ''}{counts}{more}"
    classes: list[type[MlopsCiError]] = [MlopsCiError, *MlopsCiError.__subclasses__()]
    kinds = {kind.exit_code: kind.headline for kind in classes}
    return f"{report.step} NOT PASSED: {kinds[report.error_code]}"


def found(report: StepReport) -> str:
    """Return how many findings of which effect there are; an empty text for none."""
    effects = [finding.effect for finding in report.findings]
    words = {"blocks": "blocking", "undecided": "undecided", "informs": "for information"}
    return ", ".join(f"{effects.count(effect)} {word}" for effect, word in words.items() if effect in effects)


def worst_first(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return the findings, blocking and severe ones first, otherwise in the order given."""
    return sorted(findings, key=lambda one: (_EFFECTS.index(one.effect), SEVERITIES.index(one.severity)))


def where(finding: Finding) -> str:
    """Return the place a finding points to; empty when it points nowhere."""
    return place_in_words(finding.location) if finding.location else ""


def place_in_words(place: Location) -> str:
    """Return `file:line:column name`, as far as they are known."""
    file = ":".join(str(part) for part in (place.path, place.line, place.column) if part is not None)
    return " ".join(part for part in (file, place.name) if part)
