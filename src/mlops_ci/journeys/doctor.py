"""Check a repository that was generated or adopted: what to fix, and what could not be looked at."""

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.journeys import (
    doctor_github,
    doctor_machine,
    doctor_settings,
    doctor_template,
    doctor_workflows,
)
from mlops_ci.report import StepReport
from mlops_ci.tools.git import Git
from mlops_ci.tools.github import Forge

NAME = "doctor"
_API = "https://api.github.com"


def examine(
    root: Path, settings: Path | None, forge: Forge | None, token: str | None, environ: Mapping[str, str]
) -> StepReport:
    """Return a report of everything that was found; nothing in the repository is changed.

    Raises:
        ProgramMissing: git is not here, without which there is nothing to see.
        UsageProblem: this is no git repository with a commit.
    """
    git = Git(root, token)
    commit = git.head()
    said = doctor_settings.engines(settings, environ)
    ours, template = doctor_workflows.read(root), doctor_workflows.read(doctor_template.shipped())
    where = forge or doctor_github.forge_of(git, environ.get("GITHUB_API_URL", _API))
    tools, programs = doctor_machine.versions(_programs(root, said.get("canary.engine")))
    findings = [
        *doctor_settings.judge(settings, environ, git),
        *doctor_workflows.judge(root, ours, template),
        *doctor_github.judge(where, token, ours, template, said),
        *doctor_template.judge(git),
        *doctor_machine.record(git),
        *programs,
    ]
    return StepReport(NAME, findings=tuple(findings), inputs={"commit": commit}, tools=tools)


def _programs(root: Path, engine: object) -> list[str]:
    return ["git", *(["dvc"] if (root / "dvc.yaml").is_file() else []), *(["docker"] if engine == "docker" else [])]
