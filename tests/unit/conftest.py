"""Unit tests touch nothing outside themselves; whoever forgets is told what, and where such a test belongs."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3  # noqa: F401 - when first imported, it opens a socket to look for IPv6

_MOVE = "pass a fake, or move it to tests/integration"
_FORGOTTEN = {
    **dict.fromkeys(("subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "os.exec"), "started a program"),
    **dict.fromkeys(("socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo"), "used the network"),
}
_TOUCHING = {"open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename"}
_HOME = str(Path.home().resolve()) + os.sep
# The interpreter, its libraries, this repository and the temporary folder may well stand below the home directory.
_ALLOWED = tuple(
    str(Path(one).resolve()) for one in (sys.prefix, sys.base_prefix, Path(__file__).parents[2], tempfile.gettempdir())
)
_guard = {"on": False}


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """See every audit event of the interpreter: whatever library does it, and however it was imported."""
    if not _guard["on"]:
        return
    if event in _FORGOTTEN:
        _guard["on"] = False  # what reports the failure must not fail itself
        pytest.fail(f"this unit test {_FORGOTTEN[event]} ({event}): {_MOVE}")
    if event in _TOUCHING and arguments and isinstance(arguments[0], str) and arguments[0].startswith(_HOME):
        if arguments[0].startswith(_ALLOWED):
            return
        _guard["on"] = False
        pytest.fail(f"this unit test touched the home directory ({event} {arguments[0]}): use tmp_path")


sys.addaudithook(_refuse)


@pytest.fixture(autouse=True)
def guard(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forbid programs, the network and the home directory; HOME is an empty folder."""
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    for name in [name for name in os.environ if name.startswith(("MLOPS_CI_", "GITHUB_", "XDG_", "RUNNER_"))]:
        monkeypatch.delenv(name)
    _guard["on"] = True
    yield
    _guard["on"] = False
