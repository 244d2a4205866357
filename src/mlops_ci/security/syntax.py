"""What no scanner would tell: YAML that nobody can read, and requirements that pin nothing."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mlops_ci.scanner import Issue, Look, Unread
from mlops_ci.security import kinds

_MOST = 1024**2  # bytes: descriptions of infrastructure are smaller, and reading takes a second for each megabyte
_UNKNOWN = "Its version is not known, so its vulnerabilities are not"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def concerned(files: Iterable[str]) -> tuple[str, ...]:
    """Return the YAML files that are not templates of a Helm chart, which are YAML only once they are rendered."""
    listed = list(files)
    charts = tuple(f"{one}templates/" for one in kinds.chart_folders(listed))
    return tuple(one for one in listed if one.endswith((".yaml", ".yml")) and not one.startswith(charts))


def scan(folder: Path) -> Look:
    """Return the files below a folder that are no YAML."""
    found = ((one.relative_to(folder).as_posix(), one) for one in sorted(folder.rglob("*")) if one.is_file())
    return Look(unread=tuple(Unread(name, said) for name, path in found if (said := _fault(path))))


def unpinned(folder: Path) -> Look:
    """Return the requirements that name no version: nobody can say whether they are vulnerable."""
    return Look(tuple(_unpinned(folder)))


def _fault(path: Path) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if path.stat().st_size > _MOST:
        return ""
    try:
        for _ in YAML(typ="safe").parse(path.read_bytes()):
            pass
    except (YAMLError, ValueError) as problem:
        return "it is no YAML: " + " ".join(str(problem).split())[:200]
    return ""


def _unpinned(folder: Path) -> Iterator[Issue]:
    for path in sorted(one for one in folder.rglob("*.txt") if one.is_file()):
        lines = path.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ").splitlines()
        for number, line in enumerate(lines, start=1):
            named = _NAME.match(line.strip())
            if named and "==" not in line and " @ " not in line:
                file = path.relative_to(folder).as_posix()
                yield Issue("not-pinned", f"{named[0]} is not pinned", _UNKNOWN, "LOW", file, number, kind="unpinned")
