"""DVC finds a tracked file or folder as it was at a git revision, in its cache or its remote."""

from pathlib import Path

from mlops_ci import process
from mlops_ci.errors import NothingToJudge, ProgramFailed

_REMEDY = "Install it with: pip install dvc"
_UNKNOWN = ("unknown Git revision", "unexpected error - [", "does not exist", "missing-files")


def get(repository: Path, path: str, revision: str, target: Path, *, timeout: float = 3600) -> None:
    """Write what `path` was at a revision to `target`; `path` is relative to the repository's root.

    Raises:
        NothingToJudge: there is no such revision, or no such path at it.
        ProgramMissing: DVC is not installed.
        ProgramFailed: neither its cache nor its remote has the content.
    """
    dvc = process.resolve("dvc", remedy=_REMEDY)
    flags: list[str | Path] = ["--rev", revision, "--out", target]
    try:
        process.run([dvc, "get", *flags, "--", ".", path], cwd=repository, timeout=timeout)
    except ProgramFailed as failure:
        if any(word in str(failure) for word in _UNKNOWN):
            said = f"{path} cannot be had at revision {revision}"
            raise NothingToJudge(
                f"{said}. Correct `data.path` or `data.rev`; git log shows the revisions."
            ) from failure
        raise
