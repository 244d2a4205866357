"""Whether a commit describes what stands in the work tree; a pipeline that ran once more changes nothing about that."""

import hashlib
from pathlib import Path

from mlops_ci.errors import UsageProblem
from mlops_ci.tools import dvc
from mlops_ci.tools.git import Git

_LOCK = "dvc.lock"


def demand_clean_branch(git: Git) -> None:
    """Raise UsageProblem unless a branch is checked out and every change is committed."""
    git.demand_branch()
    if found := changed(git):
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise UsageProblem(
            f"The work tree is dirty ({found[0]}{more}), so no commit describes it. Commit or stash first."
        )


def changed(git: Git, *only: str) -> list[str]:
    """Return the paths that differ from HEAD, from the repository's top on; `only` are git pathspecs.

    What the DVC pipeline of HEAD wrote does not count, for the same inputs: on another processor a float is rounded
    otherwise, the model and its metrics have other bytes, and `dvc.lock` says so.
    """
    status = git.call("status", "--porcelain", "--no-renames", "-z", "--", *only).stdout.split("\0")
    paths = [entry[3:] for entry in status if entry]
    if not paths:
        return []
    inside = git.call("rev-parse", "--show-prefix").stdout.strip()
    written = {inside + path for path in _written(git)}
    return [path for path in paths if path not in written]


def _written(git: Git) -> set[str]:
    """Return `dvc.lock` and what stages wrote, where they ran on what HEAD says and nobody changed it afterwards."""
    before, lock = git.read(git.head(), f"./{_LOCK}"), git.root / _LOCK
    if before is None or not lock.is_file():
        return set()
    found = dvc.made_anew(before, lock.read_text(encoding="utf-8"))
    return {_LOCK, *(path for path, md5 in found.items() if _md5(git.root / path) == md5)} if found else set()


def _md5(path: Path) -> str | None:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() if path.is_file() else None
