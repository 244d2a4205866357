"""Defects of a pipeline: gates that are skipped, cancelled or silent, held against what the workflows say."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mlops_ci.errors import MlopsCiError
from mlops_ci.journeys.selftest_defect import Outcome
from mlops_ci.journeys.verdict import join
from mlops_ci.report import StepReport

NAMES = ("gate skipped", "gate cancelled", "gate that nobody waits for", "missing report", "report written by hand")
STEP = "verdict"
_GATES = ("validate-data", "gate-model", "scan")
_ACTION = re.compile(r"(?:^|/)actions/([a-z-]+)(?:@|$)")
_COMMIT = "c" * 40


@dataclass(frozen=True, slots=True)
class Check:
    """A job that runs `verdict`, as its workflow has it."""

    workflow: str
    needs: tuple[str, ...]
    condition: str
    given: Mapping[str, str]  # the action's inputs
    gates: Mapping[str, str]  # job → the step that it runs, for each gate of the workflow

    @property
    def expected(self) -> list[str]:
        """Return the steps whose reports are asked for."""
        return self.given.get("expected", "").split()


def checks(root: Path) -> list[Check]:
    """Return the checks of all workflows below a repository's top that a pull request starts."""
    found = []
    for path in sorted((root / ".github/workflows").glob("*.y*ml")):
        try:
            raw: Any = YAML(typ="safe").load(path)
        except YAMLError:
            continue  # which `scan` says
        if isinstance(raw, dict) and "pull_request" in _events(raw) and isinstance(raw.get("jobs"), dict):
            found += list(_checks(path.name, raw["jobs"]))
    return found


def _events(raw: Mapping[Any, Any]) -> list[str]:
    on = raw.get("on", raw.get(True))  # `on` is a truth value in YAML 1.1
    return [on] if isinstance(on, str) else list(on or ())


def _checks(workflow: str, jobs: Mapping[str, Any]) -> Iterator[Check]:
    used = {job: list(_actions(body)) for job, body in jobs.items()}
    gates = {job: name for job, actions in used.items() for name, _ in actions if name in _GATES}
    for job, actions in used.items():
        for name, given in actions:
            if name == STEP:
                needs = jobs[job].get("needs") or ()
                listed = (needs,) if isinstance(needs, str) else tuple(needs)
                texts = {key: str(value) for key, value in given.items()}
                yield Check(workflow, listed, str(jobs[job].get("if", "")), texts, gates)


def _actions(job: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    steps = job.get("steps") if isinstance(job, dict) else None
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict) and (named := _ACTION.search(str(step.get("uses", "")))):
            yield named[1], step.get("with") or {}


def outcomes(root: Path) -> list[Outcome]:
    """Return what each check of the workflows does about each defect."""
    found = [one for one in checks(root) if any(gate in _GATES for gate in one.gates.values())]
    if not found:
        because = "no workflow of pull requests runs a gate and actions/verdict"
        return [Outcome(name, STEP, "not applicable", because) for name in NAMES]
    return [outcome for check in found for outcome in _held(check)]


def _held(check: Check) -> Iterator[Outcome]:
    steps, asked = list(check.gates.values()), check.expected
    good, reports = dict.fromkeys(check.needs, "success"), {step: _report(step) for step in asked}
    for name, result in (("gate skipped", "skipped"), ("gate cancelled", "cancelled")):
        silent = [job for job in check.gates if not _stops(check, {**good, job: result}, reports)]
        yield _told(check, name, "MCI-VERDICT-001", silent)
    yield _told(check, "gate that nobody waits for", "", [job for job in check.gates if job not in check.needs])
    silent = [step for step in steps if step not in asked or not _stops(check, good, {**reports, step: None})]
    yield _told(check, "missing report", "MCI-VERDICT-002", silent)
    forged = {step: {**reports, step: _report(step, "d" * 40)} for step in asked if step in _GATES}
    silent = [step for step, others in forged.items() if not _stops(check, good, others)]
    yield _told(check, "report written by hand", "MCI-VERDICT-005", silent)


def _stops(check: Check, needs: Mapping[str, str], reports: Mapping[str, Mapping[str, Any] | None]) -> bool:
    """Say whether the check turns red: it runs whatever happened before, and its verdict is no pass."""
    broken = any(result != "success" for result in needs.values())
    if broken and not re.search(r"always\(\)|!\s*cancelled\(\)", check.condition):
        return False  # the check is skipped with what it waits for, and GitHub takes that for a success
    if "cancelled" in needs.values() and "always()" not in check.condition:
        return False
    asked = {step: report for step, report in reports.items() if step in check.expected}
    given = {job: result for job, result in needs.items() if job in check.needs} if check.given.get("needs") else {}
    commit = _COMMIT if check.given.get("commit", "default") else ""
    try:
        return join(given, asked, check.given.get("optional", "").split(), commit).exit_code != 0
    except MlopsCiError:
        return True


def _report(step: str, commit: str = _COMMIT) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(json.dumps(StepReport(step, inputs={"commit": commit}).to_json()))
    return raw


def _told(check: Check, name: str, code: str, silent: list[str]) -> Outcome:
    place = f".github/workflows/{check.workflow}"
    if not silent:
        return Outcome(name, STEP, "caught", place, code)
    return Outcome(name, STEP, "NOT caught", f"{place}: nothing says so about {', '.join(silent)}")
