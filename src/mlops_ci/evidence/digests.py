"""Digests of what was judged: the same content has the same digest, wherever and whenever it was written."""

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path

from mlops_ci.errors import NothingToJudge

# Written by the registry or by the clock, not by the training: the same model has the same digest without them.
_IGNORED_FILES = {"registered_model_meta"}
_IGNORED_KEYS = ("model_id:", "model_uuid:", "run_id:", "utc_time_created:", "artifact_path:", "model_size_bytes:")


def digest_bytes(data: bytes) -> str:
    """Return `sha256:<hex>` of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_file(path: Path) -> str:
    """Return `sha256:<hex>` of a file's content, read in pieces.

    Raises:
        NothingToJudge: the file is missing or unreadable.
    """
    try:
        with path.open("rb") as stream:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    except OSError as problem:
        raise NothingToJudge(f"{path} cannot be read: {problem.strerror}.") from problem


def digest_files(files: Iterable[tuple[str, Path]]) -> str:
    """Return one digest over (name, content) pairs, whatever their order."""
    return _digest_pairs((name, digest_file(path)) for name, path in files)


def digest_model(folder: Path) -> str:
    """Return the digest of an MLflow model folder.

    It covers each file's path and content. Left out are `registered_model_meta` and the id, run and time keys
    of `MLmodel`; zip archives count by their members' contents, for their time stamps say nothing.

    Raises:
        NothingToJudge: the folder is missing or holds no `MLmodel`.
    """
    if not (folder / "MLmodel").is_file():
        raise NothingToJudge(f"{folder} is not an MLflow model: it has no MLmodel file. Train the model first.")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in _IGNORED_FILES)
    kept = [path for path in files if "__pycache__" not in path.parts]
    return _digest_pairs((path.relative_to(folder).as_posix(), _digest_model_file(path)) for path in kept)


def is_model(folder: Path, digest: str) -> bool:
    """Say whether a folder that somebody else may have filled is the model of a digest, and nothing beside it.

    Byte code and links, which the digest leaves out and Python would run all the same, are taken away.
    """
    if folder.is_symlink() or not (folder / "MLmodel").is_file():
        return False
    for path in sorted(folder.rglob("*"), reverse=True):  # what is inside first
        if path.is_symlink() or "__pycache__" in path.parts[len(folder.parts) :]:
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    return digest_model(folder) == digest


def _digest_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return digest_bytes("\n".join(f"{name}\0{digest}" for name, digest in sorted(pairs)).encode())


def _digest_model_file(path: Path) -> str:
    if path.name == "MLmodel":
        lines = path.read_text().splitlines()
        return digest_bytes("\n".join(one for one in lines if not one.strip().startswith(_IGNORED_KEYS)).encode())
    if _is_archive(path):
        with zipfile.ZipFile(path) as archive:
            return _digest_pairs((one.filename, digest_bytes(archive.read(one))) for one in archive.infolist())
    return digest_file(path)


def _is_archive(path: Path) -> bool:
    """Say whether a file is an archive from its first byte on: what stands before one would not be digested."""
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04" and zipfile.is_zipfile(path)
