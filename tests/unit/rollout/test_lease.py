import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from mlops_ci.errors import ProgramFailed
from mlops_ci.process import identity
from mlops_ci.release.leases import RemoteLease, Said
from mlops_ci.rollout.lease import EXPIRES_AFTER, Guard, Lease
from unit.rollout.fakes import FakeClock

NOBODY = 2**31 - 1  # beyond every kernel's largest pid


NO_OBJECT = ["[]", "null", '{"pid": null, "started": 0}']


@pytest.fixture
def lease(tmp_path: Path) -> Lease:
    return Lease(tmp_path / "run" / "production" / "lease.json", FakeClock(1_000.0))


def passes(lease: Lease, seconds: float) -> None:
    """Let time pass."""
    lease.clock.sleep(seconds)


def write(lease: Lease, text: str) -> None:
    lease.path.parent.mkdir(parents=True, exist_ok=True)
    lease.path.write_text(text)
    os.utime(lease.path, (lease.clock.monotonic(), lease.clock.monotonic()))


def test_nobody_holds_it_before_it_is_taken(lease: Lease) -> None:
    assert not lease.held()
    assert not lease.lost()


def test_its_holder_is_the_process_that_took_it(lease: Lease) -> None:
    lease.take()
    assert lease.held()
    assert json.loads(lease.path.read_text()) == identity(os.getpid()).to_json()


def test_it_is_lost_when_it_was_not_renewed_for_too_long(lease: Lease) -> None:
    lease.take()
    passes(lease, EXPIRES_AFTER)
    assert not lease.lost()
    passes(lease, 0.1)
    assert lease.lost()


def test_renewing_makes_it_young_again(lease: Lease) -> None:
    lease.take()
    passes(lease, EXPIRES_AFTER)
    lease.renew()
    passes(lease, EXPIRES_AFTER)
    assert not lease.lost()


