"""What a canary did on this machine, on disk before it happens: another process can go on where one died.

The record on the state branch suffices without it; then the evidence of the present step is gathered again.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_ci.errors import MlopsCiError, ProgramFailed


class JournalLost(MlopsCiError):
    """The disk does not take the journal; no kind of ProgramFailed, since waiting does not help."""

    exit_code = ProgramFailed.exit_code
    headline = ProgramFailed.headline


@dataclass(frozen=True, slots=True)
class Past:
    """What an earlier process left of a canary."""

    began: float  # monotonic seconds
    decided: int  # the last step whose evidence said: go on; 0 for none
    ticks: list[dict[str, Any]]  # lines of a log of ticks


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A rollback whose traffic has moved and whose record may not have been pushed."""

    release: str
    rejected: bool
    subject: str


@dataclass(frozen=True, slots=True)
class Underway:
    """A canary that began here, was not promoted, and has not ended by what this machine knows."""

    champion: str
    challenger: str
    returning: bool  # its traffic has moved back already


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal of one model in one environment: entries, and beside them the ticks as `canary replay` reads them."""

    folder: Path
    _entries: Path = field(init=False)
    _ticks: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_entries", self.folder / "journal.jsonl")
        object.__setattr__(self, "_ticks", self.folder / "ticks.jsonl")

    def begin(self, release: str, champion: str, at: float) -> None:
        """Forget the canary before, and begin with this one, at this monotonic second."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._ticks.unlink(missing_ok=True)
        self._entries.unlink(missing_ok=True)
        self.write("begin", release=release, champion=champion, at=at)

    def write(self, event: str, **facts: object) -> None:
        """Add an entry; it is on disk when this returns."""
        _append(self._entries, {"event": event, **facts})

    def tick(self, line: Mapping[str, Any]) -> None:
        """Add a tick."""
        _append(self._ticks, line)

    def past(self, release: str, step: int) -> Past | None:
        """Return what was done of this release's canary, which stands at this step by the record.

        None when the journal is about another canary or one that has ended, or stands at another step: then another
        machine went on with it, or this one died between its push and its change of weights.
        """
        entries = _lines(self._entries)
        if not entries or entries[0].get("release") != release or any(one["event"] == "end" for one in entries):
            return None
        if [one["step"] for one in entries if one["event"] == "routed"][-1:] != [step]:
            return None
        decided = [int(one["step"]) for one in entries if one["event"] == "go-on"]
        return Past(float(entries[0]["at"]), max(decided, default=0), _lines(self._ticks))

    def last(self) -> str:
        """Return the last entry in words; nothing where there is none."""
        entries = _lines(self._entries)
        return ", ".join(f"{name} {value}" for name, value in entries[-1].items()) if entries else ""

    def underway(self) -> Underway | None:
        """Return the canary that may have traffic here; None once its promotion may be on the record."""
        entries = _lines(self._entries)
        events = [one["event"] for one in entries]
        promoting = [one for one in events if one in {"go-on", "promote"}][-1:] == ["promote"]  # else it was not taken
        if not entries or "champion" not in entries[0] or promoting or "end" in events:
            return None
        return Underway(entries[0]["champion"], entries[0]["release"], events[-1] == "returning")

    def unrecorded(self) -> Unrecorded | None:
        """Return the rollback that began here and did not end with its record; None when there is none."""
        entries = _lines(self._entries)
        last = entries[-1] if entries else {}
        if last.get("event") != "returning":
            return None
        return Unrecorded(str(last["release"]), bool(last["rejected"]), str(last["subject"]))


def _append(path: Path, content: Mapping[str, Any]) -> None:
    try:
        with path.open("ab") as stream:
            stream.write(json.dumps(content).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as problem:
        raise JournalLost(
            f"{path} cannot be written ({problem.strerror}), so nobody could go on from here."
        ) from problem


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return what whole lines hold; the last may have been torn by a death in the middle of it."""
    found: list[dict[str, Any]] = []
    for line in path.read_bytes().split(b"\n") if path.exists() else []:
        try:
            raw = json.loads(line)
        except ValueError:
            continue
        if isinstance(raw, dict):
            found.append(raw)
    return found
