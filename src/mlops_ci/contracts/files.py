"""Find the files that a data setting names: one Parquet or CSV file, or a glob of them."""

import glob
import os
from pathlib import Path

from mlops_ci.errors import NothingToJudge

_KINDS = {".parquet": "Parquet", ".pq": "Parquet", ".csv": "CSV"}


def matching(pattern: str, root: Path) -> tuple[Path, ...]:
    """Return the absolute paths that `pattern` names, sorted; a relative one is relative to `root`.

    Raises:
        NothingToJudge: it names no file, a folder, or files of unknown or of several formats.
    """
    named = root / pattern
    if named.is_dir():
        raise NothingToJudge(f"{pattern} is a folder. Name the files in it, such as {pattern.rstrip('/')}/*.parquet.")
    names = [pattern] if named.is_file() else sorted(glob.glob(pattern, root_dir=root, recursive=True))  # noqa: PTH207 - absolute, too
    # Not resolved: a link into a cache keeps the name that people know.
    found = [Path(os.path.normpath(root / name)) for name in names]
    files = tuple(path for path in found if path.is_file())
    if not files:
        said = "matches no file" if glob.has_magic(pattern) else "does not exist"
        raise NothingToJudge(f"{pattern} {said}. Make the data first (dvc pull, dvc repro), or correct `data.path`.")
    kinds = {_KINDS.get(path.suffix.lower()) for path in files}
    if None in kinds:
        strange = next(path for path in files if path.suffix.lower() not in _KINDS)
        raise NothingToJudge(f"{strange.name} is neither .parquet nor .csv. Name Parquet or CSV files only.")
    if len(kinds) > 1:
        raise NothingToJudge(f"{pattern} matches both Parquet and CSV files. Name files of one format.")
    return files


def label(path: Path, root: Path) -> str:
    """Return a path as people write it: relative to the repository where it lies inside."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
