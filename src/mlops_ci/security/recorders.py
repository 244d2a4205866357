"""A workflow that another run starts and that runs nothing of it is known by what it does, not by what it says."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mlops_ci.scanner import Issue

_RULE = "dangerous-triggers"
_WORKFLOW = {"name", "on", "permissions", "concurrency", "jobs"}
_JOB = {"name", "if", "runs-on", "timeout-minutes", "permissions", "steps"}
_STEP = {"name", "uses", "with"}
_NO_FORK = "github.event.workflow_run.head_repository.full_name == github.repository"
_BESIDE = re.compile(r"\$\{\{ *runner\.temp *\}\}/[\w-]+")  # what is fetched must not lie in the work tree
_USES = re.compile(r"(actions/checkout|actions/download-artifact|mlops-ci/mlops-ci/actions/record)@[0-9a-f]{40}")
_GIVEN = {
    "actions/checkout": {"persist-credentials", "fetch-depth"},  # no ref: the default branch
    "actions/download-artifact": {"name", "pattern", "path", "merge-multiple", "run-id", "github-token"},
    "mlops-ci/mlops-ci/actions/record": {"commit", "reports", "token"},
}


def rated(issue: Issue, root: Path) -> Issue:
    """Return what a scanner says of a workflow's trigger, rated low where its jobs can do no more than count."""
    if issue.rule != _RULE or not issue.path or not _only_records(root / issue.path):
        return issue
    said = "Nothing of the other run is checked out, installed or executed: one report is read, as anybody's claim"
    return replace(issue, severity="low", text=said)


def _only_records(path: Path) -> bool:
    try:
        raw: Any = YAML(typ="safe").load(path)
    except (OSError, ValueError, YAMLError):
        return False
    if not isinstance(raw, Mapping) or not raw.keys() <= _WORKFLOW:
        return False
    on, jobs = raw.get("on"), raw.get("jobs")
    triggered = isinstance(on, Mapping) and set(on) == {"workflow_run"}
    return triggered and isinstance(jobs, Mapping) and all(_counts(job) for job in jobs.values())


def _counts(job: object) -> bool:
    """Say whether a job leaves forks out and takes no steps but those of `record`."""
    if not isinstance(job, Mapping) or not job.keys() <= _JOB or not isinstance(job.get("steps"), list):
        return False
    condition = str(job.get("if", ""))
    return _NO_FORK in condition and "||" not in condition and all(_is_harmless(one) for one in job["steps"])


def _is_harmless(step: object) -> bool:
    if not isinstance(step, Mapping) or not step.keys() <= _STEP:
        return False
    uses, given = _USES.fullmatch(str(step.get("uses"))), step.get("with", {})
    if uses is None or not isinstance(given, Mapping) or not given.keys() <= _GIVEN[uses[1]]:
        return False
    if uses[1] == "actions/checkout":
        return given.get("persist-credentials") is False
    return uses[1] != "actions/download-artifact" or bool(_BESIDE.fullmatch(str(given.get("path"))))
