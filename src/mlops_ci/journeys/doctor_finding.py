"""How the doctor says what it saw: each finding with its remedy, and what it could not see never as fine."""

from mlops_ci.report import Effect, Finding, Location, Severity

_SEVERITIES: dict[Effect, Severity] = {"blocks": "high", "undecided": "medium", "informs": "low"}


def found(code: str, title: str, remedy: str, path: str | None = None, effect: Effect = "blocks") -> Finding:
    """Return a finding; `remedy` is one sentence."""
    return Finding(code, _SEVERITIES[effect], effect, title, remedy, Location(path) if path else None)


def unseen(what: str, missing: str) -> Finding:
    """Return that something could not be looked at, and what it takes to look."""
    return found("MCI-DOCTOR-015", f"Not looked at: {what}", missing, effect="undecided")
