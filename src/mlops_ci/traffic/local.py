"""Versions as processes of this machine behind a real Envoy; what runs stands in files, so any process can go on."""

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from mlops_ci.errors import ProgramFailed, Rejected
from mlops_ci.net import Client, free_port, port_is_free
from mlops_ci.ports import Clock
from mlops_ci.process import Detached, alive, spawn, stop
from mlops_ci.tools.envoy import Envoy, latency_bounds
from mlops_ci.traffic.engine import Counts, Workload

_POLL = 0.05  # seconds between looks at something that should happen soon
_APPLIES_WITHIN = 10.0  # seconds Envoy has to take a new split; it takes milliseconds


class NeverReady(Rejected):
    """A version was started and did not become ready."""


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """The proxy and the services of one model in one environment."""

    folder: Path
    host: str
    port: int
    slow_ms: float
    ready_timeout: float
    clock: Clock

    @property
    def proxy(self) -> Envoy:
        """Return the proxy's description; it may or may not run."""
        return Envoy(self.folder, self.host, self.port)

    @property
    def bounds(self) -> tuple[float, ...]:
        """Return the bounds of Envoy's latency buckets, in ms."""
        return latency_bounds(self.slow_ms)

    def start(self, workload: Workload) -> None:
        """Start a version and wait until it answers `/readyz`; nothing happens when it does already."""
        self._ensure_proxy()
        if self.running(workload.name) and self._answers(workload.name):
            return
        self._end(workload.name)
        port = free_port()
        env = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "MODEL_PATH": str(workload.model),
            "MODEL_DIGEST": workload.model_digest,
            "RELEASE": workload.name,
            "REQUEST_LOG": str(self._file(workload.name, "requests.jsonl")),
            "PYTHONPATH": str(workload.code / "src"),
        }
        log = self._file(workload.name, "log")
        service = spawn(workload.command, cwd=workload.code, env=env, log=log)
        _write(self._file(workload.name, "json"), {**service.to_json(), "port": port})
        self._await_ready(workload.name, log)
        self.proxy.write_clusters(self._ports())
        self._await(lambda: workload.name in self.proxy.known_clusters(), f"the proxy did not take {workload.name}")

    def route(self, weights: Mapping[str, int]) -> None:
        """Split the traffic and wait until Envoy has the split in force."""
        self._ensure_proxy()
        self.proxy.write_weights(weights)
        self._await(lambda: self.proxy.weights() == dict(weights), "the proxy did not take the new weights")

    def weights(self) -> dict[str, int]:
        """Return the split that Envoy has in force."""
        return self.proxy.weights()

    def counts(self) -> dict[str, Counts]:
        """Return Envoy's counts by version."""
        found = {}
        for name, one in self.proxy.stats().items():
            cumulative = [0, *(one.faster.get(bound, 0) for bound in self.bounds), one.timed]
            latency = tuple(max(b - a, 0) for a, b in pairwise(cumulative))
            found[name] = Counts(one.started, one.requests, one.errors, latency)
        return found

    def running(self, name: str) -> bool:
        """Say whether a version's process runs."""
        service = self._service(name)
        return service is not None and alive(service)

    def ready(self, name: str) -> bool | None:
        """Return what a version's `/readyz` says; None when it says nothing within a quarter of a second."""
        with suppress(ProgramFailed, KeyError):
            return Client(timeout=0.25).get(f"http://127.0.0.1:{self._ports()[name]}/readyz").status == 200  # noqa: PLR2004
        return None

    def versions(self) -> set[str]:
        """Return the versions that were started here and not retired."""
        return set(self._ports())

    def all_run(self) -> bool:
        """Say whether every version that gets traffic runs; a proxy that does not answer says nothing against it."""
        with suppress(ProgramFailed):
            return all(self.running(name) for name, weight in self.weights().items() if weight)
        return True

    def proxy_runs(self) -> bool:
        """Say whether Envoy runs."""
        proxy = _read(self.folder / "proxy.json")
        return proxy is not None and alive(Detached(int(proxy["pid"]), proxy["started"]))

    def retire(self, name: str, *, drain: float) -> None:
        """Stop a version that gets no traffic; the proxy forgets it first."""
        self.clock.sleep(drain)
        self.proxy.write_clusters({one: port for one, port in self._ports().items() if one != name})
        self._end(name)

    def stop(self) -> None:
        """Stop the proxy, then every service."""
        proxy = _read(self.folder / "proxy.json")
        if proxy is not None:
            stop(Detached(int(proxy["pid"]), proxy["started"]))
        for path in ("proxy.json", "clusters.json", "routes.json"):
            (self.folder / path).unlink(missing_ok=True)
        shutil.rmtree(self.proxy.admin.parent, ignore_errors=True)
        for name in self._ports():
            self._end(name)

    def _ensure_proxy(self) -> None:
        if self.proxy_runs():  # a slow answer is no reason to take a proxy away from its users
            with suppress(ProgramFailed):
                self._await(self.proxy.ready, "the proxy does not answer")
                return
        self.folder.mkdir(parents=True, exist_ok=True)
        proxy = _read(self.folder / "proxy.json")
        if proxy is not None:
            stop(Detached(int(proxy["pid"]), proxy["started"]), grace=1.0)
        if not port_is_free(self.host, self.port):
            raise ProgramFailed(
                f"Port {self.port} on {self.host} is taken. Stop what listens there, or choose another: canary.port."
            )
        started = self.proxy.start(self.slow_ms)
        _write(self.folder / "proxy.json", started.to_json())
        self._await(self.proxy.ready, f"Envoy did not start; see {self.folder / 'envoy.log'}")

    def _await_ready(self, name: str, log: Path) -> None:
        end = self.clock.monotonic() + self.ready_timeout
        while self.running(name):
            if self._answers(name):
                return
            if self.clock.monotonic() > end:
                self._end(name)
                raise NeverReady(f"{name} did not become ready within {self.ready_timeout:g} s. Its log: {log}")
            self.clock.sleep(_POLL)
        last = "\n".join(log.read_text(errors="replace").strip().splitlines()[-8:])
        self._end(name)
        raise NeverReady(f"{name} ended before it became ready. The end of its log:\n{last}")

    def _answers(self, name: str) -> bool:
        with suppress(ProgramFailed):
            url = f"http://127.0.0.1:{self._ports()[name]}/readyz"
            return Client(timeout=1.0).get(url).status == 200  # noqa: PLR2004
        return False

    def _await(self, happened: Any, complaint: str) -> None:  # noqa: ANN401 - a callable that says yes or no
        end = self.clock.monotonic() + _APPLIES_WITHIN
        while True:
            with suppress(ProgramFailed):
                if happened():
                    return
            if self.clock.monotonic() > end:
                raise ProgramFailed(f"{complaint} within {_APPLIES_WITHIN:g} s.")
            self.clock.sleep(0.01)

    def _service(self, name: str) -> Detached | None:
        raw = _read(self._file(name, "json"))
        return Detached(int(raw["pid"]), raw["started"]) if raw else None

    def _end(self, name: str) -> None:
        service = self._service(name)
        if service:
            stop(service)
        self._file(name, "json").unlink(missing_ok=True)

    def _ports(self) -> dict[str, int]:
        found = ((path.stem, _read(path)) for path in (self.folder / "services").glob("*.json"))
        return {name: int(raw["port"]) for name, raw in found if raw}

    def _file(self, name: str, kind: str) -> Path:
        (self.folder / "services").mkdir(parents=True, exist_ok=True)
        return self.folder / "services" / f"{name}.{kind}"


def _read(path: Path) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        raw = json.loads(path.read_text())
        return raw if isinstance(raw, dict) else None
    return None


def _write(path: Path, content: Mapping[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(content))
    partial.replace(path)
