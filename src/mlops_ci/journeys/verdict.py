"""Join the reports of a pipeline into one verdict: what is missing, skipped or cancelled did not pass."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.report import SCHEMA, Finding, Location, StepReport

NAME = "verdict"
_PASSED, _UNDECIDED = 2, 1
_JUDGES = ("validate-data", "gate-model", "scan")  # they judge what is checked out; others act on what was released


def read_needs(text: str) -> dict[str, str]:
    """Return job → result from GitHub's `toJSON(needs)`; raise UsageProblem for anything else."""
    try:
        raw = json.loads(text or "{}")
        return {str(job): str(one["result"]) for job, one in raw.items()}
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as problem:
        raise UsageProblem(
            "--needs is not what ${{ toJSON(needs) }} gives: an object of jobs with results."
        ) from problem


def read_reports(folder: Path, expected: Sequence[str]) -> dict[str, dict[str, Any] | None]:
    """Return each expected step's report; None where there is none that can be read."""
    if wrong := [step for step in expected if not re.fullmatch(r"[a-z][a-z0-9-]*", step)]:
        raise UsageProblem(f"--expected names steps such as gate-model, not {wrong[0]!r}.")
    return {step: _read(folder, step) for step in expected}


def join(
    needs: Mapping[str, str],
    reports: Mapping[str, Mapping[str, Any] | None],
    optional: Sequence[str] = (),
    commit: str = "",
) -> StepReport:
    """Return one report about all of them; that an `optional` job was skipped is told, and stops nothing.

    With a `commit`, a judgement counts only if it says that it is about exactly that one.

    Raises:
        NothingToJudge: neither a job nor a report is expected, so nothing could ever fail.
    """
    if not needs and not reports:
        raise NothingToJudge("Nothing is expected, so nothing could fail. Name jobs (--needs) or steps (--expected).")
    skipped = [job for job in optional if needs.get(job) == "skipped"]
    failed = {job: result for job, result in needs.items() if result != "success" and job not in skipped}
    findings = [_job(job, result) for job, result in failed.items()] + [_skipped(job) for job in skipped]
    judged = [_report(step, report) or _about(step, report or {}, commit) for step, report in reports.items()]
    findings += [found for found in judged if found]
    inputs = {step: str((report or {}).get("verdict")) for step, report in reports.items()}
    return StepReport(NAME, findings=tuple(findings), inputs=inputs)


def _job(job: str, result: str) -> Finding:
    return Finding(
        "MCI-VERDICT-001",
        "critical",
        "blocks",
        f"The job {job} ended as {result}",
        "Only success counts: a skipped or cancelled job has judged nothing. Look at that job, then run it again.",
        Location(name=job),
    )


def _skipped(job: str) -> Finding:
    return Finding(
        "MCI-VERDICT-004",
        "low",
        "informs",
        f"There is no {job}",
        "This repository's plan, or its visibility, does not have it, or nobody turned it on. The rest is there.",
        Location(name=job),
    )


def _report(step: str, report: Mapping[str, Any] | None) -> Finding | None:
    place = Location(name=step)
    if report is None:
        return Finding(
            "MCI-VERDICT-002",
            "critical",
            "blocks",
            f"There is no report of {step}",
            "The step did not run, or its report was not kept. Let the job upload .mlops-ci/reports.",
            place,
        )
    if _passed(report) == _PASSED:
        return None
    verdict, code = report.get("verdict"), report.get("exit_code")
    undecided = _passed(report) == _UNDECIDED
    return Finding(
        "MCI-VERDICT-003",
        "critical",
        "undecided" if undecided else "blocks",
        f"{step}: {verdict or 'nothing was judged'} (exit code {code})",
        str(report.get("error") or _titles(report.get("findings")) or "See its report."),
        place,
    )


def _about(step: str, report: Mapping[str, Any], commit: str) -> Finding | None:
    """Return a finding about a report of another commit: an old one, or one that was written by hand and committed."""
    inputs = report.get("inputs")
    said = inputs.get("commit") if isinstance(inputs, Mapping) else None
    if not commit or step not in _JUDGES or said == commit:
        return None
    return Finding(
        "MCI-VERDICT-005",
        "critical",
        "blocks",
        f"The report of {step} is about another commit: {str(said)[:40]}",
        f"Judged is {commit}. Let the job run the step on what it checked out, and keep no reports in the repository.",
        Location(name=step),
    )


def _titles(findings: object) -> str:
    """Return the findings' titles; what is no finding is left out, for a report may be hand-made."""
    raw = findings if isinstance(findings, list) else []
    return "; ".join(str(one["title"]) for one in raw if isinstance(one, Mapping) and "title" in one)


def _read(folder: Path, step: str) -> dict[str, Any] | None:
    """Return a step's report; of several the one that passed least, and None when one cannot be read."""
    found = []
    for path in sorted(folder.rglob(f"{step}.json")):
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        if not (isinstance(raw, dict) and raw.get("schema") == SCHEMA and raw.get("step") == step):
            return None
        found.append(raw)
    return min(found, key=_passed, default=None)


def _passed(report: Mapping[str, Any]) -> int:
    """Return how well a report stands; one that contradicts itself was edited, and stands worst."""
    findings = report.get("findings")
    listed = findings if isinstance(findings, list) else [findings]
    effects = {one.get("effect") if isinstance(one, Mapping) else None for one in listed}
    whole = report.get("judged") is True and not report.get("error") and type(report.get("exit_code")) is int
    match report.get("verdict"), report.get("exit_code"):
        case "pass", 0 if whole and effects <= {"informs"}:
            return _PASSED
        case "inconclusive", 11 if whole and effects <= {"informs", "undecided"}:
            return _UNDECIDED
        case _:
            return 0
