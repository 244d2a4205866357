"""A contract in the words of a result: what data break it, what is wrong in it, and what a change of it breaks."""

from collections.abc import Sequence

from mlops_ci.contracts.changes import Change
from mlops_ci.contracts.check import Fault, Remark
from mlops_ci.contracts.judged import Judged, plain
from mlops_ci.contracts.sentences import examples, title
from mlops_ci.report import Effect, Finding, Location, Measurement, Severity

BROKEN = "MCI-DATA-001"
BREAKING, SAFE = "MCI-DATA-005", "MCI-DATA-006"
REQUEST = "MCI-DATA-007"
CHANGED = "MCI-POLICY-001"

_REMARKS: dict[Fault, tuple[str, Severity, Effect]] = {
    "cannot fail": ("MCI-CONTRACT-001", "high", "blocks"),
    "cannot pass": ("MCI-CONTRACT-002", "high", "blocks"),
    "unknown column": ("MCI-CONTRACT-003", "high", "blocks"),
    "nothing blocks": ("MCI-CONTRACT-004", "high", "blocks"),
    "repeated": ("MCI-CONTRACT-005", "low", "informs"),
    "unspoken column": ("MCI-CONTRACT-006", "low", "informs"),
}


_SEVERITIES: dict[str, Severity] = {"critical": "critical", "warning": "medium", "info": "info"}


def broken(judged: Judged, contract: str, *, strict: bool, here: bool = True) -> Finding | None:
    """Return the finding about an expectation that is broken; None for one that is kept.

    `here` says that the contract stands in the work tree, so that the finding can point at its line.
    """
    if judged.success:
        return None
    expectation = judged.expectation
    blocks = expectation.severity == "critical" or (strict and expectation.severity == "warning")
    shown = examples(judged)
    first = f"First: {shown}. " if shown else ""
    remedy = (
        f"Correct the data; or, if the contract is wrong, change {contract}:{expectation.line} in a review."
        if here
        else f"{contract} judges, too. Change the contract first, in a review of its own; then the data."
    )
    return Finding(
        BROKEN,
        _SEVERITIES[expectation.severity],
        "blocks" if blocks else "informs",
        title(judged),
        first + remedy,
        Location(contract if here else None, line=expectation.line if here else None, name=expectation.column),
        judged.evidence(),
    )


def measured(judged: Judged) -> Measurement:
    """Return an expectation as a measurement: what was observed, of how many rows, by which engine."""
    observed = plain(judged.observed_value)
    return Measurement(
        judged.expectation.name,
        judged.expectation.type,
        value=observed if isinstance(observed, int | float) and not isinstance(observed, bool) else None,
        n=judged.element_count,
        method=judged.engine,
        verdict="pass" if judged.success else "fail",
        evidence=judged.evidence(),
    )


def remarks_found(remarks: Sequence[Remark], path: str) -> tuple[Finding, ...]:
    """Return a finding for each remark about the contract at `path`."""
    found = []
    for one in remarks:
        code, severity, effect = _REMARKS[one.fault]
        place = Location(path, line=one.line, name=one.column)
        found.append(Finding(code, severity, effect, one.title, one.remedy, place))
    return tuple(found)


def changes_found(changes: Sequence[Change], path: str, *, raised: bool) -> tuple[Finding, ...]:
    """Return a finding for each change; breaking ones block unless the contract's major version was `raised`."""
    found = []
    for one in changes:
        place = Location(path, line=one.line, name=one.column)
        if not one.breaking:
            found.append(Finding(SAFE, "info", "informs", f"safe: {one.title}", f"It is safe: {one.because}.", place))
            continue
        remedy = (
            "The major version was raised: tell those who read the data or call the service."
            if raised
            else "Take it back; or, if it is meant, raise the major number of the contract's `meta.version`."
        )
        message = f"{one.because[0].upper()}{one.because[1:]}. {remedy}"
        effect: Effect = "informs" if raised else "blocks"
        found.append(Finding(BREAKING, "high", effect, f"breaking: {one.title}", message, place))
    return tuple(found)


def policy_found(path: str, base: str) -> Finding:
    """Return the finding that the rules themselves changed."""
    return Finding(
        CHANGED,
        "info",
        "informs",
        f"this change edits the contract that judges it: {path}",
        f"Review it like code: it differs from {base}. A promise may grow; a weaker one is a finding of its own.",
        Location(path),
    )


def stale_request(path: str, contract: str) -> Finding:
    """Return the finding that the service would enforce something else than the contract."""
    return Finding(
        REQUEST,
        "high",
        "blocks",
        f"{path} is not what the contract derives: training and serving differ",
        f"Write it anew: mlops-ci contract request {contract} --out {path}",
        Location(path),
    )
