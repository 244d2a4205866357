"""Bring a generated repository to its template's newest version: edits stay, and each conflict is named."""

from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import UsageProblem
from mlops_ci.tools import cruft
from mlops_ci.tools.git import Git


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did to the work tree."""

    before: str  # the template's commit
    after: str
    changed: tuple[str, ...]  # paths that a person reads and commits
    conflicts: tuple[str, ...]  # of these, where the template and a person changed the same lines

    @property
    def exit_code(self) -> int:
        """Return 10 while a person has conflicts to resolve."""
        return 10 if self.conflicts else 0


def is_behind(root: Path, program: str, to: str | None) -> bool:
    """Say whether the template has another version; nothing is changed."""
    cruft.read(root)
    return cruft.is_behind(program, root, to)


def update(root: Path, program: str, to: str | None) -> Update:
    """Merge the template's changes into the work tree, and commit nothing.

    Raises:
        UsageProblem: the work tree is dirty, or the repository has no record of its template.
        ProgramFailed: the template cannot be read at one of the two commits.
    """
    git, before = Git(root), cruft.read(root)
    git.head()
    if dirty := _status(git):
        raise UsageProblem(
            f"The work tree is dirty ({dirty[0][1]}), so an update could not be undone. Commit or stash first."
        )
    cruft.update(program, root, to)
    found = _status(git)
    # Where git knows the version that both sides changed, it leaves marks in the file; otherwise a `.rej` beside it.
    conflicts = [path for state, path in found if "U" in state or state in {"AA", "DD"} or path.endswith(".rej")]
    paths = tuple(path for _, path in found if not path.endswith(".rej"))
    return Update(before.commit, cruft.read(root).commit, paths, tuple(conflicts))


def _status(git: Git) -> list[tuple[str, str]]:
    """Return two letters of state and the path of everything that differs from HEAD, every new file by its name."""
    words = ("status", "--porcelain", "--untracked-files=all", "--no-renames", "-z")
    return [(one[:2], one[3:]) for one in git.call(*words).stdout.split("\0") if one]
