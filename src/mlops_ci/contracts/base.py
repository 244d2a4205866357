"""The contract as it was at the base of a change: it judges, too, and what changed since is told."""

from pathlib import Path
from typing import Any

from mlops_ci.contracts import suite
from mlops_ci.errors import UsageProblem
from mlops_ci.settings import document
from mlops_ci.tools.git import Git


def at(revision: str, contract: str, root: Path, settings: Path | None, model: str | None) -> suite.Suite | None:
    """Return the contract of a revision: the file of the same name, or the one that its settings named.

    `contract` is relative to `root`. None when the revision had none.

    Raises:
        UsageProblem: the revision names no commit.
    """
    git = Git(root)
    commit = git.commit_of(revision)
    named = _named(git.read(commit, f"./{settings.name}"), settings, model) if settings else None
    renamed = git.renamed(commit).get(contract)
    for path in dict.fromkeys(one for one in (contract, named, renamed) if one):
        text = git.read(commit, f"./{path}")
        if text is not None:
            return suite.parse(text, f"{path} at {revision}")
    return None


def _named(text: str | None, settings: Path, model: str | None) -> str | None:
    """Return which contract settings name; None where they name none, or cannot be read any more."""
    if text is None:
        return None
    try:
        data: Any = document.parse(text, settings).data
    except UsageProblem:
        return None
    section = (data.get("models") or {}).get(model, data) if model else data
    found = (section.get("data") or {}).get("contract")
    return str(found) if found else None


def only_there(base: suite.Suite, head: suite.Suite) -> tuple[suite.Expectation, ...]:
    """Return the expectations of the base that the head does not have in the same words."""
    said = [(one.type, one.kwargs, one.severity) for one in head.expectations]
    return tuple(one for one in base.expectations if (one.type, one.kwargs, one.severity) not in said)
