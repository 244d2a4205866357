"""What a scanner said of some content is kept by the content's digest: the same content is not looked at again."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlops_ci.evidence import digest_bytes, digest_file
from mlops_ci.scanner import Issue, Look, Unread

_FORM = 1  # raise it whenever a look's form, or what a tool's module reads out of a report, changes
_MODIFIED = 3  # where a stamp has the time of the content
_SETTLED = 2e9  # nanoseconds: a file that changed just now may change again without its times telling


class Digests:
    """Digests of files, remembered as long as the file system says that a file is the same."""

    def __init__(self, path: Path, now: float) -> None:
        """Read what was remembered in a file; `now` is in seconds since the epoch."""
        self._path, self._now = path, now * 1e9
        self._known: dict[str, list[Any]] = _read(path) or {}
        self._seen: dict[str, list[Any]] = {}

    def of(self, path: Path) -> str:
        """Return a file's digest; an empty text when it cannot be read."""
        try:
            stamp = _stamp(path)
        except OSError:
            return ""
        known = self._seen.get(str(path)) or self._known.get(str(path))
        if known and known[:-1] == stamp:
            self._seen[str(path)] = known
            return str(known[-1])
        digest = digest_file(path)
        if self._now - stamp[_MODIFIED] > _SETTLED:
            self._seen[str(path)] = [*stamp, digest]
        return digest

    def of_all(self, root: Path, files: Iterable[str]) -> str:
        """Return one digest over names and contents of files."""
        return digest_bytes("\n".join(f"{one}\0{self.of(root / one)}" for one in sorted(files)).encode())

    def keep(self) -> None:
        """Remember for the next time; a link that we made and removed has changed a file's last time, nothing else."""
        for path, (*stamp, digest) in list(self._seen.items()):
            with suppress(OSError):
                now = _stamp(Path(path))
                if now[:-1] == stamp[:-1]:
                    self._seen[path] = [*now, digest]
        _write(self._path, self._known | self._seen)


def _stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def load(folder: Path, key: str) -> Look | None:
    """Return what was said before; None where nothing was, or it cannot be read."""
    raw = _read(folder / f"{_name(key)}.json")
    try:
        issues = (Issue(**one | {"aliases": tuple(one["aliases"])}) for one in raw["issues"])
        return Look(tuple(issues), tuple(Unread(**one) for one in raw["unread"]), int(raw["binary"]))
    except (TypeError, KeyError):
        return None


def store(folder: Path, key: str, look: Look) -> None:
    """Keep what was said."""
    _write(folder / f"{_name(key)}.json", asdict(look))


def _name(key: str) -> str:
    return digest_bytes(f"{_FORM}\0{key}".encode()).removeprefix("sha256:")


def _read(path: Path) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _write(path: Path, content: object) -> None:
    """Write a file whole or not at all; what cannot be remembered is found again the next time."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(content), encoding="utf-8")
        partial.replace(path)
