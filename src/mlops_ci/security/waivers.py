"""Waivers: what is accepted for a time, by whom and why; one that does not say all of it is refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from mlops_ci.errors import UsageProblem
from mlops_ci.report import Finding, Location
from mlops_ci.security.problems import Problem
from mlops_ci.settings import tree

_KEYS = {"rule", "path", "package", "reason", "owner", "expires"}


@dataclass(frozen=True, slots=True)
class Waiver:
    """One accepted problem: by its rule, in paths of a pattern or in a package."""

    rule: str
    path: str
    package: str
    reason: str
    owner: str
    expires: date
    line: int  # where it stands

    @property
    def words(self) -> tuple[str, ...]:
        """Return what it says, wherever it stands."""
        return self.rule, self.path, self.package, self.reason, self.owner, self.expires.isoformat()

    def covers(self, problem: Problem) -> bool:
        """Say whether a problem is meant."""
        if self.rule not in problem.rules:
            return False
        inside = not self.path or fnmatch(problem.issue.path or "", self.path)
        return inside and (not self.package or self.package.casefold() == problem.issue.package.casefold())


def read(path: Path, shown: str) -> tuple[Waiver, ...]:
    """Return the waivers of a file; none where there is no file.

    Raises:
        UsageProblem: one lacks its rule, path or package, reason, owner or expiry date, or is not to be understood.
    """
    if not path.exists():
        return ()
    try:
        return parse(path.read_text(encoding="utf-8"), shown)
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageProblem(f"{shown} cannot be read: {problem}.") from problem


def parse(text: str, shown: str) -> tuple[Waiver, ...]:
    """Return the waivers of a text; messages call it `shown`."""
    data, positions = tree.parse(text, Path(shown))
    listed = data.get("waivers")
    if not isinstance(listed, list) or set(data) != {"waivers"}:
        raise UsageProblem(f"{shown}:1:1: waivers are a list below the one key `waivers`.")
    return tuple(
        _waiver(raw, f"{shown}:{positions['waivers', index][0]}", positions["waivers", index][0])
        for index, raw in enumerate(listed)
    )


def _waiver(raw: Any, where: str, line: int) -> Waiver:  # noqa: ANN401 - YAML
    if not isinstance(raw, dict):
        raise UsageProblem(f"{where}: a waiver is a mapping of rule, path or package, reason, owner and expires.")
    if unknown := sorted(set(map(str, raw)) - _KEYS):
        raise UsageProblem(f"{where}: a waiver has no {unknown[0]!r}. It has {', '.join(sorted(_KEYS))}.")
    missing = [key for key in ("rule", "reason", "owner", "expires") if not str(raw.get(key) or "").strip()]
    if not str(raw.get("path") or raw.get("package") or "").strip():
        missing.append("path or package")
    if missing:
        raise UsageProblem(f"{where}: this waiver lacks {', '.join(missing)}. Without it, nothing is waived.")
    expires = raw["expires"]
    try:
        until = expires if type(expires) is date else date.fromisoformat(str(expires))
    except ValueError as problem:
        raise UsageProblem(f"{where}: {expires!r} is no date. Write it as 2026-12-31.") from problem
    texts = {key: str(raw.get(key) or "").strip() for key in ("rule", "path", "package", "reason", "owner")}
    return Waiver(**texts, expires=until, line=line)


def in_force(waivers: Iterable[Waiver], today: date) -> list[Waiver]:
    """Return those that have not expired; the last day still counts."""
    return [one for one in waivers if one.expires >= today]


def added(here: Iterable[Waiver], base: Iterable[Waiver]) -> list[Waiver]:
    """Return those that the base does not have."""
    known = {one.words for one in base}
    return [one for one in here if one.words not in known]


def remarks(
    waivers: Sequence[Waiver], used: Iterable[Waiver], new: Sequence[Waiver], today: date, shown: str
) -> list[Finding]:
    """Return what people should know about the waivers themselves."""
    alive, found = in_force(waivers, today), list[Finding]()
    applied = list(used)
    for one in waivers:
        place, name = Location(shown, one.line, name=one.rule), f"{one.rule} in {one.path or one.package}"
        if one not in alive:
            said = f"{one.owner} accepted {name} until {one.expires}. It counts again: correct it, or renew the waiver."
            found.append(Finding("MCI-SCAN-012", "medium", "informs", f"The waiver of {one.rule} expired", said, place))
        elif one not in applied:
            said = f"Nothing that is found here is {name}. Remove the waiver."
            found.append(
                Finding("MCI-SCAN-012", "low", "informs", f"The waiver of {one.rule} is not used", said, place)
            )
        if one in new:
            said = (
                f"{one.owner} accepts {name} until {one.expires}: {one.reason}. It counts once it is in the base: "
                "review it, and merge it before what it covers."
            )
            found.append(Finding("MCI-SCAN-013", "high", "informs", f"This change waives {one.rule}", said, place))
    return found
