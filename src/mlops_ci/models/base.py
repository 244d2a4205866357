"""The gate as it was at the base of a change: its rules judge, too, and what changed since is told."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from mlops_ci.errors import NothingToJudge
from mlops_ci.evidence import digest_bytes
from mlops_ci.report import Finding, Location
from mlops_ci.settings import document
from mlops_ci.settings.gate import GateSettings
from mlops_ci.tools import dvc
from mlops_ci.tools.git import Git

# How a challenger is brought and asked; every other setting judges, also one that is added later.
_ASKING = {
    "challenger",
    "challenger_predictions",
    "champion_predictions",
    "python",
    "environments",
    "timeout",
    "base",
}


def at(
    revision: str, root: Path, settings: Path | None, model: str | None, head: GateSettings | None = None
) -> GateSettings | None:
    """Return the section `gate` of a revision's settings file; None where it had none, or none that can be read.

    Args:
        revision: names a commit.
        root: the ML repository.
        settings: the settings file of today; the one it was renamed from, or `mlops.yaml`, counts as well.
        model: which of several models.
        head: the settings of today; what the file must say and leaves to flags is taken from them.

    Raises:
        UsageProblem: the revision names no commit.
    """
    git = Git(root)
    commit = git.commit_of(revision)
    name = settings.name if settings else "mlops.yaml"
    for path in dict.fromkeys(one for one in (name, git.renamed(commit).get(name), "mlops.yaml") if one):
        text = git.read(commit, f"./{path}")
        if text is not None and (section := document.section(text, Path(path), model, "gate")) is not None:
            return _parsed(section, head)
    return None


def _parsed(section: Mapping[str, Any], head: GateSettings | None) -> GateSettings | None:
    required = [name for name, info in GateSettings.model_fields.items() if info.is_required()]
    by_flags = {name: getattr(head, name) for name in required if head and name not in section}
    try:
        return GateSettings.model_validate(by_flags | dict(section))
    except ValidationError:
        return None


def changed(base: GateSettings, head: GateSettings, root: Path) -> tuple[str, ...]:
    """Return the names of the settings that judge and differ, in the order of the section.

    A path below `root` is the same path whether or not it is written in full.
    """
    pairs = ((name, _plain(getattr(base, name), root), _plain(getattr(head, name), root)) for name in _judging())
    return tuple(name for name, before, after in pairs if before != after)


def asked_as(base: GateSettings, head: GateSettings) -> GateSettings:
    """Return the rules of the base about the challenger of the head, asked as the head asks it."""
    judging = {name: getattr(base, name) for name in base.model_fields_set - _ASKING}
    return GateSettings.model_validate(
        judging | {name: getattr(head, name) for name in head.model_fields_set & _ASKING}
    )


def rules_digest(options: GateSettings) -> str:
    """Return the digest of the settings that judge."""
    return digest_bytes(options.model_dump_json(include=set(_judging())).encode())


def _judging() -> tuple[str, ...]:
    return tuple(name for name in GateSettings.model_fields if name not in _ASKING)


def _plain(value: object, root: Path) -> object:
    if isinstance(value, Path):
        return _inside(value, root) or value
    return value


def _inside(path: Path, root: Path) -> Path | None:
    """Return a path relative to `root`; None for one that is elsewhere."""
    whole = Path((root / path).absolute())
    return whole.relative_to(root.absolute()) if whole.is_relative_to(root.absolute()) else None


def file_at(revision: str, path: Path, root: Path, target: Path) -> Path | None:
    """Write what a file was at a revision, in git or in DVC, to `target` and return that; None if it was not there.

    Raises:
        UsageProblem: the revision names no commit.
        ProgramMissing, ProgramFailed: DVC tracks the file and cannot bring it.
    """
    git = Git(root)
    commit = git.commit_of(revision)
    inside = _inside(path, root)
    if inside is None:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    if git.read(commit, f"./{inside.as_posix()}") is not None:
        return _from_git(git, commit, inside.as_posix(), target)
    if not any(git.read(commit, one) is not None for one in ("./.dvc/config", ".dvc/config")):
        return None
    try:
        dvc.get(root, inside.as_posix(), commit, target)
    except NothingToJudge:
        return None
    return target


def _from_git(git: Git, commit: str, path: str, target: Path) -> Path:
    """Bring a file with its bytes as they are checked out: filters such as Git LFS apply, export rules do not."""
    with TemporaryDirectory() as folder:
        own_index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        inside = git.call("rev-parse", "--show-prefix").stdout.strip()
        git.call("read-tree", commit, env=own_index)
        git.call("checkout-index", f"--prefix={folder}/", "--", path, env=own_index)
        shutil.copyfile(Path(folder) / inside / path, target)
    return target


def policy_found(names: tuple[str, ...], settings: str, base: str) -> Finding:
    """Return the finding that a change edits the rules that judge it."""
    return Finding(
        "MCI-POLICY-001",
        "info",
        "informs",
        f"this change edits the gate that judges it: {', '.join(names)}",
        f"Review it like code: it differs from {base}, whose rules judge as well. Both must pass.",
        Location(settings),
        {"changed": list(names)},
    )
