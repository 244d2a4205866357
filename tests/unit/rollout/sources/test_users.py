"""Users are counted from the access log, whenever and by whomever it is read."""

import json
from pathlib import Path

import pytest

from mlops_ci.errors import ProgramFailed
from mlops_ci.rollout.sources.tail import Tail
from mlops_ci.rollout.sources.users import UserCounts

BOUNDS = (100.0, 250.0)


def line(t: float, user: str | None, release: str, status: int = 200, ms: int = 50) -> str:
    return json.dumps({"t": f"{t:.3f}", "user": user, "release": release, "status": status, "ms": ms}) + "\n"


def source(path: Path) -> UserCounts:
    return UserCounts(Tail(path), BOUNDS)


def test_a_user_counts_once_a_second_until_the_first_bad_answer(tmp_path: Path) -> None:
    log = tmp_path / "users.jsonl"
    told = [
        line(1.0, "a", "v1"), line(1.5, "a", "v1"), line(2.1, "a", "v1", 503), line(3.0, "a", "v1", 503),
        line(3.0, None, "v1", 503), line(4.0, "a", "v2", 500), line(4.0, "b", "v2", ms=900),
    ]  # fmt: skip
    log.write_text("".join(told))
    counts = source(log).counts()
    first, second = counts["v1"], counts["v2"]
    assert (first.started, first.requests, first.errors, first.latency) == (1, 2, 1, (2, 0, 0))
    assert (second.started, second.requests, second.errors, second.latency) == (1, 1, 0, (0, 0, 1))


def test_reading_in_parts_tells_the_same_as_reading_at_once(tmp_path: Path) -> None:
    log = tmp_path / "users.jsonl"
    told = [line(t / 7, f"u{t % 13}", f"v{1 + t % 2}", 500 if t % 17 == 0 else 200) for t in range(200)]
    text = "".join(told)
    follower = source(log)
    for end in range(0, len(text) + 97, 97):  # lines are cut anywhere
        log.write_text(text[:end])
        follower.counts()
    assert follower.counts() == source(log).counts()


def test_a_log_that_is_missing_or_not_the_proxys_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="cannot be read"):
        source(tmp_path / "nowhere.jsonl").counts()
    (tmp_path / "users.jsonl").write_text('{"user": "a"}\n')
    with pytest.raises(ProgramFailed, match="did not write"):
        source(tmp_path / "users.jsonl").counts()
