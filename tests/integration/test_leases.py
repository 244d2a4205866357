"""The lease on a real origin: renewed, released, read from another clone, and what a watchdog makes of it."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

import pytest

from builders import git, git_repository
from mlops_ci.errors import ProgramFailed
from mlops_ci.ports import Silence
from mlops_ci.process import SystemClock
from mlops_ci.release.branch import Note, StateBranch
from mlops_ci.release.leases import EXPIRES_AFTER, RemoteLease, Said
from mlops_ci.release.state import Challenger, Release, State
from mlops_ci.rollout import supervisor
from mlops_ci.rollout.lease import Guard, Lease
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
    assert there.said() is None
    here.renew(1_000.0)
    here.renew(1_030.5)
    assert there.said() == Said(1_030.5)
    here.leave(1_040.0, 900.0)
    assert there.said() == Said(1_040.0, 1_940.0)
    here.leave(1_040.0, 900.0, anywhere=True)
    assert there.said() == Said(1_040.0, 1_940.0, anywhere=True)
    there.release()
    assert here.said() is None
    here.release()


def test_an_origin_out_of_reach_is_said(root: Path) -> None:
    git(root, "remote", "set-url", "origin", str(root / "nowhere"))
    with pytest.raises(ProgramFailed):
        lease(root).renew(1.0)


@pytest.mark.parametrize("text", [b"{", b"[]", b"1", b'{"renewed": "soon"}', b'{"renewed": 1, "until": "then"}'])
def test_what_is_no_lease_renews_nothing(root: Path, text: bytes) -> None:
    repository = Git(root)
    repository.push(repository.commit(None, {"lease.json": text}, "nonsense"), lease(root).ref)
    assert lease(root).said() is None


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
            if (said := remote.said()) is not None and said.renewed not in seen:
                seen.append(said.renewed)
            if len(seen) == 3:
                break
        local.release()

    steering = Thread(target=canary)
    steering.start()
    supervisor.supervise(local, remote, lambda: None, clock, Silence())
    steering.join()
    assert len(seen) == 3
    assert seen == sorted(seen)
    assert remote.said() is None


def supervised(local: Lease, remote: RemoteLease) -> Thread:
    """Start a supervisor that must not have to put anything back."""

    def put_back() -> None:
        raise AssertionError

    thread = Thread(target=supervisor.supervise, args=(local, remote, put_back, SystemClock(), Silence()))
    thread.start()
    return thread


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_between_two_commands_it_says_for_how_long_nobody_steers(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "RENEW_EVERY", 0.2)
    local, remote = taken(tmp_path), lease(root)
    standing_by = supervised(local, remote)
    until(lambda: remote.said() is not None)
    local.promise(900.0)
    until(lambda: (said := remote.said()) is not None and said.until is not None)
    said, now = remote.said(), SystemClock().now()
    assert said
    assert said.until
    assert now + 890 < said.until < now + 901
    assert not said.anywhere, "it still runs here"
    local.take()
    until(lambda: (said := remote.said()) is not None and said.until is None)
    local.release()
    standing_by.join()


def test_the_supervisor_of_a_later_command_takes_the_place_of_the_one_before(root: Path, tmp_path: Path) -> None:
    local, remote = taken(tmp_path), lease(root)
    before = supervised(local, remote)
    until(lambda: remote.said() is not None)
    program = "import sys; from pathlib import Path; from mlops_ci.process import SystemClock; "
    program += "from mlops_ci.rollout.lease import Lease; "
    program += "lease = Lease(Path(sys.argv[1]), SystemClock())\nwith lease.watched() as first: print(first)"
    words = [sys.executable, "-c", program, str(local.path)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "True"
    before.join(20)
    assert not before.is_alive()
    assert local.held(), "the canary goes on"
    assert remote.said() is not None


def test_a_canary_that_is_handed_over_is_any_machines_and_stays_on_the_record(root: Path, tmp_path: Path) -> None:
    branch, local, remote = running(root), taken(tmp_path), lease(root)
    standing_by = supervised(local, remote)
    until(lambda: remote.said() is not None)
    assert Guard(Lease(tmp_path / "other.json", SystemClock()), lambda: None, remote).steered(SystemClock().now())
    local.hand_over(900.0)
    standing_by.join(20)
    said = remote.said()
    assert said
    assert said.anywhere
    elsewhere_taken = Guard(Lease(tmp_path / "other.json", SystemClock()), lambda: None, remote)
    assert elsewhere_taken.steered(SystemClock().now()) is None
    assert watchdog(root, 890)["decision"] == "nothing", "somebody is to come"
    assert branch.read() == RUNNING


def test_one_that_was_left_and_that_nobody_came_for_is_taken_off_the_record(root: Path) -> None:
    branch = running(root)
    lease(root).leave(SystemClock().now(), 900.0, anywhere=True)
    assert watchdog(root, 910)["decision"] == "rollback"
    assert branch.read() == State("production", "delay", CHAMPION)


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
