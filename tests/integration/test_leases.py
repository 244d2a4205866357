"""The lease on a real origin: renewed, released, read from another clone, and what a watchdog makes of it."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

import pytest

from builders import git, git_repository
from mlops_ci.errors import ProgramFailed
from mlops_ci.ports import Silence
from mlops_ci.process import SystemClock
from mlops_ci.release.branch import Note, StateBranch
from mlops_ci.release.leases import EXPIRES_AFTER, RemoteLease
from mlops_ci.release.state import Challenger, Release, State
from mlops_ci.rollout import supervisor
from mlops_ci.rollout.lease import Lease
from mlops_ci.rollout.rollback import apply, make_plan
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.step import Context
from mlops_ci.steps import rollback
from mlops_ci.tools.git import Git
from mlops_ci.traffic.engine import Workload
from mlops_ci.traffic.local import LocalEngine
from mlops_ci.traffic.processes import Processes

pytestmark = pytest.mark.integration

CHAMPION = Release("7", f"sha256:{'a' * 64}", "c" * 40, "evidence/gate-model/a.json", "2026-11-22T10:00:00Z")
CHALLENGER = Release("8", f"sha256:{'b' * 64}", "d" * 40, "evidence/gate-model/b.json", "2026-11-23T10:00:00Z")
RUNNING = State("production", "delay", CHAMPION, Challenger(CHALLENGER, 25, 2))


@dataclass
class Later(SystemClock):
    """The machine's clock, as it will be."""

    seconds: float = 0.0

    def now(self) -> float:
        return super().now() + self.seconds


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return git_repository(tmp_path / "work shop")


def lease(root: Path, model: str = "delay") -> RemoteLease:
    return RemoteLease(Git(root), "production", model)


def elsewhere(root: Path) -> Path:
    """Return another clone of the same origin."""
    clone = root.parent / "clone"
    git(root.parent, "clone", "--quiet", str(root.parent / "origin.git"), str(clone))
    return clone


@pytest.mark.parametrize("model", ["delay", "a..b.lock", "spaces and ~^:?*[\\", "größe", "-x", "a/b"])
def test_it_is_renewed_read_elsewhere_and_released(root: Path, model: str) -> None:
    here, there = lease(root, model), lease(elsewhere(root), model)
    assert there.renewed() is None
    here.renew(1_000.0)
    here.renew(1_030.5)
    assert there.renewed() == 1_030.5
    there.release()
    assert here.renewed() is None
    here.release()


def test_an_origin_out_of_reach_is_said(root: Path) -> None:
    git(root, "remote", "set-url", "origin", str(root / "nowhere"))
    with pytest.raises(ProgramFailed):
        lease(root).renew(1.0)


def test_what_is_no_lease_renews_nothing(root: Path) -> None:
    repository = Git(root)
    repository.push(repository.commit(None, {"lease.json": b"{"}, "nonsense"), lease(root).ref)
    assert lease(root).renewed() is None


def taken(folder: Path) -> Lease:
    """Return a lease of this machine that this very process holds."""
    local = Lease(folder / "lease.json", SystemClock())
    local.take()
    return local


def test_the_supervisor_renews_it_while_the_canary_runs_and_releases_it_after(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "RENEW_EVERY", 0.5)
    local, remote, clock = taken(tmp_path), lease(root), SystemClock()
    seen: list[float] = []

    def canary() -> None:
        for _ in range(50):
            clock.sleep(0.1)
            if (renewed := remote.renewed()) is not None and renewed not in seen:
                seen.append(renewed)
            if len(seen) == 3:
                break
        local.release()

    steering = Thread(target=canary)
    steering.start()
    supervisor.supervise(local, remote, lambda: None, clock, Silence())
    steering.join()
    assert len(seen) == 3
    assert seen == sorted(seen)
    assert remote.renewed() is None


def test_an_origin_that_does_not_answer_keeps_no_champion_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local, hung = taken(tmp_path), Event()

    class Hangs(RemoteLease):
        def renew(self, now: float) -> None:
            del now
            hung.wait(60)

        def release(self) -> None:
            hung.set()

    local.path.write_text('{"pid": 2147483647, "started": 0.0}')  # the controller is dead
    began, back = time.monotonic(), list[float]()
    monkeypatch.setattr(supervisor, "_LAST_RENEWAL", 0.2)
    remote = Hangs(Git(tmp_path), "production", "delay")
    supervisor.supervise(local, remote, lambda: back.append(time.monotonic()), SystemClock(), Silence())
    assert back[0] - began < 3


def watchdog(root: Path, seconds: float) -> dict[str, str]:
    """Run the watchdog's command so many seconds from now; return what it decided."""
    options = CanarySettings(serve=["serve"], if_lease_expired=True)
    context = Context(elsewhere(root), "delay", Silence(), clock=Later(seconds=seconds))
    return dict(rollback.run(options, context).outputs)


def running(root: Path) -> StateBranch:
    branch = StateBranch(Git(root), "production", "delay")
    branch.change(lambda _: RUNNING, Note("Canary v8: 25 %", "v8", "2", 25))
    return branch


def test_a_canary_that_somebody_steers_is_left_alone(root: Path) -> None:
    branch = running(root)
    lease(root).renew(SystemClock().now() + EXPIRES_AFTER)
    assert watchdog(root, 1.5 * EXPIRES_AFTER)["decision"] == "nothing"
    assert branch.read() == RUNNING


def test_one_that_has_just_begun_is_left_alone_before_its_first_renewal(root: Path) -> None:
    running(root)
    assert watchdog(root, EXPIRES_AFTER / 2)["decision"] == "nothing"


@pytest.mark.parametrize("leased", [True, False])
def test_one_that_nobody_steers_any_more_is_taken_off_the_record(root: Path, leased: bool) -> None:  # noqa: FBT001
    branch = running(root)
    if leased:
        lease(root).renew(SystemClock().now())
    assert watchdog(root, EXPIRES_AFTER + 10)["decision"] == "rollback"
    assert branch.read() == State("production", "delay", CHAMPION)
    git(root, "fetch", "--quiet", "origin", "mlops-ci/state")
    assert "nobody steers it any more" in git(root, "log", "-1", "--format=%s", "FETCH_HEAD")


def test_without_a_canary_there_is_nothing_to_do(root: Path) -> None:
    StateBranch(Git(root), "production", "delay").change(
        lambda _: State("production", "delay", CHAMPION), Note("Release v7", "v7")
    )
    assert watchdog(root, 10 * EXPIRES_AFTER)["decision"] == "nothing"


def test_a_canary_that_has_begun_meanwhile_is_not_taken_off_the_record(root: Path, tmp_path: Path) -> None:
    branch = running(root)
    plan = make_plan(branch.read(), branch.champions(), None)
    another = replace(CHALLENGER, version="9", model_digest=f"sha256:{'9' * 64}")
    begun = replace(RUNNING, challenger=Challenger(another, 5, 1))
    branch.change(lambda _: begun, Note("Canary v9: 5 %", "v9", "1", 5))
    nowhere = tmp_path / "nothing"
    nothing_here = LocalEngine(nowhere, "127.0.0.1", 1, 250.0, 1.0, SystemClock(), Processes(nowhere))
    apply(plan, engine=nothing_here, branch=branch, workload=_never, reason="the lease expired", drain=0.0)
    assert branch.read() == begun


def _never(_: Release) -> Workload:
    raise AssertionError
