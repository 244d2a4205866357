"""cruft, called as a program: whether a repository's template has moved on, and what it brings."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import ProgramFailed, UsageProblem
from mlops_ci.process import NO_SECRETS, Completed, failure, run

RECORD = ".cruft.json"
_ENVIRONMENT = {**NO_SECRETS, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}  # the template's hooks are others' code
_BEHIND = "out of date"


@dataclass(frozen=True, slots=True)
class Record:
    """Where a repository was generated from."""

    template: str  # what git clones
    commit: str


def read(root: Path) -> Record:
    """Return a repository's record.

    Raises:
        UsageProblem: there is none, or it names no template and commit.
    """
    try:
        raw = json.loads((root / RECORD).read_text(encoding="utf-8"))
        record = Record(*(str(raw[one] or "") for one in ("template", "commit")))
    except FileNotFoundError:
        raise UsageProblem(
            f"{root.name} has no {RECORD}, so nobody knows its template. Restore it from git; a repository that was "
            "not generated has none, and is changed by hand."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UsageProblem(f"{RECORD} does not say which template at which commit: {problem!r}.") from problem
    if not (record.template and record.commit):
        raise UsageProblem(f"{RECORD} names no template or no commit. Write in which commit of it this was made from.")
    return record


def is_behind(program: str, root: Path, to: str | None) -> bool:
    """Say whether the template has another commit than the record; raise ProgramFailed where it cannot be read."""
    done = _call(program, root, "check", _checkout(to))
    if done.code and _BEHIND not in done.stdout:
        raise ProgramFailed(f"The template cannot be read. {failure(done)}")
    return bool(done.code)


def update(program: str, root: Path, to: str | None) -> None:
    """Merge what changed in the template into a clean work tree; conflicts stay in it, and nothing is committed."""
    done = _call(program, root, "update", ("--skip-apply-ask", *_checkout(to)))
    if done.code:
        raise ProgramFailed(f"The template's changes cannot be had. {failure(done)}")


def _checkout(to: str | None) -> tuple[str, ...]:
    return ("--checkout", to) if to else ()


def _call(program: str, root: Path, command: str, words: Sequence[str]) -> Completed:
    return run([program, command, "--project-dir", ".", *words], cwd=root, env=_ENVIRONMENT, check=False, timeout=300)