def test_the_time_of_day_does_not_matter(lease: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    lease.take()
    for jump in (-86_400.0, 86_400.0):
        monkeypatch.setattr(FakeClock, "now", lambda self, jump=jump: 1_800_000_000.0 + self.time + jump)
        assert not lease.lost()


def test_a_lease_from_before_the_machine_was_started_anew_is_lost(lease: Lease) -> None:
    lease.take()
    passes(lease, -500.0)
    assert lease.lost()


def test_a_promise_holds_for_as_long_as_was_said(lease: Lease) -> None:
    lease.take()
    lease.promise(900.0)
    passes(lease, 899.0)
    assert (lease.held(), lease.promised(), lease.steered(), lease.lost()) == (True, True, False, False)
    passes(lease, 2.0)
    assert lease.lost()


def test_a_promise_is_kept_by_the_next_who_takes_it(lease: Lease) -> None:
    lease.promise(900.0)
    lease.take()
    assert not lease.promised()
    passes(lease, EXPIRES_AFTER + 1)
    assert lease.lost(), "it must be renewed like any other"


def test_only_another_living_process_steers(lease: Lease) -> None:
    lease.take()
    assert not lease.steered()
    write(lease, json.dumps(identity(os.getppid()).to_json()))
    assert lease.steered()
    passes(lease, EXPIRES_AFTER + 1)
    assert not lease.steered()


def test_one_watches_it_and_a_second_may_go(lease: Lease) -> None:
    with lease.watched() as first, lease.watched() as second:
        assert (first, second) == (True, False)
    with lease.watched() as third:
        assert third


@pytest.mark.parametrize(
    "holder",
    [
        {"pid": NOBODY, "started": 0.0},
        {"pid": os.getpid(), "started": identity(os.getpid()).started - 60.0},  # our pid, in its former life
    ],
)
def test_it_is_lost_when_its_holder_is_dead_however_young_it_is(lease: Lease, holder: dict[str, float]) -> None:
    write(lease, json.dumps(holder))
    assert lease.lost()


@pytest.mark.parametrize("text", ["", "{", "{}", '{"pid": 1}', '{"pid": "one", "started": 0}', *NO_OBJECT])
def test_a_lease_that_names_no_holder_is_lost(lease: Lease, text: str) -> None:
    write(lease, text)
    assert lease.lost()


def test_released_it_is_neither_held_nor_lost(lease: Lease) -> None:
    lease.take()
    lease.release()
    assert not lease.held()
    assert not lease.lost()
    lease.release()


def test_the_guard_takes_the_lease_before_anybody_watches_it(lease: Lease) -> None:
    seen: list[bool] = []
    with Guard(lease, lambda: seen.append(lease.held())):
        assert seen == [True]
        assert lease.held()
    assert not lease.held()


def test_the_guard_releases_the_lease_when_its_block_fails(lease: Lease) -> None:
    with pytest.raises(KeyError), Guard(lease, lambda: None):
        raise KeyError
    assert not lease.held()


def test_the_guard_renews_a_lease_that_it_still_holds(lease: Lease) -> None:
    with Guard(lease, lambda: None) as guard:
        passes(lease, EXPIRES_AFTER + 1)
        guard.renew()
        assert not lease.lost()


def test_the_guard_leaves_a_promise_when_it_is_told_to(lease: Lease) -> None:
    with Guard(lease, lambda: None) as guard:
        guard.promise = 60.0
    assert lease.promised()


def test_the_guard_knows_who_else_steers(lease: Lease) -> None:
    guard = Guard(lease, lambda: None, cast("RemoteLease", Origin(Said(1_000.0))))
    assert guard.steered(1_010.0) == "on another machine"
    assert guard.steered(2_000.0) is None, "its lease has run out"
    write(lease, '{"pid": 2147483647, "started": 0.0}')
    assert guard.steered(1_010.0) is None, "the lease on origin was this machine's"
    write(lease, json.dumps(identity(os.getppid()).to_json()))
    assert guard.steered(2_000.0) == "by another process here"


@dataclass
class Origin:
    """The lease on origin, in memory."""

    word: Said | None = None
    away: bool = False

    def said(self) -> Said | None:
        return self.word

    def leave(self, now: float, seconds: float) -> None:
        if self.away:
            raise ProgramFailed("origin cannot be read.")
        self.word = Said(now, now + seconds)


def test_what_another_machine_left_for_a_while_is_its_own_and_what_it_handed_over_is_not(lease: Lease) -> None:
    origin = Origin(Said(1_000.0, 1_900.0))
    guard = Guard(lease, lambda: None, cast("RemoteLease", origin))
    assert guard.steered(1_890.0) == "on another machine"
    assert guard.steered(1_901.0) is None, "nobody has come"
    origin.word = Said(1_000.0, 1_900.0, anywhere=True)
    assert guard.steered(1_010.0) is None


@pytest.mark.parametrize("away", [False, True])
def test_the_guard_tells_other_machines_of_its_promise_where_it_can(lease: Lease, away: bool) -> None:  # noqa: FBT001
    origin = Origin(away=away)
    with Guard(lease, lambda: None, cast("RemoteLease", origin)) as guard:
        guard.promise = 60.0
    now = lease.clock.now()
    assert origin.word == (None if away else Said(now, now + 60.0))
    assert lease.left() == pytest.approx(60.0)


def test_a_canary_that_was_handed_over_is_held_by_nobody_here(lease: Lease) -> None:
    lease.take()
    assert lease.handed() is None
    lease.hand_over(60.0)
    assert not lease.held()
    assert not lease.lost()
    assert not lease.steered()
    assert lease.handed() == pytest.approx(60.0)
    passes(lease, 70.0)
    assert not lease.lost(), "nothing of it is here to be put back"
    lease.take()
    assert lease.held()
    assert lease.handed() is None


def test_the_guard_does_not_go_on_when_the_lease_was_taken_away(lease: Lease) -> None:
    with Guard(lease, lambda: None) as guard:
        lease.release()
        with pytest.raises(ProgramFailed):
            guard.renew()
        assert not lease.held()
