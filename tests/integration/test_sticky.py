"""A real Envoy keeps each user with one version, and writes down who asked without writing down what they sent."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import urllib3

from builders import mlops_ci
from mlops_ci.net import free_port, port_is_free
from mlops_ci.process import Detached, spawn, stop
from mlops_ci.rollout.sources.tail import Tail
from mlops_ci.rollout.sources.users import UserCounts
from mlops_ci.tools.envoy import Envoy
from mlops_ci.tools.envoy.config import Sticky

pytestmark = pytest.mark.integration

BOUNDS = (100.0,)


class _Version(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        name = self.server.name  # type: ignore[attr-defined]
        bad = name == "v2" and self.headers.get("x-fail") == "yes"
        self.send_response(500 if bad else 200)
        self.send_header("content-length", str(len(name)))
        self.end_headers()
        self.wfile.write(name.encode())

    def log_message(self, *_: object) -> None:
        pass


class Proxied:
    """Two versions behind an Envoy, and people who ask."""

    def __init__(self, folder: Path, sticky: Sticky) -> None:
        self.envoy = Envoy(folder, "127.0.0.1", free_port(), sticky)
        self._pool = urllib3.PoolManager(maxsize=8)
        self.servers = [ThreadingHTTPServer(("127.0.0.1", 0), _Version) for _ in range(2)]
        for server, name in zip(self.servers, ("v1", "v2"), strict=True):
            server.name = name  # type: ignore[attr-defined]
            Thread(target=server.serve_forever, daemon=True).start()
        self._process = self.envoy.start(100.0)
        self.wait(self.envoy.ready)
        self.envoy.write_clusters({"v1": self.servers[0].server_port, "v2": self.servers[1].server_port})
        self.wait(lambda: {"v1", "v2"} <= self.envoy.known_clusters())

    def wait(self, happened: object) -> None:
        end = time.monotonic() + 10
        while not happened():  # type: ignore[operator]
            assert time.monotonic() < end
            time.sleep(0.02)

    def route(self, challenger: int) -> None:
        weights = {"v1": 100 - challenger, "v2": challenger}
        self.envoy.write_weights(weights)
        self.wait(lambda: self.envoy.weights() == weights)

    def ask(self, port: int | None = None, **headers: str) -> str:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._pool.request("GET", f"http://127.0.0.1:{port or self.envoy.port}/", headers=sent).data.decode()

    def lines(self, least: int) -> list[dict[str, object]]:
        """Return the access log once it has that many lines."""
        self.wait(lambda: self.envoy.user_log.read_bytes().count(b"\n") >= least)
        return [json.loads(line) for line in self.envoy.user_log.read_text().splitlines()]

    def close(self) -> None:
        stop(self._process, grace=1.0)
        self._pool.clear()
        for server in self.servers:
            server.shutdown()
            server.server_close()


@pytest.fixture
def by_cookie(tmp_path: Path) -> Iterator[Proxied]:
    made = Proxied(tmp_path, Sticky(cookie="session"))
    yield made
    made.close()


@pytest.fixture
def by_header(tmp_path: Path) -> Iterator[Proxied]:
    made = Proxied(tmp_path, Sticky(header="x-user"))
    yield made
    made.close()


def test_a_user_stays_with_one_version(by_cookie: Proxied) -> None:
    by_cookie.route(50)
    for user in ("ada", "grace", "barbara"):
        assert len({by_cookie.ask(cookie=f"theme=dark; session={user}") for _ in range(200)}) == 1
    assert len({by_cookie.ask(cookie="theme=dark") for _ in range(60)}) == 2, "who is not known is split at random"


def test_users_follow_the_weight_and_none_goes_back_while_it_rises(by_header: Proxied) -> None:
    users = [f"user-{number}" for number in range(1000)]
    before: set[str] = set()
    for weight in (5, 25, 50):
        by_header.route(weight)
        with ThreadPoolExecutor(8) as pool:
            answers = dict(zip(users, pool.map(lambda user: by_header.ask(x_user=user), users), strict=True))
        challenged = {user for user, version in answers.items() if version == "v2"}
        spread = (weight / 100 * (1 - weight / 100) * len(users)) ** 0.5
        assert abs(len(challenged) - weight / 100 * len(users)) < 4 * spread
        assert before <= challenged
        before = challenged


def test_the_log_names_users_by_a_keyed_digest_only(by_cookie: Proxied) -> None:
    by_cookie.route(50)
    by_cookie.ask(cookie="session=very-secret-4711", authorization="Bearer very-secret-4712")
    by_cookie.ask()
    named, unknown = by_cookie.lines(2)
    key = (by_cookie.envoy.folder / "users.key").read_text()
    assert named["user"] == hashlib.sha256(f"{key}very-secret-4711".encode()).hexdigest()[:32]
    assert unknown["user"] is None
    assert named["release"] in {"v1", "v2"}
    assert not [path for path in by_cookie.envoy.folder.iterdir() if b"very-secret" in path.read_bytes()]
    assert {oct(by_cookie.envoy.folder.joinpath(one).stat().st_mode)[-3:] for one in ("users.key", "envoy.json")} == {
        "600"
    }


def test_users_are_counted_once_and_their_first_bad_answer(by_header: Proxied) -> None:
    by_header.route(50)
    served = Counter({"v1": 0, "v2": 0})
    for number in range(40):
        user = f"user-{number}"
        served[by_header.ask(x_user=user)] += 1
        for _ in range(5):
            by_header.ask(x_user=user, x_fail="yes")
    by_header.lines(240)
    counts = UserCounts(Tail(by_header.envoy.user_log), BOUNDS).counts()
    assert {name: one.started for name, one in counts.items()} == served
    assert counts["v1"].errors == 0
    assert counts["v2"].errors == served["v2"], "each once, although each failed five times"
    assert counts["v2"].requests >= served["v2"]


def _with_default_log(proxied: Proxied, folder: Path) -> tuple[Detached, int]:
    """Start another Envoy on the same versions, with an access log as Envoy writes it by default."""
    config = json.loads((proxied.envoy.folder / "envoy.json").read_text())
    port, (listener,) = free_port(), config["static_resources"]["listeners"]
    listener["address"]["socket_address"]["port_value"] = port
    config["admin"]["address"]["pipe"]["path"] = str(folder / "admin.sock")
    (logged,) = listener["filter_chains"][0]["filters"][0]["typed_config"]["access_log"]
    logged["typed_config"] = {"@type": logged["typed_config"]["@type"], "path": str(folder / "access.log")}
    (folder / "second.json").write_text(json.dumps(config))
    argv = ["envoy", "--config-path", str(folder / "second.json"), "--use-dynamic-base-id", "--concurrency", "1"]
    return spawn(argv, cwd=folder, env={}, log=folder / "second.log"), port


def test_real_access_logs_can_be_replayed(by_header: Proxied, tmp_path: Path) -> None:
    by_header.route(50)
    second, port = _with_default_log(by_header, tmp_path)
    by_header.wait(lambda: not port_is_free("127.0.0.1", port))
    for number in range(400):
        by_header.ask(x_user=f"user-{number % 200}", x_fail="yes")
        by_header.ask(port, x_user=f"user-{number % 200}", x_fail="yes")
    stop(second, grace=5.0)
    by_header.lines(400)
    hosts = [f"127.0.0.1:{server.server_port}" for server in by_header.servers]
    for kind, file, names in (
        ("json-log", by_header.envoy.user_log, ["v1", "v2"]),
        ("envoy-log", tmp_path / "access.log", hosts),
    ):
        who = ["--from", kind, "--champion", names[0], "--challenger", names[1]]
        ended = mlops_ci(tmp_path, "canary", "replay", str(file), "--format", "json", "--tick", "0.2", *who)
        assert ended.code == 0, ended.stderr
        assert json.loads(ended.stdout)["guardrail"] == "errors"
        wrong = mlops_ci(tmp_path, "canary", "replay", str(file), *who, "--weights", "9:5,3:9")
        assert (wrong.code, wrong.stdout) == (2, "")
        assert "times rise" in wrong.stderr
    unnamed = mlops_ci(tmp_path, "canary", "replay", str(file), "--from", kind)
    assert (unnamed.code, unnamed.stdout) == (2, "")
    assert "name --champion" in unnamed.stderr
