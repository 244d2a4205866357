"""Findings as GitHub workflow commands: the worst ten, with nothing of theirs read as a command."""

from mlops_ci.render.words import headline, worst_first
from mlops_ci.report import Finding, StepReport
from mlops_ci.shown import printable

LIMIT = 10  # GitHub shows no more for one step
_LEVELS = {"blocks": "error", "undecided": "warning", "informs": "notice"}


def render(report: StepReport) -> str:
    """Return one workflow command a line; an empty text when there is nothing to say."""
    error = [f"::error title={_property(headline(report))}::{_data(report.error)}\n"] if report.error else []
    return "".join([*error, *(_command(finding) for finding in worst_first(report.findings))][:LIMIT])


def _command(finding: Finding) -> str:
    place = finding.location
    properties = {"title": f"{finding.code} {finding.title}"}
    if place and place.path:
        properties |= {"file": place.path}
        properties |= {"line": str(place.line)} if place.line else {}
    words = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{_LEVELS[finding.effect]} {words}::{_data(finding.message)}\n"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
