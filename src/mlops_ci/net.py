"""The only HTTP client: bounded in time, over TCP or a Unix socket."""

import json
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from mlops_ci.errors import ProgramFailed


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)  # whatever case their names are asked in

    def json(self) -> Any:  # noqa: ANN401 - it is whatever the service sent
        """Return the body, decoded."""
        return json.loads(self.body)


class Client:
    """Keeps connections open between requests; one for each thread or shared, both are safe."""

    def __init__(self, *, timeout: float = 5.0, connections: int = 8) -> None:
        """Bound every request to `timeout` seconds; keep up to `connections` open for each host."""
        self._pool = urllib3.PoolManager(maxsize=connections, timeout=urllib3.Timeout(total=timeout), retries=False)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Send GET; raise ProgramFailed when no answer comes."""
        return self._send("GET", url, None, headers)

    def post_json(self, url: str, body: Mapping[str, Any]) -> Answer:
        """Send POST with a JSON body; raise ProgramFailed when no answer comes."""
        return self.send("POST", url, body)

    def send(
        self, method: str, url: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send any request, with a JSON body if there is one; raise ProgramFailed when no answer comes."""
        if body is None:
            return self._send(method, url, None, headers)
        return self._send(
            method, url, json.dumps(body).encode(), {"content-type": "application/json", **(headers or {})}
        )

    def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None) -> Answer:
        try:
            answer = self._pool.request(method, url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as problem:
            raise ProgramFailed(f"no answer from {url}: {problem}") from problem
        return Answer(answer.status, answer.data, answer.headers)


def download(url: str, target: Path, *, timeout: float = 60.0) -> None:
    """Write what a URL leads to into a file, piece by piece; raise ProgramFailed when it cannot be had."""
    try:
        with urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(3)) as pool:
            answer = pool.request("GET", url, preload_content=False)
            if answer.status != HTTPStatus.OK:
                raise ProgramFailed(f"{url} cannot be downloaded: the server answers {answer.status}.")
            with target.open("wb") as stream:
                for piece in answer.stream(1024**2):
                    stream.write(piece)
    except urllib3.exceptions.HTTPError as problem:
        raise ProgramFailed(f"{url} cannot be downloaded: {problem}") from problem


def get_from_socket(path: Path, target: str, *, timeout: float = 2.0) -> Answer:
    """Send GET for `target` to the HTTP server on the Unix socket `path`; raise ProgramFailed without answer."""
    with closing(_UnixPool(path, timeout)) as pool:
        try:
            answer = pool.request("GET", target)
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            raise ProgramFailed(f"no answer from the socket {path.name}: {problem}") from problem
        return Answer(answer.status, answer.data)


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path
        self._timeout = timeout

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout)
        self.sock.connect(str(self._path))


class _UnixPool(HTTPConnectionPool):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout, retries=False)
        self._socket = (path, timeout)

    def _new_conn(self) -> _UnixConnection:
        return _UnixConnection(*self._socket)


def free_port() -> int:
    """Return a TCP port on the loopback address that nobody listens on at this moment."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(host: str, port: int) -> bool:
    """Say whether a server could listen there now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
