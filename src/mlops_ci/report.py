"""The words of a result: findings and measurements in, one verdict out, never set by hand."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from mlops_ci.errors import worst

SCHEMA = "mlops-ci.report/v1"
DOCS = "https://github.com/mlops-ci/mlops-ci/blob/main/docs/reference/findings.md"

Severity = Literal["critical", "high", "medium", "low", "info"]
Effect = Literal["blocks", "undecided", "informs"]
Verdict = Literal["pass", "fail", "inconclusive"]

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
EXIT_CODES: dict[Verdict, int] = {"pass": 0, "fail": 10, "inconclusive": 11}


@dataclass(frozen=True, slots=True)
class Location:
    """Where a finding points: a file with 1-based line and column, or a name inside the judged thing."""

    path: str | None = None
    line: int | None = None
    column: int | None = None
    name: str | None = None  # a data column, a slice, a guardrail …


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a person should know; the message ends with what to do about it."""

    code: str
    severity: Severity
    effect: Effect
    title: str
    message: str
    location: Location | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def docs(self) -> str:
        """Return the page about this code."""
        return f"{DOCS}#{self.code.lower()}"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number with its uncertainty and the rule it was held against.

    `value` is oriented so that positive favours the challenger; `low` and `high` are one-sided 95 % bounds
    unless `method` says otherwise. All are in `unit`.
    """

    name: str
    metric: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    threshold: float | None = None
    n: int | None = None
    method: str = ""
    verdict: Verdict | None = None
    champion: float | None = None
    challenger: float | None = None
    detectable: float | None = None  # smallest effect decidable with 80 % power on this evidence
    evidence: Mapping[str, Any] = field(default_factory=dict)


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """Return the verdict that the findings' effects imply."""
    effects = {finding.effect for finding in findings}
    if "blocks" in effects:
        return "fail"
    return "inconclusive" if "undecided" in effects else "pass"


@dataclass(frozen=True, slots=True)
class StepReport:
    """All that one step found, with digests of everything it looked at."""

    step: str
    judged: bool = True
    error: str | None = None
    error_code: int = 0
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)  # name → digest, commit or version
    outputs: Mapping[str, str] = field(default_factory=dict)  # for the next step, e.g. decision=hold
    artifacts: tuple[str, ...] = ()  # paths, relative to the repository where they can be
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds
    tools: Mapping[str, str] = field(default_factory=dict)  # program → version
    timeline: tuple[Mapping[str, Any], ...] = ()  # what happened when, for steps that take time

    @property
    def verdict(self) -> Verdict | None:
        """Return pass, fail or inconclusive; None when nothing was judged."""
        return verdict_of(self.findings) if self.judged else None

    @property
    def exit_code(self) -> int:
        """Return the exit code: the worst of error and verdict."""
        judged = EXIT_CODES[self.verdict] if self.verdict else 0
        return worst([self.error_code, judged])

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data in the shape of its JSON Schema."""
        plain = asdict(self)
        for raw, finding in zip(plain["findings"], self.findings, strict=True):
            raw["docs"] = finding.docs
        head = {"schema": SCHEMA, "step": self.step, "verdict": self.verdict, "exit_code": self.exit_code}
        return head | plain


def from_json(raw: Mapping[str, Any]) -> StepReport:
    """Return the report that `to_json` gave; raise ValueError for what is none. The verdict follows anew."""
    from pydantic import TypeAdapter  # heavy, and only who reads reports needs it

    return TypeAdapter(StepReport).validate_python({**raw})
