"""Join the reports of a pipeline into one verdict: what is missing, skipped or cancelled did not pass."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.report import SCHEMA, Finding, Location, StepReport

NAME = "verdict"


def read_needs(text: str) -> dict[str, str]:
    """Return job → result from GitHub's `toJSON(needs)`; raise UsageProblem for anything else."""
    try:
        raw = json.loads(text or "{}")
        return {str(job): str(one["result"]) for job, one in raw.items()}
    except (ValueError, AttributeError, KeyError, TypeError) as problem:
        raise UsageProblem(
            "--needs is not what ${{ toJSON(needs) }} gives: an object of jobs with results."
        ) from problem


def read_reports(folder: Path, expected: Sequence[str]) -> dict[str, dict[str, Any] | None]:
    """Return each expected step's report; None where there is none that can be read."""
    return {step: _read(folder, step) for step in expected}


def join(needs: Mapping[str, str], reports: Mapping[str, Mapping[str, Any] | None]) -> StepReport:
    """Return one report about all of them.

    Raises:
        NothingToJudge: neither a job nor a report is expected, so nothing could ever fail.
    """
    if not needs and not reports:
        raise NothingToJudge("Nothing is expected, so nothing could fail. Name jobs (--needs) or steps (--expected).")
    findings = [_job(job, result) for job, result in needs.items() if result != "success"]
    findings += [found for step, report in reports.items() if (found := _report(step, report))]
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
    verdict, code = report.get("verdict"), report.get("exit_code")
    if verdict == "pass" and code == 0:
        return None
    undecided = verdict == "inconclusive" and code == 11  # noqa: PLR2004 - the exit code of inconclusive
    return Finding(
        "MCI-VERDICT-003",
        "critical",
        "undecided" if undecided else "blocks",
        f"{step}: {verdict or 'nothing was judged'} (exit code {code})",
        str(report.get("error") or _titles(report.get("findings")) or "See its report."),
        place,
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
        except (OSError, ValueError):
            return None
        if not (isinstance(raw, dict) and raw.get("schema") == SCHEMA and raw.get("step") == step):
            return None
        found.append(raw)
    return min(found, key=_passed, default=None)


def _passed(report: Mapping[str, Any]) -> int:
    """Return how well a report stands: 2 passed, 1 undecided, 0 anything else."""
    return {"pass": 2, "inconclusive": 1}.get(str(report.get("verdict")), 0) if report.get("error_code") == 0 else 0
