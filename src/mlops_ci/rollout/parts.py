"""What a canary is put together from: what moves traffic, what records, what stands by; and what it says meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mlops_ci.ports import Clock, Progress
from mlops_ci.release.state import Release
from mlops_ci.rollout.journal import Journal
from mlops_ci.rollout.lease import Guard
from mlops_ci.rollout.recorder import Recorder
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.traffic.engine import Engine, Workload


@dataclass(slots=True)
class Parts:
    """The parts of one canary in one process."""

    engine: Engine
    recorder: Recorder
    workload: Callable[[Release], Workload]  # fetches a release's code and model
    settings: CanarySettings
    clock: Clock
    progress: Progress
    guard: Guard
    journal: Journal
    timeline: list[dict[str, Any]] = field(default_factory=list)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock.monotonic()

    def time_is_up(self) -> bool:
        """Say whether this process has watched for as long as the settings let it."""
        seconds = self.settings.watch_for
        return seconds is not None and self.clock.monotonic() - self._began >= seconds

    def serve(self, release: Release) -> None:
        """Start a version that does not run; raise NeverReady when it does not become ready."""
        if not self.engine.running(release.name):
            self.engine.start(self.workload(release))

    def mark(self, event: str, weight: int, detail: str, **numbers: int) -> None:
        """Note what happened, for the report and for who looks on."""
        at = round(self.clock.monotonic() - self._began, 2)
        time = round(self.clock.now(), 2)
        self.timeline.append({"t": at, "time": time, "event": event, "weight": weight, "detail": detail, **numbers})
        self.progress.note(f"{at:7.1f} s  {event:<12} {weight:>3} %  {detail}")
