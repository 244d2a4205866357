"""One machine with its record: a canary against a fake engine, clock and state branch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from mlops_ci.evidence import to_bytes
from mlops_ci.ports import Silence
from mlops_ci.release.branch import StateBranch
from mlops_ci.rollout.controller import Canary
from mlops_ci.rollout.journal import Journal
from mlops_ci.rollout.lease import Guard
from mlops_ci.rollout.outcome import Outcome
from mlops_ci.rollout.parts import Parts
from mlops_ci.rollout.recorder import Recorder
from mlops_ci.settings.canary import CanarySettings
from unit.rollout.fakes import CANDIDATE, CHALLENGER, CHAMPION, FakeBranch, FakeClock, FakeEngine, FakeGuard, workload

OLD, NEW = CHAMPION.name, CHALLENGER.name
SETTINGS = CanarySettings(serve=["serve"], warm_up=0.0, time_limit=600.0, bake=5.0)


@dataclass
class World:
    """One machine with its record."""

    folder: Path
    log: list[str] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.engine = FakeEngine(self.clock, self.log)
        self.branch = FakeBranch(self.log)
        self.guard = FakeGuard(self.log)

    def canary(self, settings: CanarySettings = SETTINGS) -> Canary:
        """Return the canary as another process would see it."""
        recorder = Recorder(cast("StateBranch", self.branch), to_bytes, self.clock, Silence())
        guard, journal = cast("Guard", self.guard), Journal(self.folder)
        self.parts = Parts(self.engine, recorder, workload, settings, self.clock, Silence(), guard, journal)
        return Canary(self.parts)

    def run(self, settings: CanarySettings = SETTINGS) -> Outcome:
        return self.canary(settings).run(CANDIDATE)

    def position(self, event: str) -> int:
        return self.log.index(event)


def back_on_champion(world: World) -> bool:
    """Say whether all traffic is on the champion, and the challenger is gone."""
    return world.engine.split == {OLD: 100} and NEW not in world.engine.started
