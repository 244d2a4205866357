import json
import os
from pathlib import Path

import pytest

from mlops_ci.errors import ProgramFailed
from mlops_ci.process import identity
from mlops_ci.rollout.lease import EXPIRES_AFTER, Guard, Lease

NOBODY = 2**31 - 1  # beyond every kernel's largest pid


NO_OBJECT = ["[]", "null", '{"pid": null, "started": 0}']


@pytest.fixture
def lease(tmp_path: Path) -> Lease:
    return Lease(tmp_path / "run" / "production" / "lease.json")


def stamp(lease: Lease, time: float) -> None:
    os.utime(lease.path, (time, time))


def write(lease: Lease, text: str) -> None:
    lease.path.parent.mkdir(parents=True, exist_ok=True)
    lease.path.write_text(text)


def test_nobody_holds_it_before_it_is_taken(lease: Lease) -> None:
    assert not lease.held()
    assert not lease.lost(0.0)


def test_its_holder_is_the_process_that_took_it(lease: Lease) -> None:
    lease.take()
    assert lease.held()
    assert json.loads(lease.path.read_text()) == identity(os.getpid()).to_json()


def test_it_is_lost_when_it_was_not_renewed_for_too_long(lease: Lease) -> None:
    lease.take()
    stamp(lease, 1_000.0)
    assert not lease.lost(1_000.0 + EXPIRES_AFTER)
    assert lease.lost(1_000.0 + EXPIRES_AFTER + 0.1)


def test_renewing_makes_it_young_again(lease: Lease) -> None:
    lease.take()
    stamp(lease, 1_000.0)
    lease.renew()
    assert not lease.lost(lease.path.stat().st_mtime + 1.0)
    assert lease.path.stat().st_mtime > 1_000.0


@pytest.mark.parametrize(
    "holder",
    [
        {"pid": NOBODY, "started": 0.0},
        {"pid": os.getpid(), "started": identity(os.getpid()).started - 60.0},  # our pid, in its former life
    ],
)
def test_it_is_lost_when_its_holder_is_dead_however_young_it_is(lease: Lease, holder: dict[str, float]) -> None:
    write(lease, json.dumps(holder))
    stamp(lease, 1_000.0)
    assert lease.lost(1_000.0)


@pytest.mark.parametrize("text", ["", "{", "{}", '{"pid": 1}', '{"pid": "one", "started": 0}', *NO_OBJECT])
def test_a_lease_that_names_no_holder_is_lost(lease: Lease, text: str) -> None:
    write(lease, text)
    assert lease.lost(lease.path.stat().st_mtime)


def test_released_it_is_neither_held_nor_lost(lease: Lease) -> None:
    lease.take()
    lease.release()
    assert not lease.held()
    assert not lease.lost(2e9)
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
        stamp(lease, 1_000.0)
        guard.renew()
        assert lease.path.stat().st_mtime > 1_000.0


def test_the_guard_does_not_go_on_when_the_lease_was_taken_away(lease: Lease) -> None:
    with Guard(lease, lambda: None) as guard:
        lease.release()
        with pytest.raises(ProgramFailed):
            guard.renew()
        assert not lease.held()
