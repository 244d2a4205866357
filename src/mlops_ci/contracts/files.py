"""Find the files that a data setting names: one file, a glob, or a folder, of one format that can be read."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from mlops_ci.errors import NothingToJudge
from mlops_ci.tools.duckdb import PARTITION, Files, format_of

_READABLE = "Parquet, CSV, JSON Lines or Arrow"


def matching(pattern: str, root: Path) -> Files:
    """Return the files that `pattern` names, sorted, as absolute paths; a relative one is relative to `root`.

    A folder stands for all data files in it; `key=value` folders below the part without a wildcard are partitions.

    Raises:
        NothingToJudge: it names no file, or files of unknown or of several formats.
    """
    named = root / pattern
    base = Path(os.path.normpath(named)) if named.is_dir() else fixed(named)
    names = _within(base) if named.is_dir() else [named] if named.is_file() else _globbed(pattern, root)
    # Not resolved: a link into a cache keeps the name that people know.
    paths = [Path(os.path.normpath(name)) for name in names]
    if not paths:
        said = (
            "holds no data file"
            if named.is_dir()
            else "matches no file"
            if glob.has_magic(pattern)
            else "does not exist"
        )
        raise NothingToJudge(f"{pattern} {said}. Make the data first (dvc pull, dvc repro), or correct `data.path`.")
    _refuse_formats(pattern, paths)
    return Files(tuple(paths), _partitions(paths, base))


def label(path: Path, root: Path) -> str:
    """Return a path as people write it: relative to the repository where it lies inside."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _within(folder: Path) -> list[Path]:
    """Return the data files below a folder; hidden ones, and those that a program marked with _, are not data."""
    _refuse_unreadable(folder)
    found = (path for path in folder.rglob("*") if path.is_file() and format_of(path))
    return sorted(
        path for path in found if not any(one.startswith((".", "_")) for one in path.relative_to(folder).parts)
    )


def _refuse_unreadable(folder: Path) -> None:
    """Refuse a folder that holds one which cannot be looked into: what is there might not pass."""

    def refuse(problem: OSError) -> NoReturn:
        raise NothingToJudge(f"{problem.filename} cannot be read: {problem.strerror}. Give access to it, or move it.")

    for _ in os.walk(folder, onerror=refuse):
        pass


def _globbed(pattern: str, root: Path) -> list[Path]:
    if "**" in pattern:
        _refuse_unreadable(fixed(root / pattern))
    names = sorted(glob.glob(pattern, root_dir=root, recursive=True))  # noqa: PTH207 - absolute, too
    # A link to a folder above would bring the same files again and again.
    found = {Path(os.path.realpath(root / name)): root / name for name in reversed(names) if (root / name).is_file()}
    return sorted(found.values()) if "**" in pattern else [root / name for name in names if (root / name).is_file()]


def fixed(pattern: Path) -> Path:
    """Return the folders before the first wildcard."""
    parts = pattern.parent.parts
    end = next((at for at, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return Path(os.path.normpath(Path(*parts[:end])))


def _refuse_formats(pattern: str, paths: Sequence[Path]) -> None:
    for path in paths:
        if format_of(path) is None:
            raise NothingToJudge(f"{path.name} is none of {_READABLE} by its name. Name files of one of them only.")
    formats = sorted({str(format_of(path)) for path in paths})
    if len(formats) > 1:
        said = f"{pattern} names files of several formats: {', '.join(formats)}"
        raise NothingToJudge(f"{said}. Name files of one format.")


def _partitions(paths: Sequence[Path], base: Path) -> tuple[str, ...]:
    """Return the keys that the folders of every file have."""
    below = [path.parent.relative_to(base).parts for path in paths]
    keys = [tuple(found.group(1) for part in parts if (found := PARTITION.fullmatch(part))) for parts in below]
    if len(set(keys)) > 1:
        odd = next(path for path, one in zip(paths, keys, strict=True) if one != keys[0])
        raise NothingToJudge(
            f"{odd.name} and {paths[0].name} lie in folders of different keys. Name one data set only."
        )
    return keys[0]
