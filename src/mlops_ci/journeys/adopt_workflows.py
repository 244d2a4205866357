"""The template's workflows and rulesets with the few lines changed that are the template's own."""

import json
import re

from mlops_ci.errors import MlopsCiError
from mlops_ci.journeys.adopt_facts import Facts
from mlops_ci.journeys.adopt_project import template_root

PLACEHOLDER = "0" * 40
_WORKFLOWS = ("pull-request", "record", "release", "rollback", "watchdog")
_INSTALL = "run: python -m pip install -r requirements.txt -e .\n"
_INSTALL_TESTS = 'run: python -m pip install -r requirements.txt -e ".[dev]"\n'
_DATA = "      - name: Make the data\n        run: dvc repro data\n"
_TRAIN = "      - name: Train the model\n        run: dvc repro\n"
_CACHE = "          cache: pip\n"
_KEPT = re.compile(r"      - name: Find the champion\n.*?key: champion-[^\n]+\n(?: +lookup-only: true\n)?", re.DOTALL)


def files(facts: Facts) -> dict[str, bytes]:
    """Return path → content."""
    source = template_root() / ".github"
    found = {f".github/workflows/{name}.yml": _adapted(name, facts) for name in _WORKFLOWS}
    found |= {f".github/rulesets/{path.name}": path.read_text(encoding="utf-8") for path in source.glob("rulesets/*")}
    if facts.new_stage:
        found["dvc.yaml"] = _stage(facts)
    if facts.new_stage and not (facts.root / ".dvc/config").is_file():
        found[".dvc/config"] = ""
        found[".dvc/.gitignore"] = (template_root() / ".dvc/.gitignore").read_text(encoding="utf-8")
    return {path: text.encode() for path, text in sorted(found.items())}


def _adapted(name: str, facts: Facts) -> str:
    text = (template_root() / f".github/workflows/{name}.yml").read_text(encoding="utf-8")
    if name in ("pull-request", "release"):
        text = _changed(text, "branches: [main]", f"branches: [{json.dumps(facts.branch)}]")
        text = _changed(text, _INSTALL, f"run: {_scalar(f'python -m pip install {facts.install}')}\n")
        text = _changed(text, _TRAIN, _step("Train the model", _training(facts)))
        text = text if _training(facts) else _without(text, _KEPT)  # a model in git is not made anew
    if name == "pull-request":
        text = _changed(text, _INSTALL_TESTS, f"run: {_scalar(f'python -m pip install {facts.install}')}\n")
        text = _changed(text, "run: python -m pytest\n", f"run: {_scalar(facts.test)}\n")
        text = _changed(text, _DATA, _step("Make the data", facts.stage))
        text = _changed(text, "challenger: models/current\n", f"challenger: {_scalar(facts.model)}\n")
        text = text if facts.has_requirements else _changed(text, _CACHE, "")
    if name != "record":  # it installs nothing of the repository
        text = _changed(text, 'python-version: "3.12"', f'python-version: "{facts.python}"')
    return re.sub(rf"(mlops-ci/mlops-ci/\S+@){PLACEHOLDER}", rf"\g<1>{facts.pin or PLACEHOLDER}", text)


def _training(facts: Facts) -> str | None:
    train = "dvc repro" if facts.new_stage else facts.train
    fetches = facts.pulled is not None and (train or "").startswith("dvc repro")
    return f"{train} --pull" if fetches else train


def _changed(text: str, old: str, new: str) -> str:
    """Return a text with each place changed; the template must have one, else this would silently adapt nothing."""
    if old not in text:
        raise MlopsCiError(f"The template's workflow does not hold {old.strip()!r} any more.")
    return text.replace(old, new)


def _without(text: str, pattern: re.Pattern[str]) -> str:
    """Return a text without what the template has exactly once."""
    left, times = pattern.subn("", text)
    if times != 1:
        raise MlopsCiError(f"The template's workflow does not hold {pattern.pattern!r} once any more.")
    return left


def _step(name: str, command: str | None) -> str:
    return f"      - name: {name}\n        run: {_scalar(command)}\n" if command else ""


def _scalar(text: str) -> str:
    """Return a command as YAML reads it back: bare where that is safe."""
    is_safe = re.fullmatch(r"[A-Za-z./][\w ./=,\[\]+-]*", text) and not text.endswith(" ")
    return text if is_safe else json.dumps(text)


def _stage(facts: Facts) -> str:
    data = f"    always_changed: true\n    deps:\n      - {_scalar(facts.pulled)}\n" if facts.pulled else ""
    return (
        "# By this a champion is made anew from its commit. It always runs, until `deps` names all it needs.\n"
        "stages:\n  train:\n"
        f"    cmd: {_scalar(facts.train or '')}\n{data}    outs:\n      - {_scalar(facts.model)}\n"
    )
