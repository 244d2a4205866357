"""The files that are looked at: those git knows or would add, and what cannot be looked at is named, never left out."""

import os
import stat
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from mlops_ci.scanner import Unread
from mlops_ci.tools.git import Git

_NEVER = {".git", ".mlops-ci"}
_MADE = {".venv", "venv", "node_modules", "__pycache__", ".tox", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


@dataclass(frozen=True, slots=True)
class Tree:
    """The regular files of a repository, relative to its root, and what stands beside them."""

    root: Path
    files: tuple[str, ...]
    links: tuple[str, ...] = ()  # not followed: what they point to is looked at where it stands
    excluded: int = 0
    unread: tuple[Unread, ...] = ()

    def below(self, places: Collection[str]) -> tuple[str, ...]:
        """Return the files that are one of these places, or stand below it."""
        whole, folders = set(places), tuple(f"{one.rstrip('/')}/" for one in places)
        return tuple(one for one in self.files if one in whole or one.startswith(folders))


def read(root: Path, exclude: Sequence[str] = (), more: Iterable[str] = (), *, exported: bool = False) -> Tree:
    """Return what stands below a folder: what git lists, otherwise everything but what programs made.

    `more` are files, folders or patterns that git may ignore, such as models and data; an `exported` folder is no work
    tree, and everything in it counts.
    """
    names = _walk(root, root) if exported else _listed(root)
    for pattern in more:
        names += _matching(root, pattern)
    kept, links, unread, excluded = [], [], [], 0
    for name in sorted(set(names)):
        if any(fnmatch(name, one) or name.startswith(f"{one.rstrip('/')}/") for one in exclude):
            excluded += 1
            continue
        kind = _kind(root / name)
        if kind == "file":
            kept.append(name)
        elif kind == "link":
            links.append(name)
        elif kind and kind != "gone":
            unread.append(Unread(printable(name), kind))
        elif "\N{REPLACEMENT CHARACTER}" in name:
            unread.append(Unread(name, "its name is not UTF-8"))
    return Tree(root, tuple(kept), tuple(links), excluded, tuple(unread))


def printable(name: str) -> str:
    """Return a name that can be written as UTF-8, whatever bytes it is made of."""
    return name.encode("utf-8", "backslashreplace").decode()


def _kind(path: Path) -> str:
    """Return `file`, `link`, `gone`, or why this cannot be looked at."""
    try:
        str(path).encode()
        mode = os.lstat(path).st_mode
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    except FileNotFoundError:
        return "gone"
    except OSError as problem:
        return str(problem.strerror)
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        open_ = os.access(path, os.R_OK | os.X_OK)
        return "it is a repository of its own: scan it there" if open_ else "Permission denied"
    return ("file" if os.access(path, os.R_OK) else "Permission denied") if stat.S_ISREG(mode) else "it is no file"


def _listed(root: Path) -> list[str]:
    git = Git(root)
    tracked = git.call("ls-files", "-z", "--cached", check=False)
    if tracked.code:
        return [name for name in _walk(root, root) if not _MADE & set(name.split("/"))]
    others = git.call("ls-files", "-z", "--others", "--exclude-standard").stdout.split("\0")
    ours = [name for name in others if not _NEVER & set(name.split("/"))]  # what is committed there is not ours
    closed = [name for name in _closed(root) if git.call("check-ignore", "--quiet", "--", name, check=False).code]
    return [name for name in (*tracked.stdout.split("\0"), *ours, *closed) if name]


def _closed(root: Path) -> list[str]:
    """Return the folders that cannot be listed, of which git says nothing."""
    found = list[str]()
    for _, folders, _ in os.walk(root, onerror=lambda problem: found.append(str(problem.filename))):
        folders[:] = [one for one in folders if one not in _NEVER | _MADE]
    return [os.path.relpath(one, root) for one in found]


def _walk(root: Path, folder: Path) -> list[str]:
    found, unreadable = [], list[str]()
    for place, folders, names in os.walk(folder, onerror=lambda problem: unreadable.append(str(problem.filename))):
        linked = [one for one in folders if (Path(place) / one).is_symlink()]
        folders[:] = [one for one in folders if one not in _NEVER and one not in linked]
        found += [os.path.relpath(Path(place) / one, root) for one in (*names, *linked)]
    return found + [os.path.relpath(one, root) for one in unreadable]


def _matching(root: Path, pattern: str) -> list[str]:
    place = root / pattern
    if place.is_dir() and not place.is_symlink():
        return _walk(root, place)
    if place.exists():
        return [os.path.relpath(place, root)]
    if Path(pattern).is_absolute():
        return []
    return [os.path.relpath(one, root) for one in root.glob(pattern) if not one.is_dir()]
