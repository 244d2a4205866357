import os
import pwd
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest


def test_a_unit_test_that_starts_a_program_is_told_so() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"started a program .*move it to tests/integration"):
        subprocess.run([sys.executable, "--version"], check=False)


def test_a_unit_test_that_uses_the_network_is_told_so() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"used the network .*pass a fake"):
        socket.create_connection(("127.0.0.1", 9), timeout=1)


def test_code_that_swallows_every_exception_cannot_hide_it() -> None:
    with pytest.raises(pytest.fail.Exception), suppress(Exception):
        socket.socket()


def test_a_unit_test_that_writes_to_the_real_home_directory_is_told_so() -> None:
    real = Path(pwd.getpwuid(os.getuid()).pw_dir)
    with pytest.raises(pytest.fail.Exception, match=r"touched the home directory .*use tmp_path"):
        (real / ".mlops-ci-was-here").write_text("no")


def test_home_is_an_empty_folder_of_its_own() -> None:
    assert list(Path.home().iterdir()) == []
