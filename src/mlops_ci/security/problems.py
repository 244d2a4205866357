"""Issues of many scanners as problems: one severity, one fingerprint, and one problem where several say the same."""

import csv
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files

from mlops_ci.report import SEVERITIES, Severity
from mlops_ci.scanner import Issue
from mlops_ci.settings.scan import Group

_TABLES = files("mlops_ci") / "resources/scan"
_CLEAREST = "picklescan"  # it names what would be called
_UNRATED: Mapping[str, Severity] = {
    "checkov": "medium",
    "actionlint": "medium",
}  # others: until rated, it counts as high
_WORDS: Mapping[str, Severity] = {
    "critical": "critical", "high": "high", "medium": "medium", "low": "low", "info": "info",
    "informational": "info", "negligible": "info", "error": "high", "warning": "medium", "style": "info",
    "dangerous": "critical", "overtly_malicious": "critical", "likely_overtly_malicious": "critical",
    "suspicious": "medium", "likely_unsafe": "low", "possibly_unsafe": "low",
}  # fmt: skip
_KINDS: Mapping[Group, str] = {
    "code": "code", "dependencies": "vulnerability", "secrets": "secret", "image": "configuration",
    "iac": "configuration", "workflows": "workflow", "models": "model", "data": "data",
}  # fmt: skip
_SCORES: tuple[tuple[float, Severity], ...] = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))


@dataclass(frozen=True, slots=True)
class Said:
    """An issue with who said it about what."""

    scanner: str
    group: Group
    issue: Issue


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, whoever said it."""

    kind: str  # vulnerability, secret, licence, …: the finding's code follows from it
    group: Group
    severity: Severity
    issue: Issue  # as the scanner that rates it worst puts it
    sources: Mapping[str, str] = field(default_factory=dict)  # scanner → its rule and its own severity
    rules: frozenset[str] = frozenset()  # every name that any of them has for it
    fingerprint: str = ""


def problems(said: Iterable[Said], own: Mapping[str, Severity], line: Callable[[str, int], str]) -> list[Problem]:
    """Return problems, those that several scanners found once; `own` are severities of rules that somebody set.

    `line` returns the text of a line of a file: a fingerprint is made of it, and stays the same when lines move.
    """
    each = [_problem(one, own) for one in said]
    merged = [_merged(group) for group in _groups(each)]
    ordered = sorted(
        merged, key=lambda one: (one.issue.path or "", one.issue.line or 0, one.issue.rule, one.issue.name)
    )
    return _fingerprinted(ordered, line)


def severity_of(scanner: str, issue: Issue, own: Mapping[str, Severity]) -> Severity:
    """Return one of our five words for what a scanner said: its own word, a table's, CVSS, or what unrated means."""
    for name in (issue.rule, *issue.aliases):
        if name in own:
            return own[name]
    if (word := _WORDS.get(issue.severity.casefold())) is not None:
        return word
    if issue.rule in _table("severities.tsv"):
        return next(one for one in SEVERITIES if one == _table("severities.tsv")[issue.rule])
    if issue.score is not None:
        return next((word for least, word in _SCORES if issue.score >= least), "info")
    return _UNRATED.get(scanner.split(maxsplit=1)[0], "high")


def _problem(said: Said, own: Mapping[str, Severity]) -> Problem:
    issue = said.issue
    word = f"{issue.rule}: {issue.severity or 'not rated'}"
    rules = frozenset((issue.rule, *issue.aliases))
    return Problem(
        issue.kind or _KINDS[said.group],
        said.group,
        severity_of(said.scanner, issue, own),
        issue,
        {said.scanner: word},
        rules,
    )


def _groups(each: Sequence[Problem]) -> list[list[Problem]]:
    """Return problems that are the same, together; what may be the same has the same key first."""
    candidates = defaultdict[tuple[str, ...], list[Problem]](list)
    for one in each:
        candidates[_key(one)].append(one)
    found = list[list[Problem]]()
    for group in candidates.values():
        joined = list[list[Problem]]()
        for one in group:
            same = [others for others in joined if any(_same(one, other) for other in others)]
            joined = [others for others in joined if others not in same] + [
                [one, *(x for others in same for x in others)]
            ]
        found += joined
    return found


