"""What an engine on this machine needs of whatever runs its versions: found again by any process, after any crash."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from mlops_ci.traffic.engine import Workload

LAST_WORDS = 8  # lines of a log that are told to people


class Services(Protocol):
    """Versions that listen on ports of the loopback address."""

    def start(self, workload: Workload) -> None:
        """Start a version and do not wait for it; another that had its name is gone already.

        Raises:
            NeverReady: it cannot even be started.
        """
        ...

    def running(self, name: str) -> bool:
        """Say whether a version runs."""
        ...

    def ports(self) -> dict[str, int]:
        """Return the versions that were started and not ended, with their ports."""
        ...

    def request_log(self, name: str) -> Path:
        """Return the file to which a version writes its requests."""
        ...

    def last_words(self, name: str) -> str:
        """Return the end of a version's log."""
        ...

    def end(self, name: str) -> None:
        """Stop a version and forget it; its logs stay. Nothing happens when there is none."""
        ...


def file_of(folder: Path, name: str, kind: str) -> Path:
    """Return a version's file of some kind, such as `log`."""
    (folder / "services").mkdir(parents=True, exist_ok=True)
    return folder / "services" / f"{name}.{kind}"


def read(path: Path) -> dict[str, Any] | None:
    """Return what a file of ours holds; None when there is none, or it is broken."""
    with suppress(OSError, ValueError):
        raw = json.loads(path.read_text())
        return raw if isinstance(raw, dict) else None
    return None


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file of ours whole, by rename."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(content))
    partial.replace(path)
