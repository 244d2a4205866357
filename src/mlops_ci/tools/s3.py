"""S3 and what speaks like it: objects become local files; the only user of pyarrow's file systems."""

import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from mlops_ci.errors import NothingToJudge, ProgramFailed
from mlops_ci.process import redact

_MAGIC = "*?["


def is_url(place: str) -> bool:
    """Say whether a place names objects in a store."""
    return place.startswith("s3://")


def download(url: str, folder: Path) -> str:
    """Copy the objects that a URL names into a folder, below it as in the bucket; return the path or glob there.

    Credentials, region and endpoint come from the usual `AWS_…` variables, or from the URL's own
    `?endpoint_override=…&region=…`. A key that ends with `/` or has none stands for all below it.

    Raises:
        NothingToJudge: no object matches.
        ProgramFailed: the store cannot be reached, or refuses.
    """
    from pyarrow import fs

    place, _, options = url.partition("?")
    shown = redact(place)
    magic = next((at for at, letter in enumerate(place) if letter in _MAGIC), len(place))
    fixed = place[: place.rfind("/", 0, magic) + 1] if magic < len(place) else place
    try:
        store, base = fs.FileSystem.from_uri(fixed.rstrip("/") + (f"?{options}" if options else ""))
        pattern = place.removeprefix("s3://").rpartition("@")[2]
        found = [one for one in _listed(store, base) if magic == len(place) or _matches(one, pattern)]
        for path in found:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            fs.copy_files(path, str(target), source_filesystem=store, destination_filesystem=fs.LocalFileSystem())
    except (OSError, ValueError) as problem:
        said = redact(f"{shown} cannot be read: {problem}")
        raise ProgramFailed(f"{said}. Check the URL, the endpoint and the credentials.") from problem
    if not found:
        raise NothingToJudge(f"{shown} matches no object. Correct `data.path`.")
    return pattern


def _listed(store: Any, base: str) -> list[str]:  # noqa: ANN401 - untyped library
    from pyarrow import fs

    info = store.get_file_info(base)
    if info.type == fs.FileType.File:
        return [base]
    found = store.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
    return sorted(one.path for one in found if one.type == fs.FileType.File)


def _matches(path: str, pattern: str) -> bool:
    """Say whether a key matches a glob; a star stays within its folder, two do not."""
    if "**" in pattern:
        return fnmatch.fnmatchcase(path, pattern.replace("**/", "*"))
    same = len(PurePosixPath(path).parts) == len(PurePosixPath(pattern).parts)
    return same and fnmatch.fnmatchcase(path, pattern)
