"""DVC finds a tracked file or folder as it was at a git revision, in its cache or its remote."""

from collections.abc import Mapping
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


def reproduce(repository: Path, cache: Path, env: Mapping[str, str], *, timeout: float = 3600) -> None:
    """Run the pipeline of a repository; what another one's cache has already is taken from there.

    Raises:
        ProgramMissing: DVC is not installed.
        ProgramFailed: a stage fails, or its inputs cannot be had.
    """
    dvc = process.resolve("dvc", remedy=_REMEDY)
    (repository / ".dvc" / "config.local").write_text(f"[cache]\n    dir = {cache}\n", encoding="utf-8")
    process.run([dvc, "repro", "--quiet", "--pull"], cwd=repository, env=env, timeout=timeout)


def made_anew(before: str, after: str) -> dict[str, str]:
    """Return path → MD5 (empty: of a folder, or not known) of what stages wrote, from two texts of `dvc.lock`.

    Nothing when they differ in more than that: then the pipeline ran on something else.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        old, new = (YAML(typ="safe").load(text)["stages"] for text in (before, after))
        for stage in old.values():
            stage.pop("outs", None)
        written = [out for stage in new.values() for out in stage.pop("outs", ())]
        found = {str(out["path"]): str(out.get("md5", "")) for out in written}
    except (YAMLError, KeyError, TypeError, AttributeError):
        return {}
    return found if old == new else {}
