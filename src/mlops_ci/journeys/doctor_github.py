"""GitHub as the doctor sees it: the check is required, the record kept, releases approved, and what workflows name."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlops_ci.errors import ProgramFailed
from mlops_ci.journeys.doctor_finding import found, unseen
from mlops_ci.journeys.doctor_workflows import Workflow
from mlops_ci.release.branch import BRANCH
from mlops_ci.report import Finding
from mlops_ci.tools import github
from mlops_ci.tools.git import Git
from mlops_ci.tools.github import Forge

_CHECK, _STATE = "mlops-ci", BRANCH.removeprefix("refs/heads/")
_KINDS = {"secrets": "secret", "vars": "variable"}
_ADDRESS = re.compile(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


def forge_of(git: Git, api: str) -> Forge | None:
    """Return the repository that origin names on GitHub."""
    named = _ADDRESS.search(git.call("remote", "get-url", "origin", check=False).stdout.strip())
    return Forge(api, named[1]) if named else None


def judge(
    forge: Forge | None,
    token: str | None,
    ours: Mapping[str, Workflow],
    template: Mapping[str, Workflow],
    settings: Mapping[str, Any],
) -> Iterator[Finding]:
    """Yield what GitHub lacks; each question that it does not answer is named as one that was not looked at."""
    questions: dict[str, Callable[[Forge, str], Iterator[Finding]]] = {
        "whether the check is required": _required,
        "whether the record of releases is kept": _kept,
        "secrets and variables": lambda forge, token: _named(forge, token, ours, template),
    }
    if settings.get("canary.approval"):
        environment = str(settings["canary.environment"])
        questions["who approves releases"] = lambda forge, token: _approved(forge, token, environment)
    if not forge or not token:
        demand = "Set MLOPS_CI_GIT_TOKEN to a token that may read the repository's contents, secrets and variables."
        missing = demand if forge else "Push to GitHub first: origin names no repository there."
        yield unseen(f"on GitHub {', '.join(questions)}", missing)
        return
    for what, ask in questions.items():
        try:
            yield from list(ask(forge, token))
        except ProgramFailed as silent:
            yield unseen(what, str(silent))


def _required(forge: Forge, token: str) -> Iterator[Finding]:
    branch = github.default_branch(forge, token)
    if _CHECK not in github.required_checks(forge, branch, token):
        remedy = f"Import .github/rulesets/main.json: gh api repos/{forge.repository}/rulesets --input that file"
        yield found("MCI-DOCTOR-009", f"The check {_CHECK} is not required on {branch}", remedy)


def _kept(forge: Forge, token: str) -> Iterator[Finding]:
    if {"deletion", "non_fast_forward"} - github.rules(forge, _STATE, token):
        remedy = f"Import .github/rulesets/state.json: gh api repos/{forge.repository}/rulesets --input that file"
        yield found("MCI-DOCTOR-017", f"The record of releases on {_STATE} may be rewritten or deleted", remedy)


def _named(
    forge: Forge, token: str, ours: Mapping[str, Workflow], template: Mapping[str, Workflow]
) -> Iterator[Finding]:
    environments = {name for workflow in ours.values() for name in _environments(workflow)}
    for kind, word in _KINDS.items():
        optional, asked = _words(template, kind), _words(ours, kind)
        if not asked:
            continue
        there = github.names(forge, "variables" if kind == "vars" else kind, environments, token)
        for name in sorted(asked - there):
            remedy = f"Add it: gh {word} set {name} --repo {forge.repository}"
            if name in optional:  # the template's own workflows do without
                yield found("MCI-DOCTOR-010", f"The {word} {name} is not set", f"{remedy} (optional).", None, "informs")
            else:
                yield found("MCI-DOCTOR-010", f"The {word} {name} is not set", remedy, _asked_in(ours, kind, name))


def _asked_in(ours: Mapping[str, Workflow], kind: str, name: str) -> str:
    """Return the first workflow that names a secret or a variable."""
    return next(workflow.path for workflow in ours.values() if name in _words({"": workflow}, kind))


def _words(workflows: Mapping[str, Workflow], kind: str) -> set[str]:
    pattern = re.compile(rf"\b{kind}(?:\.(\w+)|\[['\"](\w+)['\"]\])")
    found_ = (one for workflow in workflows.values() for one in pattern.findall(workflow.text))
    return {(dotted or quoted).upper() for dotted, quoted in found_} - {"GITHUB_TOKEN"}


def _environments(workflow: Workflow) -> Iterator[str]:
    for job in workflow.jobs.values():
        raw = job.get("environment")
        name = raw.get("name") if isinstance(raw, dict) else raw
        if isinstance(name, str) and "${{" not in name:
            yield name


def _approved(forge: Forge, token: str, environment: str) -> Iterator[Finding]:
    if not github.reviewers(forge, environment, token):
        remedy = f"Add required reviewers: Settings, Environments, {environment}."
        yield found("MCI-DOCTOR-011", f"Nobody has to approve releases to {environment}", remedy)
