"""The template as the doctor sees it: what it ships, whether it has moved on, and what was deleted here."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlops_ci.errors import UsageProblem
from mlops_ci.journeys.doctor_finding import found, unseen
from mlops_ci.journeys.workshop import templates
from mlops_ci.process import failure
from mlops_ci.report import Finding
from mlops_ci.tools import cruft
from mlops_ci.tools.git import Git

_OUTER = "{{cookiecutter.project_slug}}"
_PACKAGE = "{{cookiecutter.package}}"


def shipped() -> Path:
    """Return the template's files, as this installation carries them."""
    return templates() / "templates/model-service" / _OUTER


def judge(git: Git) -> Iterator[Finding]:
    """Yield how the repository differs from its template; nothing of it blocks."""
    try:
        record = cruft.read(git.root)
    except UsageProblem as none:
        yield found("MCI-DOCTOR-012", "The template is not recorded", str(none), cruft.RECORD, "informs")
        return
    listed = git.call("ls-remote", "--end-of-options", record.template, "HEAD", check=False)
    newest = listed.stdout.split()[:1]
    if listed.code or not newest:
        yield unseen("whether the template has moved on", f"Make it readable from here: {failure(listed)}")
    elif newest[0] != record.commit:
        title = f"The template is at {newest[0][:12]}, this repository at {record.commit[:12]}"
        yield found("MCI-DOCTOR-012", title, "Bring it here: mlops-ci update", cruft.RECORD, "informs")
    if deleted := [path for path in _files(_answers(git.root)) if not (git.root / path).exists()]:
        title = f"{len(deleted)} of the template's files are not here: {', '.join(deleted[:5])}"
        yield found("MCI-DOCTOR-013", title, "Nothing, if you deleted them on purpose.", effect="informs")


def _answers(root: Path) -> Mapping[str, str]:
    raw = json.loads((root / cruft.RECORD).read_text(encoding="utf-8"))
    context = raw.get("context")
    answers = context.get("cookiecutter") if isinstance(context, dict) else None
    return answers if isinstance(answers, dict) else {}


def _files(answers: Mapping[str, str]) -> list[str]:
    """Return where the template's files are in a repository with these answers."""
    problem = f"problem/{answers.get('problem', 'binary')}/"
    paths = [path.relative_to(shipped()).as_posix() for path in shipped().rglob("*") if path.is_file()]
    kept = [path.removeprefix(problem) for path in paths if path.startswith(problem) or not path.startswith("problem/")]
    return sorted(path.replace(_PACKAGE, str(answers.get("package", ""))) for path in kept)
