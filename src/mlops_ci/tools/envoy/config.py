"""Envoy's configuration, as data: where it listens, which versions it knows, and how requests are split among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

_TYPE = "type.googleapis.com/envoy"
_ROUTES = f"{_TYPE}.config.route.v3.RouteConfiguration"
_CLUSTER = f"{_TYPE}.config.cluster.v3.Cluster"
_FILTERS = f"{_TYPE}.extensions.filters"
SHADOW = "-shadow"  # ends the names of the clusters that get copies of requests

# One line a request: who (a keyed digest), when it began, who answered, how, and after how many milliseconds.
_USER_LINE = {
    "t": "%START_TIME(%s.%3f)%",
    "user": "%DYNAMIC_METADATA(mlops-ci:user)%",
    "release": "%UPSTREAM_CLUSTER%",
    "status": "%RESPONSE_CODE%",
    "ms": "%DURATION%",
}


@dataclass(frozen=True, slots=True)
class Sticky:
    """By which of its requests' headers or cookies a user is known; a user stays with one version."""

    header: str | None = None
    cookie: str | None = None

    @property
    def hash_policy(self) -> dict[str, Any]:
        """Return what Envoy hashes; a request without it is split at random."""
        return {"header": {"header_name": self.header}} if self.header else {"cookie": {"name": self.cookie}}


@dataclass(frozen=True, slots=True)
class Users:
    """How users are named in the access log: by a digest with a key of this proxy's own, never by what they sent."""

    sticky: Sticky
    key: str
    log: Path

    @property
    def script(self) -> str:
        """Return the filter that names them, with its three values before it."""
        values = (f'"{self.key}"', _lua(self.sticky.header), _lua(self.sticky.cookie))
        source = (files("mlops_ci") / "resources/envoy/users.lua").read_text("utf-8")
        return f"local KEY, HEADER, COOKIE = {', '.join(values)}\n{source}"


def bootstrap(
    *, folder: Path, admin: Path, host: str, port: int, buckets: tuple[float, ...], users: Users | None
) -> dict[str, Any]:
    """Return what Envoy starts with; clusters and routes follow from files that it watches in `folder`."""
    manager = {
        "@type": f"{_FILTERS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "ingress",
        "generate_request_id": True,
        "rds": {"route_config_name": "routes", "config_source": _watched(folder, "routes")},
        "http_filters": [*([_named(users)] if users else []), _filter("router", "Router")],
        **({"access_log": [_logged(users)]} if users else {}),
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    address = {"socket_address": {"address": host, "port_value": port}}
    histograms = [{"match": {"suffix": "upstream_rq_time"}, "buckets": list(buckets)}]
    return {
        "node": {"id": "mlops-ci", "cluster": "mlops-ci"},
        "admin": {"address": {"pipe": {"path": str(admin), "mode": 0o600}}},
        "stats_flush_interval": "0.5s",
        "stats_config": {"histogram_bucket_settings": histograms},
        "static_resources": {"listeners": [{"name": "ingress", "address": address, "filter_chains": [chain]}]},
        "dynamic_resources": {"cds_config": _watched(folder, "clusters")},
    }


def clusters(ports: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return every version twice: for its users, and for copies of requests, which have counters of their own."""
    return [_cluster(name + suffix, port) for name, port in sorted(ports.items()) for suffix in ("", SHADOW)]


def routes(weights: Mapping[str, int], sticky: Sticky | None, mirror: str | None) -> list[dict[str, Any]]:
    """Return one table with one route.

    Args:
        weights: version → percent, 100 together; nobody answers where there are none.
        sticky: by what users are known, where they stay with a version. While one version's weight only rises, no
            user leaves it again: Envoy takes the hash modulo 100, and versions stand in the order of their names.
        mirror: a version that gets a copy of every request, and whose answers nobody sees.
    """
    split: dict[str, Any] = {"clusters": [{"name": one, "weight": weight} for one, weight in sorted(weights.items())]}
    action: dict[str, Any] = {"weighted_clusters": split, "timeout": "30s"}
    if sticky:
        split["use_hash_policy"] = True
        action["hash_policy"] = [sticky.hash_policy]
    if mirror:
        action["request_mirror_policies"] = [{"cluster": mirror + SHADOW}]
    nobody = {"direct_response": {"status": 503, "body": {"inline_string": "no release yet\n"}}}
    route = {"match": {"prefix": "/"}, **({"route": action} if weights else nobody)}
    host = {"name": "all", "domains": ["*"], "routes": [route]}
    return [{"@type": _ROUTES, "name": "routes", "virtual_hosts": [host]}]


def _watched(folder: Path, name: str) -> dict[str, Any]:
    path = {"path": str(folder / f"{name}.json"), "watched_directory": {"path": str(folder)}}
    return {"path_config_source": path, "resource_api_version": "V3"}


def _filter(name: str, kind: str, **config: Any) -> dict[str, Any]:  # noqa: ANN401 - as Envoy has it
    typed = {"@type": f"{_FILTERS}.http.{name}.v3.{kind}", **config}
    return {"name": f"envoy.filters.http.{name}", "typed_config": typed}


def _named(users: Users) -> dict[str, Any]:
    return _filter("lua", "Lua", default_source_code={"inline_string": users.script})


def _logged(users: Users) -> dict[str, Any]:
    kind = f"{_TYPE}.extensions.access_loggers.file.v3.FileAccessLog"
    config = {"@type": kind, "path": str(users.log), "log_format": {"json_format": _USER_LINE}}
    return {"name": "envoy.access_loggers.file", "typed_config": config}


def _cluster(name: str, port: int) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    assignment = {"cluster_name": name, "endpoints": endpoints}
    kind = {"@type": _CLUSTER, "name": name, "type": "STATIC", "connect_timeout": "1s"}
    return {**kind, "load_assignment": assignment}


def _lua(text: str | None) -> str:
    return f'"{text}"' if text else "nil"
