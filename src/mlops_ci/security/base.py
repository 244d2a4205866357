"""The policy and the problems of the base of a change: rules must not move with the work, and old problems are old."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mlops_ci.report import Finding, Location
from mlops_ci.security import waivers
from mlops_ci.security.waivers import Waiver
from mlops_ci.settings import document
from mlops_ci.settings.scan import ScanSettings
from mlops_ci.tools.git import Git

# What decides an effect; the others say what is looked at, by what, and where.
_JUDGING = ("fail_on", "unfixed", "formats", "denied_licences", "severities", "exclude", "off", "only_new",
            "database_max_age", "database_min_mb")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Base:
    """What judged before this change."""

    revision: str
    commit: str
    settings: ScanSettings
    waivers: tuple[Waiver, ...]


def at(head: ScanSettings, root: Path, settings: Path | None, model: str | None) -> Base:
    """Return the policy of the revision that the head's settings name; without a section `scan` the defaults judged.

    What the two versions of the settings file say alike, also nothing, is as it is now: flags and environment are about
    this run, and count for both.

    Raises:
        UsageProblem: the revision names no commit, or a waiver there is refused.
    """
    git, revision = Git(root), str(head.base)
    commit = git.commit_of(revision)
    path = Path(settings.name if settings else "mlops.yaml")
    before = _section(git.read(commit, f"./{path}"), path, model)
    now = _section(settings.read_text(encoding="utf-8") if settings else None, path, model)
    differing = {name for name in ScanSettings.model_fields if before.get(name) != now.get(name)}
    try:
        old = ScanSettings.model_validate({name: before[name] for name in differing & before.keys()})
    except ValidationError:  # an earlier version of mlops-ci may have known other settings
        old = ScanSettings()
    found = head.model_copy(update={name: getattr(old, name) for name in differing})
    listed = git.read(commit, f"./{found.waivers}")
    return Base(revision, commit, found, waivers.parse(listed, f"{found.waivers} at {revision}") if listed else ())


def _section(text: str | None, path: Path, model: str | None) -> dict[str, Any]:
    return (document.section(text, path, model, "scan") if text is not None else None) or {}


def changed(base: Base, head: ScanSettings) -> Sequence[str]:
    """Return the settings that judge and differ."""
    return [name for name in _JUDGING if getattr(base.settings, name) != getattr(head, name)]


def strictest(base: Base | None, head: ScanSettings) -> ScanSettings:
    """Return the head's settings, where what is looked at, and with which database, is what either version demands."""
    if base is None:
        return head
    old = base.settings
    both = {
        "exclude": [one for one in head.exclude if one in old.exclude],
        "off": tuple(one for one in head.off if one in old.off),
        "database_max_age": min(head.database_max_age, old.database_max_age),
        "database_min_mb": max(head.database_min_mb, old.database_min_mb),
    }
    return head.model_copy(update=both)


def policy_found(base: Base, names: Sequence[str], path: str) -> Finding:
    """Return the finding that the rules of a scan changed."""
    listed = ", ".join(f"scan.{one}" for one in names)
    return Finding(
        "MCI-POLICY-001",
        "high",
        "informs",
        f"The rules that judge this change differ from those of {base.revision}",
        f"{listed} changed. What blocks by either version blocks. Review the rules apart from the work.",
        Location(path),
    )
