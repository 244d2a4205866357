"""The settings as the doctor sees them: they read, and each file they name is there and under version control."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlops_ci.errors import UsageProblem
from mlops_ci.journeys.doctor_finding import found
from mlops_ci.report import Finding
from mlops_ci.settings import document
from mlops_ci.settings.document import Document
from mlops_ci.settings.load import Cascade
from mlops_ci.settings.project import SECTIONS
from mlops_ci.tools.git import Git

_FILES = {
    "data": ("contract", "request", "profile"),
    "gate": ("golden", "must_pass"),
    "canary": ("model_key",),
}


def judge(path: Path | None, environ: Mapping[str, str], git: Git) -> Iterator[Finding]:
    """Yield what is wrong with the settings file and with the files that it names."""
    if path is None or not path.is_file():
        remedy = "Write mlops.yaml at the top of the repository, or name another file with --settings."
        yield found("MCI-DOCTOR-001", "There is no mlops.yaml", remedy)
        return
    try:
        named = _named(document.read(path), environ)
    except UsageProblem as problem:
        yield found("MCI-DOCTOR-001", f"{path.name} is no valid settings file", f"Correct this: {problem}", path.name)
        return
    for key, file in named.items():
        if said := _missing(git, file):
            yield found("MCI-DOCTOR-002", f"{key}: {file} {said[0]}", said[1], file)


def engines(path: Path | None, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return `canary.engine`, `canary.approval` and `canary.environment` of the first model that sets each."""
    try:
        cascades = list(_cascades(document.read(path), environ)) if path else []
        values = [one for cascade in cascades for one in cascade.values("canary", SECTIONS["canary"])]
    except UsageProblem:
        return {}
    said: dict[str, Any] = {}
    for one in values:
        said[one.key] = said.get(one.key) if one.origin == "default" and one.key in said else one.value
    return said


def _cascades(read: Document, environ: Mapping[str, str]) -> Iterator[Cascade]:
    models = read.data.get("models")
    for name in models if isinstance(models, dict) and models else (None,):
        yield Cascade(read, environ, name)


def _named(read: Document, environ: Mapping[str, str]) -> dict[str, str]:
    """Return key → file of every model; raise UsageProblem where the settings are wrong."""
    files = dict[str, str]()
    for cascade in _cascades(read, environ):
        cascade.check_all()
        files |= {f"trusted_keys[{number}]": key for number, key in enumerate(cascade.project().trusted_keys)}
        for section, names in _FILES.items():
            for one in cascade.values(section, SECTIONS[section]):
                if one.key.split(".")[1] in names and one.value:
                    files[".".join([*map(str, cascade.prefix), one.key])] = str(one.value)
    return files


def _missing(git: Git, file: str) -> tuple[str, str] | None:
    """Return what a file lacks and the remedy; DVC keeps a large file, and git the `.dvc` beside it."""
    if not (git.root / file).exists() and not (git.root / f"{file}.dvc").exists():
        return "does not exist", f"Restore it (git restore {file}), or correct its name in the settings."
    if git.call("ls-files", "--error-unmatch", "--", file, check=False).code == 0:
        return None
    if git.call("ls-files", "--error-unmatch", "--", f"{file}.dvc", check=False).code == 0:
        return None
    return "is not tracked by git", f"Let it be reviewed with everything else: git add --force {file}"
