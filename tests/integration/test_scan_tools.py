"""How scanners come to a machine: what was released, to the byte, or nothing."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from builders import mlops_ci
from integration.scanning import FOLDER
from mlops_ci.errors import ProgramFailed, UsageProblem
from mlops_ci.security import programs
from mlops_ci.security.programs import Pin

pytestmark = pytest.mark.integration

HERE = programs.pins()["hadolint"].platform


def archive(text: str) -> bytes:
    packed, content = io.BytesIO(), f"#!/bin/sh\necho {text}\n".encode()
    with tarfile.open(fileobj=packed, mode="w:gz") as stream:
        about = tarfile.TarInfo("trivy")
        about.size = len(content)
        stream.addfile(about, io.BytesIO(content))
    return packed.getvalue()


class _Vendor(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved.tar.gz":
            self.send_response(302)
            self.send_header("location", "/trivy.tar.gz")
            self.end_headers()
            return
        found = archive("Version: 9.9.9") if self.path == "/trivy.tar.gz" else b""
        self.send_response(200 if found else 404)
        self.send_header("content-length", str(len(found)))
        self.end_headers()
        self.wfile.write(found)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def vendor() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Vendor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def pinned(monkeypatch: pytest.MonkeyPatch, url: str, sha256: str | None = None) -> None:
    digest = sha256 or hashlib.sha256(archive("Version: 9.9.9")).hexdigest()
    pin = Pin("trivy", "9.9.9", "9.0.0", HERE, digest, url)
    monkeypatch.setattr(programs, "pins", lambda: {"trivy": pin})


@pytest.mark.parametrize("name", ["trivy", "moved"])
def test_what_the_vendor_released_is_installed_once(
    monkeypatch: pytest.MonkeyPatch, vendor: str, tmp_path: Path, name: str
) -> None:
    pinned(monkeypatch, f"{vendor}/{name}.tar.gz")
    made = programs.install("trivy", tmp_path)
    assert Path(made.path).stat().st_mode & 0o111
    pinned(monkeypatch, f"{vendor}/gone.tar.gz")  # it is not fetched again
    assert programs.install("trivy", tmp_path) == made
    assert programs.find("trivy", tmp_path) == made


def test_what_has_another_hash_is_refused_and_nothing_of_it_stays(
    monkeypatch: pytest.MonkeyPatch, vendor: str, tmp_path: Path
) -> None:
    pinned(monkeypatch, f"{vendor}/trivy.tar.gz", "0" * 64)
    with pytest.raises(ProgramFailed, match="it has another SHA-256"):
        programs.install("trivy", tmp_path)
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


def test_what_is_not_there_cannot_be_installed(monkeypatch: pytest.MonkeyPatch, vendor: str, tmp_path: Path) -> None:
    pinned(monkeypatch, f"{vendor}/gone.tar.gz")
    with pytest.raises(ProgramFailed, match="the server answers 404"):
        programs.install("trivy", tmp_path)
    with pytest.raises(UsageProblem, match="nothing cannot be installed"):
        programs.install("nothing", tmp_path)


def test_what_is_here_is_listed(scanners: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    listed = mlops_ci(tmp_path / "work", "tools", "list", "--folder", str(FOLDER)).stdout.splitlines()
    versions = {line.split()[0]: line.split()[1] for line in listed}
    assert versions["bandit"] == programs.pins()["bandit"].version
    assert versions["hadolint"] == programs.pins()["hadolint"].version
