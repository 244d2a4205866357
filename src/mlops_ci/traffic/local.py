"""Versions on this machine behind a real Envoy; what runs stands in files and labels, so any process can go on."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from mlops_ci.errors import ProgramFailed
from mlops_ci.net import Client, port_is_free
from mlops_ci.ports import Clock
from mlops_ci.process import Detached, alive, stop
from mlops_ci.tools.envoy import Envoy
from mlops_ci.tools.envoy.config import Sticky
from mlops_ci.tools.envoy.stats import latency_bounds
from mlops_ci.traffic.engine import Counts, NeverReady, Workload
from mlops_ci.traffic.services import Services, read, write

_POLL = 0.05  # seconds between looks at something that should happen soon
_STARTS_WITHIN = 30.0  # seconds Envoy has to start; it takes a tenth of one where nothing else runs
_APPLIES_WITHIN = 10.0  # seconds Envoy has to take a new split; it takes milliseconds


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """The proxy and the services of one model in one environment."""

    folder: Path
    host: str
    port: int
    slow_ms: float
    ready_timeout: float
    clock: Clock
    services: Services
    sticky: Sticky | None = None

    @property
    def proxy(self) -> Envoy:
        """Return the proxy's description; it may or may not run."""
        return Envoy(self.folder, self.host, self.port, self.sticky)

    @property
    def bounds(self) -> tuple[float, ...]:
        """Return the bounds of Envoy's latency buckets, in ms."""
        return latency_bounds(self.slow_ms)

    def start(self, workload: Workload) -> None:
        """Start a version and wait until it answers `/readyz`; nothing happens when it does already."""
        self._ensure_proxy()
        name = workload.name
        if not (self.running(name) and self._answers(name)):
            self.services.end(name)
            self.services.start(workload)
            self._await_ready(name)
        self.proxy.write_clusters(self.services.ports())
        self._await(lambda: name in self.proxy.known_clusters(), f"the proxy did not take {name}")

    def route(self, weights: Mapping[str, int]) -> None:
        """Split the traffic and wait until Envoy has the split in force."""
        self._ensure_proxy()
        self.proxy.write_weights(weights)
        self._await(lambda: self.proxy.weights() == dict(weights), "the proxy did not take the new weights")

    def mirror(self, champion: str, challenger: str) -> None:
        """Give the champion all traffic and the challenger copies of it, and wait until that is in force."""
        self._ensure_proxy()
        self.proxy.write_weights({champion: 100}, challenger)
        self._await(lambda: self.proxy.mirror() == challenger, "the proxy did not begin to copy requests")

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
        """Say whether a version runs."""
        return self.services.running(name)

    def ready(self, name: str) -> bool | None:
        """Return what a version's `/readyz` says; None when it says nothing within a quarter of a second."""
        with suppress(ProgramFailed, KeyError):
            port = self.services.ports()[name]
            return Client(timeout=0.25).get(f"http://127.0.0.1:{port}/readyz").status == 200  # noqa: PLR2004
        return None

    def versions(self) -> set[str]:
        """Return the versions that were started here and not retired."""
        return set(self.services.ports())

    def all_run(self) -> bool:
        """Say whether every version that gets traffic runs; a proxy that does not answer says nothing against it."""
        with suppress(ProgramFailed):
            return all(self.running(name) for name, weight in self.weights().items() if weight)
        return True

    def proxy_runs(self) -> bool:
        """Say whether Envoy runs."""
        proxy = read(self.folder / "proxy.json")
        return proxy is not None and alive(Detached(int(proxy["pid"]), proxy["started"]))

    def request_log(self, name: str) -> Path:
        """Return the file to which a version writes its requests."""
        return self.services.request_log(name)

    def user_log(self) -> Path:
        """Return the access log; only a sticky proxy writes it."""
        return self.proxy.user_log

    def retire(self, name: str, *, drain: float) -> None:
        """Stop a version that gets no traffic; the proxy forgets it first."""
        self.clock.sleep(drain)
        self.proxy.write_clusters({one: port for one, port in self.services.ports().items() if one != name})
        self.services.end(name)

    def stop(self) -> None:
        """Stop the proxy, then every service."""
        proxy = read(self.folder / "proxy.json")
        if proxy is not None:
            stop(Detached(int(proxy["pid"]), proxy["started"]))
        (self.folder / "proxy.json").unlink(missing_ok=True)
        shutil.rmtree(self.proxy.admin.parent, ignore_errors=True)
        self.proxy.forget()
        for name in self.services.ports():
            self.services.end(name)

    def _ensure_proxy(self) -> None:
        if self.proxy_runs():  # a slow answer is no reason to take a proxy away from its users
            with suppress(ProgramFailed):
                self._await(self.proxy.ready, "the proxy does not answer")
                return
        self.folder.mkdir(parents=True, exist_ok=True)
        proxy = read(self.folder / "proxy.json")
        if proxy is not None:
            stop(Detached(int(proxy["pid"]), proxy["started"]), grace=1.0)
        if not port_is_free(self.host, self.port):
            raise ProgramFailed(
                f"Port {self.port} on {self.host} is taken. Stop what listens there, or choose another: canary.port."
            )
        started = self.proxy.start(self.slow_ms)
        write(self.folder / "proxy.json", started.to_json())
        self._await(self.proxy.ready, f"Envoy did not start; see {self.folder / 'envoy.log'}", _STARTS_WITHIN)

    def _await_ready(self, name: str) -> None:
        end = self.clock.monotonic() + self.ready_timeout
        while self.running(name):
            if self._answers(name):
                return
            if self.clock.monotonic() > end:
                raise self._never_ready(name, f"did not become ready within {self.ready_timeout:g} s")
            self.clock.sleep(_POLL)
        raise self._never_ready(name, "ended before it became ready")

    def _never_ready(self, name: str, how: str) -> NeverReady:
        last = self.services.last_words(name)
        self.services.end(name)
        return NeverReady(f"{name} {how}. The end of its log:\n{last}")

    def _answers(self, name: str) -> bool:
        port = self.services.ports().get(name)
        with suppress(ProgramFailed):
            return port is not None and Client(timeout=1.0).get(f"http://127.0.0.1:{port}/readyz").status == 200  # noqa: PLR2004
        return False

    def _await(self, happened: Callable[[], bool], complaint: str, seconds: float = _APPLIES_WITHIN) -> None:
        end = self.clock.monotonic() + seconds
        while True:
            with suppress(ProgramFailed):
                if happened():
                    return
            if self.clock.monotonic() > end:
                raise ProgramFailed(f"{complaint} within {seconds:g} s.")
            self.clock.sleep(0.01)
