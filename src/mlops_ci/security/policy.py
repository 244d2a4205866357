"""What a problem means: whether it blocks, by the policy of the head and of the base."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from mlops_ci.report import SEVERITIES, Effect, Finding, Location, Severity
from mlops_ci.security.problems import Problem
from mlops_ci.security.waivers import Waiver

# What the finding is called, and what to do about it.
_MEANING: Mapping[str, tuple[str, str]] = {
    "code": ("MCI-SCAN-001", "Write it another way, or waive it with a reason."),
    "vulnerability": ("MCI-SCAN-002", "Use a version without it."),
    "secret": ("MCI-SCAN-003", "Withdraw the secret where it is valid, then remove it: who has a copy has it already."),
    "licence": ("MCI-SCAN-004", "Use another package, or let somebody who may decide waive it."),
    "configuration": ("MCI-SCAN-005", "Correct the description."),
    "workflow": ("MCI-SCAN-006", "Correct the workflow."),
    "model": ("MCI-SCAN-007", "Do not load it. Find out where it comes from."),
    "format": ("MCI-SCAN-008", "Save it as data only, with skops for example, or allow the format in scan.formats."),
    "data": ("MCI-SCAN-009", "Correct the data, or mark the column as sensitive."),
    "unpinned": ("MCI-SCAN-015", "Pin it (name==version), or look after it yourself."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    """What blocks."""

    fail_on: Severity
    unfixed: str
    formats: Collection[str]
    denied_licences: Sequence[str]
    waivers: Sequence[Waiver] = ()
    known: Collection[str] = ()  # fingerprints of what the base has already
    severities: Mapping[str, Severity] = field(default_factory=dict)  # by fingerprint, where this policy rates it so


@dataclass(frozen=True, slots=True)
class Judged:
    """A problem with its effect, and why it does not block where it could."""

    problem: Problem
    effect: Effect
    excuse: str = ""
    waiver: Waiver | None = field(default=None)


def judge(problem: Problem, policy: Policy) -> Judged:
    """Return what a problem means by a policy."""
    if problem.kind == "format" and problem.issue.rule in policy.formats:
        return Judged(problem, "informs", "scan.formats allows it")
    severity = policy.severities.get(problem.fingerprint, problem.severity)
    mild = SEVERITIES.index(severity) > SEVERITIES.index(policy.fail_on) and problem.kind != "licence"
    if problem.kind == "unpinned" or mild:
        return Judged(problem, "informs")
    waiver = next((one for one in policy.waivers if one.covers(problem)), None)
    if waiver:
        said = f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
        return Judged(problem, "informs", said, waiver)
    if problem.issue.of_system and not problem.issue.fixed and policy.unfixed == "report":
        return Judged(problem, "informs", "no version fixes it yet")
    if problem.fingerprint in policy.known:
        return Judged(problem, "informs", "the base has it already")
    return Judged(problem, "blocks")


def judge_by_both(problem: Problem, policies: Sequence[Policy]) -> Judged:
    """Return the stricter of what several policies say."""
    judged = [judge(problem, one) for one in policies]
    return next((one for one in judged if one.effect == "blocks"), judged[0])


def relevant(problem: Problem, policy: Policy) -> bool:
    """Say whether people want to know of a problem: of licences only of those that are denied."""
    denied = tuple(one.casefold() for one in policy.denied_licences)
    return problem.kind != "licence" or problem.issue.rule.casefold().startswith(denied)


def finding(judged: Judged) -> Finding:
    """Return what people are told."""
    problem, issue = judged.problem, judged.problem.issue
    code, remedy = _MEANING[problem.kind]
    if problem.kind == "vulnerability":
        remedy = f"Use {issue.package} {issue.fixed}." if issue.fixed else "No version without it is known yet."
    package = f" in {issue.package} {issue.version}".rstrip() if issue.package else ""
    said = " ".join(f"{issue.text.strip().rstrip('.')}. {remedy}".removeprefix(". ").split())[:2000]
    title = f"{issue.rule}{package}: {issue.title}" if issue.title else f"{issue.rule}{package}"
    name = issue.name or issue.package or None
    return Finding(
        code,
        problem.severity,
        judged.effect,
        " ".join(title.split())[:300],
        f"{judged.excuse[:1].upper()}{judged.excuse[1:]}. {said}" if judged.excuse else said,
        Location(issue.path, issue.line, issue.column, name),
        _evidence(judged),
    )


def _evidence(judged: Judged) -> dict[str, object]:
    problem, issue = judged.problem, judged.problem.issue
    facts = {"package": issue.package, "version": issue.version, "fixed": issue.fixed, "cvss": issue.score}
    more = {key: value for key, value in facts.items() if value not in {None, ""}}
    return {
        "rule": issue.rule,
        "sources": dict(problem.sources),
        "aliases": sorted(problem.rules - {issue.rule}),
        "fingerprint": problem.fingerprint,
        "excuse": judged.excuse,
        "url": issue.url,
        **more,
    }
