"""A clock, an engine and a state branch in memory; all write into one log, so that tests can see what came first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from mlops_ci.errors import ProgramFailed
from mlops_ci.release.branch import Note
from mlops_ci.release.state import Release, State
from mlops_ci.rollout.candidates import Candidate
from mlops_ci.tools.git import OriginAway, PushRefused
from mlops_ci.traffic.engine import Counts, NeverReady, Workload

CHAMPION = Release("7", f"sha256:{'a' * 64}", "c" * 40, "evidence/gate-model/a.json", "2026-11-22T10:00:00Z")
CHALLENGER = Release("8", f"sha256:{'b' * 64}", "d" * 40, "evidence/gate-model/b.json", "2026-11-23T10:00:00Z")
CANDIDATE = Candidate(CHALLENGER, b"{}", b"# Model card")
RELEASED = State("production", "flight-delay", CHAMPION)


@dataclass
class FakeClock:
    """Time passes only while somebody sleeps; `alarms` happen on the way."""

    time: float = 0.0
    alarms: dict[float, Callable[[], None]] = field(default_factory=dict)

    def now(self) -> float:
        return 1_800_000_000.0 + self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        for at in [at for at in self.alarms if at <= self.time]:
            self.alarms.pop(at)()


@dataclass
class FakeEngine:
    """Sends a steady stream of requests to what is routed; each version errs and lags at its own rate."""

    clock: FakeClock
    log: list[str]
    rate: float = 400.0  # requests a second
    errors: dict[str, float] = field(default_factory=dict)  # version → part of its answers
    slow: dict[str, float] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    split: dict[str, int] = field(default_factory=dict)
    never_ready: bool = False
    silent: bool = False  # the counters cannot be read
    skew: dict[str, float] = field(default_factory=dict)  # version → its real share, times the one that was set
    unready: set[str] = field(default_factory=set)  # versions that run and fail their health check
    hanging: set[str] = field(default_factory=set)  # versions that answer nothing
    proxy_down: bool = False
    routed: dict[str, Callable[[], None]] = field(default_factory=dict)  # what happens when a split is set
    broken_route: str | None = None  # a version that cannot get all traffic
    _counts: dict[str, list[float]] = field(default_factory=dict)
    _begun: dict[str, float] = field(default_factory=dict)
    _counted: float = 0.0
    folder: Path = Path("nowhere")

    @property
    def bounds(self) -> tuple[float, ...]:
        return (50.0, 250.0)

    def start(self, workload: Workload) -> None:
        if self.never_ready and workload.name == CHALLENGER.name:
            raise NeverReady(f"{workload.name} ended before it became ready.")
        if workload.name not in self.started:
            self.log.append(f"start {workload.name}")
        self.started.add(workload.name)

    def route(self, weights: Mapping[str, int]) -> None:
        if weights == {self.broken_route: 100}:
            raise ProgramFailed("the proxy did not take the new weights within 10 s.")
        self._count()
        self.split = dict(weights)
        self.proxy_down = False
        event = "route " + " ".join(f"{name}={weight}" for name, weight in sorted(weights.items()))
        self.log.append(event)
        self.routed.pop(event, lambda: None)()

    @property
    def bins(self) -> tuple[str, ...]:
        return ()

    @property
    def named(self) -> tuple[str, ...]:
        return ()

    def user_log(self) -> Path:
        return self.folder / "users.jsonl"

    def mirror(self, champion: str, challenger: str) -> None:
        self.route({champion: 100})
        self.log.append(f"mirror {challenger}")

    def request_log(self, name: str) -> Path:
        return self.folder / f"{name}.requests.jsonl"

    def weights(self) -> dict[str, int]:
        if self.proxy_down:
            raise ProgramFailed("no answer from the socket admin.sock")
        return dict(self.split)

    def counts(self) -> dict[str, Counts]:
        if self.silent:
            raise ProgramFailed("no answer from the socket admin.sock")
        self._count()
        return {
            name: Counts(
                round(self._begun[name]),
                round(requests),
                round(bad),
                (round(0.6 * (requests - late)), round(0.4 * (requests - late)), round(late)),
            )
            for name, (requests, bad, late) in self._counts.items()
        }

    def running(self, name: str) -> bool:
        return name in self.started

    def ready(self, name: str) -> bool | None:
        return name not in self.unready

    def retire(self, name: str, *, drain: float) -> None:
        self.clock.sleep(drain)
        self.started.discard(name)
        self.log.append(f"retire {name}")

    def stop(self) -> None:
        self.started.clear()

    def _count(self) -> None:
        passed, self._counted = self.clock.time - self._counted, self.clock.time
        for name, weight in self.split.items():
            more = self.rate * passed * weight / 100 * self.skew.get(name, 1.0)
            row = self._counts.setdefault(name, [0.0, 0.0, 0.0])
            parts = (1.0, self.errors.get(name, 0.0), self.slow.get(name, 0.0))
            self._begun[name] = self._begun.get(name, 0.0) + more
            if name in self.hanging:
                continue
            self._counts[name] = [old + more * part for old, part in zip(row, parts, strict=True)]


@dataclass
class FakeBranch:
    """The record; `refuse` counts pushes that origin does not take."""

    log: list[str]
    state: State = RELEASED
    refuse: int = 0
    away: bool = False  # origin is out of reach
    tags_refused: bool = False
    notes: list[Note] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def read(self) -> State:
        return self.state

    def change(self, decide: Callable[[State], State], note: Note, files: Mapping[str, bytes] | None = None) -> State:
        if self.away:
            raise OriginAway("origin cannot be read.")
        after = decide(self.state)
        if after == self.state:
            return after
        if self.refuse:
            self.refuse -= 1
            self.log.append("refused")
            raise PushRefused("The push was refused.", moved=False)
        self.state = after
        self.notes.append(note)
        self.files |= dict(files or {})
        self.log.append(f"push {note.weight} {note.verdict}")
        return after

    def tag(self, release: Release) -> None:
        if self.tags_refused:
            raise PushRefused("The push was refused.", moved=False)
        self.log.append(f"tag {release.name}")


@dataclass
class FakeGuard:
    """Notes when it begins and ends to stand by, and counts how often it was told that all is well."""

    log: list[str]
    renewed: int = 0
    elsewhere: str | None = None
    promise: float | None = None

    def __enter__(self) -> Self:
        self.log.append("guard on")
        return self

    def __exit__(self, *_: object) -> None:
        self.log.append("guard off")

    def renew(self) -> None:
        self.renewed += 1

    def steered(self, _now: float) -> str | None:
        return self.elsewhere


def workload(release: Release) -> Workload:
    """Return what would be started for a release."""
    return Workload(release.name, ("serve",), Path("code"), Path("model"), release.model_digest)


def with_canary(state: State = RELEASED) -> State:
    """Return a state in which the challenger has a quarter of the traffic."""
    from mlops_ci.release.state import Challenger

    return replace(state, challenger=Challenger(CHALLENGER, 25, 2))
