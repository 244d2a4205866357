"""The workflows as the doctor sees them: there, pinned, with few rights, and with a check that misses no job."""

import re
from collections.abc import Iterator, Mapping
from csv import reader
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mlops_ci.journeys import selftest_workflow
from mlops_ci.journeys.doctor_finding import found
from mlops_ci.report import Finding

PLACE = ".github/workflows"
REQUIRED = ("pull-request", "record", "release", "rollback", "watchdog")
_OURS = "mlops-ci/mlops-ci"
_USES = re.compile(r"^\s*(?:- )?uses: *[\"']?([^@\s\"']+)@([^\s\"'#]+)", re.MULTILINE)
_README = re.compile(rf"{_OURS}(?:\.git)?@([0-9a-f]{{40}})")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_RANKS = {"none": 0, "read": 1, "write": 2}


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow's text and what it says; `data` is empty where it is no YAML mapping."""

    name: str  # without suffix
    path: str
    text: str
    data: Mapping[str, Any]

    @property
    def jobs(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the jobs that are mappings."""
        raw = self.data.get("jobs")
        return {str(name): job for name, job in raw.items() if isinstance(job, dict)} if isinstance(raw, dict) else {}


def read(root: Path) -> dict[str, Workflow]:
    """Return name → workflow of a repository."""
    made = {}
    for path in sorted((root / PLACE).glob("*.y*ml")):
        text = path.read_text(encoding="utf-8", errors="replace")
        try:
            raw: Any = YAML(typ="safe").load(text)
        except YAMLError:
            raw = None
        made[path.stem] = Workflow(path.stem, f"{PLACE}/{path.name}", text, raw if isinstance(raw, dict) else {})
    return made


def judge(root: Path, ours: Mapping[str, Workflow], template: Mapping[str, Workflow]) -> Iterator[Finding]:
    """Yield what is wrong with the workflows, held against those of the template."""
    for name in REQUIRED:
        if name not in ours:
            remedy = f"Restore it from git or from the template: {PLACE}/{name}.yml"
            yield found("MCI-DOCTOR-003", f"There is no workflow {name}", remedy, f"{PLACE}/{name}.yml")
    for workflow in ours.values():
        if not workflow.jobs:
            yield found("MCI-DOCTOR-003", f"{workflow.name} has no jobs", "Correct its YAML.", workflow.path)
            continue
        yield from _pins(workflow)
        yield from _permissions(workflow, template.get(workflow.name))
    yield from _one_commit(root, ours)
    if "pull-request" in ours:
        yield from _check(root, ours["pull-request"], template)


@cache
def _shipped() -> dict[str, str]:
    text = (files("mlops_ci") / "resources/pins/actions.tsv").read_text(encoding="utf-8")
    rows = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {row[0]: row[1] for row in reader(rows, delimiter="\t")}


def _pins(workflow: Workflow) -> Iterator[Finding]:
    for action, version in _USES.findall(workflow.text):
        if not _COMMIT.fullmatch(version) or version == "0" * 40:
            remedy = f"Replace {version} by the 40 hexadecimal digits of a commit; whoever owns a tag can move it."
            yield found("MCI-DOCTOR-004", f"{action} is not pinned to a commit", remedy, workflow.path)
        elif _shipped().get(action, version) != version:
            title = f"{action} is pinned to another commit than mlops-ci ships"
            remedy = f"Nothing, if you updated it on purpose; tried with mlops-ci is {_shipped()[action]}."
            yield found("MCI-DOCTOR-006", title, remedy, workflow.path, "informs")


def _one_commit(root: Path, ours: Mapping[str, Workflow]) -> Iterator[Finding]:
    places = dict[str, set[str]]()
    for workflow in ours.values():
        for action, version in _USES.findall(workflow.text):
            if action.startswith(f"{_OURS}/"):
                places.setdefault(version, set()).add(workflow.path)
    for name in ("README.md", "requirements.txt"):
        text = (root / name).read_text(encoding="utf-8", errors="replace") if (root / name).is_file() else ""
        for commit in _README.findall(text):
            places.setdefault(commit, set()).add(name)
    if len(places) > 1:
        listed = "; ".join(f"{commit[:12]} in {', '.join(sorted(where))}" for commit, where in sorted(places.items()))
        yield found("MCI-DOCTOR-005", "mlops-ci is pinned to several commits", f"Use one everywhere: {listed}.")


def _permissions(workflow: Workflow, template: Workflow | None) -> Iterator[Finding]:
    top = workflow.data.get("permissions", "unset")
    if top not in ({}, None) and max(_ranks(top).values(), default=0) > _RANKS["none"]:
        remedy = "Write `permissions: {}` at the top, and give each job what it needs."
        yield found("MCI-DOCTOR-007", f"{workflow.name}: every job gets {_words(top)}", remedy, workflow.path)
    for name, job in workflow.jobs.items():
        asked = template.jobs.get(name) if template else None
        if asked is None:
            continue
        least = _ranks(asked.get("permissions", {}))
        rights = _ranks(job.get("permissions", top))
        wider = [f"{scope}: {_word(rank)}" for scope, rank in rights.items() if rank > least.get(scope, 0)]
        if wider:
            title = f"{workflow.name}: the job {name} may do more than the template's: {', '.join(sorted(wider))}"
            yield found("MCI-DOCTOR-007", title, "Take it away, or do it in a job of its own.", workflow.path)


def _ranks(permissions: object) -> dict[str, int]:
    """Return scope → how much; whoever says nothing gets what the repository's settings give, which may be all."""
    if isinstance(permissions, dict):
        return {str(scope): _RANKS.get(str(value), 2) for scope, value in permissions.items()}
    return {"everything": 1 if permissions == "read-all" else 2} if permissions else {}


def _word(rank: int) -> str:
    return next(word for word, one in _RANKS.items() if one == rank)


def _words(permissions: object) -> str:
    return "what the repository's settings give" if permissions == "unset" else str(permissions)


def _check(root: Path, workflow: Workflow, template: Mapping[str, Workflow]) -> Iterator[Finding]:
    checks = [one for one in selftest_workflow.checks(root) if f"{PLACE}/{one.workflow}" == workflow.path]
    if not checks or "mlops-ci" not in workflow.jobs:
        remedy = "Add a last job `mlops-ci` with actions/verdict, as the template has it."
        yield found("MCI-DOCTOR-008", "pull-request has no job mlops-ci that runs verdict", remedy, workflow.path)
        return
    judged = {*checks[0].gates, *_asked(template)} & set(workflow.jobs)
    if missing := sorted(judged - set(checks[0].needs)):
        title = f"The check does not wait for {', '.join(missing)}"
        yield found("MCI-DOCTOR-008", title, "Add it to `needs` of the job mlops-ci.", workflow.path)
    if "always()" not in checks[0].condition:
        remedy = "Write `if: always()` at the job mlops-ci; GitHub takes a skipped check for a success."
        yield found("MCI-DOCTOR-008", "The check is skipped when a gate fails", remedy, workflow.path)


def _asked(template: Mapping[str, Workflow]) -> set[str]:
    needs = template["pull-request"].jobs["mlops-ci"]["needs"] if "pull-request" in template else ()
    return set(needs)
