import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlops_ci.errors import MlopsCiError, NothingToJudge, ProgramFailed
from mlops_ci.process import Detached
from mlops_ci.rollout import supervisor
from mlops_ci.rollout.assembly import Assembly
from mlops_ci.rollout.lease import EXPIRES_AFTER, Lease
from mlops_ci.rollout.supervisor import watch
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.tools.git import Git
from unit.rollout.fakes import FakeClock


@dataclass
class Log:
    """Keeps the lines that would stay."""

    notes: list[str] = field(default_factory=list)

    def note(self, message: str) -> None:
        self.notes.append(message)

    def status(self, message: str) -> None:
        """Ignore the status."""


@dataclass
class PutBack:
    """Does what a rollback does, after some failures; notes when it was called."""

    clock: FakeClock
    failures: list[MlopsCiError] = field(default_factory=list)
    called: list[float] = field(default_factory=list)

    def __call__(self) -> None:
        self.called.append(self.clock.time)
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def lease(tmp_path: Path, clock: FakeClock) -> Lease:
    """Return a lease that this very process took now, by the fake clock."""
    taken = Lease(tmp_path / "lease.json", clock)
    taken.take()
    return taken


def test_nothing_is_done_when_the_lease_is_released(lease: Lease, clock: FakeClock) -> None:
    put_back, log = PutBack(clock), Log()
    clock.alarms[7.0] = lease.release
    watch(lease, put_back, clock, log)
    assert (put_back.called, log.notes) == ([], [])
    assert clock.time < 9.0


def test_nothing_is_done_when_the_lease_was_released_before_it_looked(lease: Lease, clock: FakeClock) -> None:
    put_back = PutBack(clock)
    lease.release()
    watch(lease, put_back, clock, Log())
    assert (put_back.called, clock.time) == ([], 0.0)


def test_a_controller_that_hangs_loses_the_canary_once_its_lease_expires(lease: Lease, clock: FakeClock) -> None:
    put_back, log = PutBack(clock), Log()
    watch(lease, put_back, clock, log)
    assert len(put_back.called) == 1
    assert EXPIRES_AFTER < put_back.called[0] <= EXPIRES_AFTER + 2
    assert not lease.held()
    assert "controller is gone" in log.notes[0]
    assert "champion has all traffic" in log.notes[-1]


def test_a_controller_that_renews_in_time_is_left_alone(lease: Lease, clock: FakeClock) -> None:
    put_back = PutBack(clock)
    clock.alarms |= {float(at): lease.renew for at in range(10, 100, 10)}
    clock.alarms[100.0] = lease.release
    watch(lease, put_back, clock, Log())
    assert put_back.called == []
    assert clock.time >= 100.0


def test_a_dead_controller_is_noticed_at_the_next_look(lease: Lease, clock: FakeClock) -> None:
    put_back = PutBack(clock)
    lease.path.write_text('{"pid": 2147483647, "started": 0.0}')
    watch(lease, put_back, clock, Log())
    assert len(put_back.called) == 1
    assert clock.time <= 1.0


def test_between_two_commands_it_looks_after_the_versions_itself(lease: Lease, clock: FakeClock) -> None:
    put_back, running = PutBack(clock), [True]
    lease.promise(900.0)
    clock.alarms[300.0] = running.clear
    watch(lease, put_back, clock, Log(), lambda: bool(running))
    assert put_back.called == [300.0]


def test_a_command_that_never_comes_is_not_waited_for(lease: Lease, clock: FakeClock) -> None:
    put_back = PutBack(clock)
    lease.promise(900.0)
    watch(lease, put_back, clock, Log())
    assert [900 < at < 903 for at in put_back.called] == [True]


@pytest.mark.parametrize("failure", [ProgramFailed("origin cannot be read."), NothingToJudge("no such commit.")])
def test_putting_back_is_tried_again_while_it_fails(lease: Lease, clock: FakeClock, failure: MlopsCiError) -> None:
    put_back, log = PutBack(clock, [failure] * 3), Log()
    watch(lease, put_back, clock, log)
    assert len(put_back.called) == 4
    assert len(set(put_back.called)) == 4  # it waits between its tries
    assert [note for note in log.notes if str(failure) in note] == log.notes[1:4]
    assert not lease.held()


def test_the_lease_stays_held_until_the_champion_is_back(lease: Lease, clock: FakeClock) -> None:
    held: list[bool] = []
    watch(lease, lambda: held.append(lease.held()), clock, Log())
    assert held == [True]


def test_it_ends_when_putting_back_never_works_and_never_claims_success(lease: Lease, clock: FakeClock) -> None:
    put_back, log = PutBack(clock, [ProgramFailed("no disk.")] * 1_000), Log()
    watch(lease, put_back, clock, log)
    assert 10 <= len(put_back.called) < 1_000
    assert not any("has all traffic" in note for note in log.notes)
    assert lease.held()


def test_it_makes_room_for_that_of_a_later_command(lease: Lease, clock: FakeClock) -> None:
    put_back, newest = PutBack(clock), lease.path.with_suffix(".watched")
    with lease.watched() as first:
        assert first
        newest.with_name("4711").write_text("4711")
        lease.promise(900.0)
        clock.alarms[20.0] = lambda: os.truncate(newest, 0)  # on a full disk
        clock.alarms[30.0] = lambda: os.replace(newest.with_name("4711"), newest)  # noqa: PTH105 - returns nothing
        watch(lease, put_back, clock, Log())
        assert 30 <= clock.time < 32
    assert (put_back.called, lease.promised()) == ([], True)


def test_a_canary_that_is_handed_over_is_not_its_to_put_back(lease: Lease, clock: FakeClock) -> None:
    put_back = PutBack(clock)
    clock.alarms[7.0] = lambda: lease.hand_over(900.0)
    watch(lease, put_back, clock, Log(), healthy=lambda: clock.time < 7)
    assert (put_back.called, lease.handed()) == ([], 907.0 - clock.time)


@pytest.mark.parametrize(("chosen", "words"), [("one", ["--model", "one"]), (None, [])])
def test_it_is_started_for_the_model_and_the_settings_of_its_canary(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, chosen: str | None, words: list[str]
) -> None:
    """Of several models it must be told which; with one, the command line refuses to be told."""
    started: list[list[str]] = []

    def spawn(argv: list[str], **_: object) -> Detached:
        started.append(argv)
        return Detached(1, 0.0)

    monkeypatch.setattr(supervisor, "spawn", spawn)
    settings = tmp_path / "other.yaml"
    options = CanarySettings(serve=["serve"], environment="staging", port=9000)
    supervisor.start(Assembly(options, tmp_path, "one", "sqlite:///m.db", Git(tmp_path), clock, settings, chosen))
    (argv,) = started
    place = ["--environment", "staging", "--host", "127.0.0.1", "--port", "9000", "--runtime", ".mlops-ci/run"]
    assert argv[1:] == ["-m", "mlops_ci", "canary", "supervise", *place, "--settings", str(settings), *words]


def test_that_of_a_rehearsal_knows_that_nobody_uses_what_runs(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(supervisor, "spawn", lambda argv, **_: started.append(argv))
    options = CanarySettings(serve=["serve"], environment="staging", rehearse=True)
    supervisor.start(Assembly(options, tmp_path, "one", "sqlite:///m.db", Git(tmp_path), clock))
    assert "--rehearse" in started[0]
