import os
import tempfile
from pathlib import Path

import pytest

from mlops_ci.tools.envoy import Envoy

LONGEST = 103  # bytes that the path of a socket may have on every system


@pytest.mark.parametrize("folder", ["/short", "/var/" + "ä" * 60, "/var/folders/" + "x" * 90])
def test_the_admin_socket_has_a_path_that_every_system_takes(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", folder)
    one, other = (Envoy(Path(name), "127.0.0.1", 1).admin for name in ("a" * 300, "b"))
    assert len(os.fsencode(one)) <= LONGEST
    assert one != other
