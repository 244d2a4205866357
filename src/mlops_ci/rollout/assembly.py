"""Put a canary's parts together from the settings: on this machine, processes or containers behind Envoy."""

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mlops_ci.errors import MlopsCiError
from mlops_ci.evidence import seal
from mlops_ci.ports import Clock, Progress
from mlops_ci.release.branch import StateBranch
from mlops_ci.release.keyring import Keyring
from mlops_ci.release.leases import RemoteLease
from mlops_ci.rollout import supervisor
from mlops_ci.rollout.candidates import Shelf
from mlops_ci.rollout.journal import Journal
from mlops_ci.rollout.lease import Guard, Lease
from mlops_ci.rollout.parts import Parts
from mlops_ci.rollout.recorder import Recorder
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.tools.docker import Docker, Limits
from mlops_ci.tools.envoy.config import Sticky
from mlops_ci.tools.git import Git
from mlops_ci.tools.mlflow import Registry
from mlops_ci.traffic.containers import Containers
from mlops_ci.traffic.images import Recipe
from mlops_ci.traffic.local import LocalEngine
from mlops_ci.traffic.processes import Processes
from mlops_ci.traffic.services import Services


@dataclass(frozen=True, slots=True)
class Assembly:
    """What the parts are made from."""

    settings: CanarySettings
    root: Path
    model: str
    tracking_uri: str
    git: Git
    clock: Clock
    settings_path: Path | None = None
    chosen_model: str | None = None  # by --model, when the settings hold several

    def branch(self, environment: str | None = None) -> StateBranch:
        """Return the record of this environment, or of another."""
        return StateBranch(self.git, environment or self.settings.environment, self.model)

    def engine(self) -> LocalEngine:
        """Return what runs this model's versions here."""
        options = self.settings
        folder = self.root / options.runtime / options.environment / self.model
        services: Services = Processes(folder)
        if options.engine == "docker":
            limits = Limits(options.docker.memory_mb * 1024**2, options.docker.cpus)
            services = Containers(folder, limits, self.recipe())
        place = options.host, options.port
        return LocalEngine(
            folder, *place, options.slow_ms, options.ready_timeout, self.clock, services, _sticky(options)
        )

    def recipe(self) -> Recipe:
        """Return how this model's images are made."""
        return Recipe(Docker(), str(self.settings.docker.model_path), self.settings.docker.build_network)

    def lease(self) -> Lease:
        """Return the lease of whoever steers."""
        return Lease(self.engine().folder / "lease.json", self.clock)

    def remote_lease(self) -> RemoteLease:
        """Return the same on origin, for other machines."""
        return RemoteLease(self.git, self.settings.environment, self.model)

    def hand_over(self) -> None:
        """Leave the canary to another machine, whose versions start from the record; here nothing goes on running."""
        seconds = self.settings.attendance
        self.lease().hand_over(seconds)
        with suppress(MlopsCiError):  # the supervisor says it again
            self.remote_lease().leave(self.clock.now(), seconds, anywhere=True)

    def shelf(self) -> Shelf:
        """Return where code and models of releases come from; it connects to the registry."""
        registry = Registry(self.tracking_uri, self.root)
        return Shelf(self.git, registry, self.model, self.root / self.settings.runtime, tuple(self.settings.serve))

    def journal(self) -> Journal:
        """Return what canaries did on this machine."""
        return Journal(self.engine().folder)

    def parts(self, progress: Progress, keyring: Keyring) -> Parts:
        """Return what a canary is steered by; the registry is connected when a version must be fetched."""
        signer = cache(keyring.signer)
        shelf = cache(self.shelf)
        guard = Guard(self.lease(), lambda: supervisor.start(self), self.remote_lease())
        return Parts(
            self.engine(),
            Recorder(self.branch(), lambda statement: seal(statement, signer()), self.clock, progress),
            lambda release: shelf().workload(release),
            self.settings,
            self.clock,
            progress,
            guard,
            self.journal(),
        )


def _sticky(settings: CanarySettings) -> Sticky | None:
    return Sticky(settings.sticky.header, settings.sticky.cookie) if settings.sticky else None
