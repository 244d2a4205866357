"""What a Python project says about itself: how it is installed and tested, and what its model was saved with."""

import re
import tomllib
from pathlib import Path
from typing import Any

from mlops_ci.errors import UsageProblem
from mlops_ci.journeys.workshop import templates


def read(root: Path) -> dict[str, Any]:
    """Return pyproject.toml; empty where there is none."""
    path = root / "pyproject.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise UsageProblem(f"pyproject.toml cannot be read: {problem}.") from problem


def install(root: Path, model: str, project: dict[str, Any], *, needs_dvc: bool) -> str:
    """Return what pip is given: what the repository requires, and what its workflows need beside that."""
    words = ["-r requirements.txt"] if (root / "requirements.txt").is_file() else []
    if "project" in project and "build-system" in project:
        extras = [one for one in ("dev", "test", "tests") if one in project["project"].get("optional-dependencies", {})]
        words.append(f"-e .[{extras[0]}]" if extras else "-e .")
    if not words and (root / model / "requirements.txt").is_file():
        words.append(f"-r {model}/requirements.txt")
    for program, wanted in (("dvc", needs_dvc), ("pytest", True)):
        if wanted and not _requires(root, project, program):
            words.append(_pinned(program))
    return " ".join(words)


def _requires(root: Path, project: dict[str, Any], program: str) -> bool:
    path = root / "requirements.txt"
    said = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    about = project.get("project", {})
    said += about.get("dependencies", [])
    said += [one for extra in about.get("optional-dependencies", {}).values() for one in extra]
    return any(re.match(rf"{program}\b(?!-)", str(one).strip(), re.IGNORECASE) for one in said)


def _pinned(program: str) -> str:
    """Return a program with the version that the template uses, where it names one."""
    lines = (template_root() / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return next((line for line in lines if line.startswith(f"{program}==")), program)


def tests(root: Path, project: dict[str, Any]) -> str:
    """Return the command that tests the repository."""
    configured = "pytest" in project.get("tool", {}) or (root / "pytest.ini").is_file()
    if configured or any((root / "tests").glob("**/test_*.py")) or any(root.glob("test_*.py")):
        return "python -m pytest"
    raise UsageProblem("No tests were found here. Say how this repository is tested: --test COMMAND")


def python(functions: dict[str, Any]) -> str:
    """Return the minor version of Python that saved the model, which a pickle needs; what the template uses, else."""
    found = re.match(r"3\.(\d+)", str(functions.get("python_version", "")))
    return found[0] if found and int(found[1]) >= 11 else "3.12"  # noqa: PLR2004 - the oldest that is supported


def template_root() -> Path:
    """Return the folder of the template's files."""
    return templates() / "templates/model-service/{{cookiecutter.project_slug}}"