def _key(one: Problem) -> tuple[str, ...]:
    issue = one.issue
    if one.kind == "vulnerability":
        return one.kind, issue.path or "", re.sub(r"[-_.]+", "-", issue.package).casefold(), issue.version
    if one.kind in {"configuration", "workflow"}:
        return one.kind, issue.path or "", _concept(issue.rule)
    if one.kind == "secret":
        return one.kind, issue.path or "", issue.name
    if one.kind == "model":
        return one.kind, issue.path or ""
    return one.kind, issue.path or "", issue.rule, str(issue.line), issue.name, issue.package


def _same(one: Problem, other: Problem) -> bool:
    scanner, another = (set(each.sources) for each in (one, other))
    if one.kind == "vulnerability":
        return bool(one.rules & other.rules)
    if one.kind == "model":
        return True  # a file that must not be loaded is one problem, however many ways it has
    if scanner & another and one.issue.rule == other.issue.rule:
        return (one.issue.line, one.issue.name) == (other.issue.line, other.issue.name)
    if one.kind == "secret":
        return one.issue.line == other.issue.line
    return one.kind in {"configuration", "workflow"} and _overlap(one.issue, other.issue)


def _overlap(one: Issue, other: Issue) -> bool:
    first, second = (range(each.line or 1, max(each.end or 0, each.line or 1) + 1) for each in (one, other))
    return first.start < second.stop and second.start < first.stop


def _concept(rule: str) -> str:
    return next((concept for concept, rules in _table("same.tsv").items() if rule in rules.split()), rule)


def _canonical(rules: frozenset[str]) -> str:
    """Return one name for a problem, whoever says it first."""
    concepts = sorted(concept for one in rules if (concept := _concept(one)) != one)
    return concepts[0] if concepts else min(rules)


def _merged(group: Sequence[Problem]) -> Problem:
    """Return one problem for several that are the same, as severe as the worst of those who rate it."""
    rated = [one for one in group if one.issue.severity] or list(group)
    worst = min(
        rated, key=lambda one: (SEVERITIES.index(one.severity), _CLEAREST not in one.sources, sorted(one.sources))
    )
    names = ", ".join(sorted({one.issue.name for one in group if one.issue.name})) if worst.kind == "model" else ""
    fixed = next((one.issue.fixed for one in (worst, *group) if one.issue.fixed), "")
    score = max((one.issue.score for one in group if one.issue.score is not None), default=None)
    issue = replace(worst.issue, name=names or worst.issue.name, fixed=fixed, score=score)
    sources = dict(sorted(pair for one in group for pair in one.sources.items()))
    return replace(worst, issue=issue, sources=sources, rules=frozenset[str]().union(*(one.rules for one in group)))


def _fingerprinted(ordered: Sequence[Problem], line: Callable[[str, int], str]) -> list[Problem]:
    """Give each problem what stays the same when lines move; of several that are alike, the first is the first."""
    seen, found = Counter[str](), list[Problem]()
    for one in ordered:
        issue = one.issue
        text = line(issue.path, issue.line) if issue.path and issue.line else ""
        rule = _canonical(one.rules) if one.kind in {"vulnerability", "configuration", "workflow"} else one.kind
        rule = issue.rule if one.kind in {"code", "licence", "data", "format"} else rule
        name = "" if one.kind == "model" else issue.name
        parts = (one.kind, issue.path or "", rule, name, issue.package, " ".join(text.split()))
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
        seen[digest] += 1
        found.append(replace(one, fingerprint=f"{digest}:{seen[digest]}"))
    return found


@cache
def _table(name: str) -> Mapping[str, str]:
    _, *rows = csv.reader((_TABLES / name).read_text(encoding="utf-8").splitlines(), delimiter="\t")
    return dict(rows)
