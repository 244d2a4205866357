"""Put a canary's parts together from the settings: on this machine, processes behind Envoy."""

from dataclasses import dataclass
from pathlib import Path

from mlops_ci.ports import Clock
from mlops_ci.release.branch import StateBranch
from mlops_ci.release.leases import RemoteLease
from mlops_ci.rollout.candidates import Shelf
from mlops_ci.rollout.lease import Lease
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.tools.git import Git
from mlops_ci.tools.mlflow import Registry
from mlops_ci.traffic.local import LocalEngine


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

    def branch(self) -> StateBranch:
        """Return the record of this environment."""
        return StateBranch(self.git, self.settings.environment, self.model)

    def engine(self) -> LocalEngine:
        """Return what runs this model's versions here."""
        options = self.settings
        folder = self.root / options.runtime / options.environment / self.model
        return LocalEngine(folder, options.host, options.port, options.slow_ms, options.ready_timeout, self.clock)

    def lease(self) -> Lease:
        """Return the lease of whoever steers."""
        return Lease(self.engine().folder / "lease.json")

    def remote_lease(self) -> RemoteLease:
        """Return the same on origin, for other machines."""
        return RemoteLease(self.git, self.settings.environment, self.model)

    def shelf(self) -> Shelf:
        """Return where code and models of releases come from; it connects to the registry."""
        registry = Registry(self.tracking_uri, self.root)
        return Shelf(self.git, registry, self.model, self.root / self.settings.runtime, tuple(self.settings.serve))
