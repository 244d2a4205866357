"""Digests of what was judged, and statements that bind a verdict to exactly those digests."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mlops_ci.errors import NothingToJudge

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://github.com/mlops-ci/mlops-ci/report/v1"

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


def statement_from(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return an in-toto statement: this report (as JSON), about exactly the digests it names as inputs."""
    inputs = report.get("inputs")
    pairs = inputs.items() if isinstance(inputs, Mapping) else ()
    digests = {name: str(digest) for name, digest in pairs if str(digest).startswith("sha256:")}
    return state_about(digests, PREDICATE, report)


def state_about(subjects: Mapping[str, str], predicate_type: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    """Return an in-toto statement (v1) about subjects: name → `sha256:<hex>`."""
    named = [
        {"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}
        for name, digest in sorted(subjects.items())
    ]
    return {"_type": STATEMENT, "subject": named, "predicateType": predicate_type, "predicate": dict(predicate)}


def find_fault(raw: object, *, step: str, subjects: Mapping[str, str]) -> str | None:
    """Return why a statement does not prove that `step` passed for these subjects; None when it does.

    Args:
        raw: the decoded statement.
        step: the step that must have judged.
        subjects: name → digest that must be among the statement's subjects.
    """
    match raw:
        case {"predicate": {"step": judged, "verdict": verdict, **rest}, "subject": list(named)}:
            pass
        case _:
            return "it is not a statement about a report"
    if judged != step or verdict != "pass":
        return f"it says {judged}: {verdict}, not {step}: pass"
    if any(effect != "informs" for effect in _effects(rest.get("findings"))):
        return "it says pass, but its findings do not: somebody edited it"
    found = dict(_subject(one) for one in named)
    for name, digest in subjects.items():
        if found.get(name) != digest:
            return f"it is about another {name} ({found.get(name, 'none')}, not {digest})"
    return None


def _effects(findings: object) -> list[object]:
    """Return the findings' effects; None for what is no finding."""
    raw = findings if isinstance(findings, list | tuple) else [findings] if findings else []
    return [one.get("effect") if isinstance(one, Mapping) else None for one in raw]


def _subject(raw: object) -> tuple[str, str]:
    """Return name and digest of a subject; what is no subject has no name."""
    match raw:
        case {"name": str(name), "digest": {"sha256": str(digest)}}:
            return name, f"sha256:{digest}"
        case _:
            return "", "none"


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the one byte form in which statements are stored and digested."""
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"
