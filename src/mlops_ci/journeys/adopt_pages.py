"""The pages for people, who must agree to what, and what nobody but a person can do."""

import fnmatch
from pathlib import Path

from jinja2 import Environment, select_autoescape

from mlops_ci.journeys.adopt_data import Seen
from mlops_ci.journeys.adopt_facts import Facts
from mlops_ci.journeys.adopt_project import template_root
from mlops_ci.journeys.adopt_settings import SERVE
from mlops_ci.tools.git import Git

_RESOURCES = Path(__file__).resolve().parents[1] / "resources" / "adopt"
_DECISIONS = ("0000-template.md", "0001-the-golden-set-does-not-change-silently.md")
_OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS")
_MADE = (".mlops-ci/", "mlflow.db", "mlartifacts/")  # by running things


def files(facts: Facts, seen: Seen) -> dict[str, bytes]:
    """Return path → content."""
    found = {f"docs/decisions/{name}": _ours(f"docs/decisions/{name}", facts, seen) for name in _DECISIONS}
    found["docs/runbook.md"] = _runbook(facts, seen)
    found["docs/model-card.md"] = _resource("model-card.md", facts, seen)
    if facts.serve is None:
        found[SERVE] = (_RESOURCES / "service.py").read_text(encoding="utf-8")
    if facts.owner:
        where = next((one for one in _OWNERS if (facts.root / one).is_file()), "CODEOWNERS")
        found[where] = _ours("CODEOWNERS", facts, seen)
    if not (facts.root / ".gitignore").is_file():
        found[".gitignore"] = "".join(f"/{one}\n" for one in _MADE)
    return {path: text.encode() for path, text in found.items()}


def by_hand(facts: Facts, seen: Seen) -> tuple[str, ...]:
    """Return what a person must do, one sentence or two for each thing."""
    first = (
        f"Read contracts/{facts.name}.json: it says what was seen in the data, and you know what may be. "
        "Then commit all of it, push, and import the files of .github/rulesets on GitHub (Settings, Rules)."
    )
    said = [first]
    if facts.train and not facts.new_stage:
        said.append(f"Name {seen.golden} in dvc.yaml among the deps of the stage that trains: it trains without them.")
    if facts.dirty:
        said.append(
            f"Before this, {facts.dirty} paths were not committed: commit them apart from what was written now."
        )
    if not facts.has_signature:
        said.append(f"{facts.model} was saved without a signature, so it gets every column of a row. Save it with one.")
    if facts.owner is None:
        said.append(
            "No remote on GitHub says who owns this, so there is no CODEOWNERS. Add one: whom /mlops.yaml needs."
        )
    if facts.pin is None:
        said.append(
            "Nothing says which commit of mlops-ci this is. Replace 000… in .github/workflows, or give --pin COMMIT."
        )
    if facts.serve is None:
        said.append(f"{SERVE} answers a rehearsal's requests. Name your own service in canary.serve (or --serve).")
    lines = [one for one in _MADE if not _is_ignored(facts, one)]
    if lines and (facts.root / ".gitignore").is_file():
        said.append(f"Add to .gitignore, or a release finds a dirty work tree: {' '.join(lines)}")
    if facts.new_stage and not _is_ignored(facts, f"{facts.model}/MLmodel"):
        said.append(f"Add to .gitignore what is trained anew: /{facts.model}")
    if facts.new_stage:
        said.append(
            "Run dvc repro once and commit dvc.lock, by which a release knows that its pipeline ran as committed."
        )
    return tuple(said)


def _is_ignored(facts: Facts, path: str) -> bool:
    return Git(facts.root).call("check-ignore", "--quiet", path, check=False).code == 0


def _ours(path: str, facts: Facts, seen: Seen) -> str:
    """Return a file of the template with the names of this repository."""
    text = (template_root() / path).read_text(encoding="utf-8")
    text = text.replace("data/golden.parquet", seen.golden).replace(
        "contracts/data.json", f"contracts/{facts.name}.json"
    )
    text = text.replace(
        "the template that this repository was made from", "`mlops-ci adopt`, when the pipeline was added"
    )
    names = {"project_slug": facts.name, "project_name": facts.name, "owner": facts.owner}
    jinja = Environment(autoescape=select_autoescape(()), keep_trailing_newline=True)  # Markdown and YAML, no page
    return jinja.from_string(text).render(cookiecutter=names)


def _runbook(facts: Facts, seen: Seen) -> str:
    """Return the template's runbook without what is about its own service."""
    parts = _ours("docs/runbook.md", facts, seen).split("\n## ")
    kept = [part for part in parts if not fnmatch.fnmatch(part, "The service does not*") and "422" not in part[:30]]
    text = "\n## ".join(kept).replace(' (README, "Fourth")', "")
    return "\n".join(line for line in text.splitlines() if "/metrics" not in line) + "\n"


def _resource(name: str, facts: Facts, seen: Seen) -> str:
    text = (_RESOURCES / name).read_text(encoding="utf-8")
    said = {"NAME": facts.name, "DATA": facts.data, "GOLDEN": seen.golden, "LABEL": seen.label}
    for word, value in said.items():
        text = text.replace(f"@{word}@", value)
    return text
