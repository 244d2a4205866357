"""Access logs become ticks; what is no access log is named."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_ci.errors import NothingToJudge
from mlops_ci.rollout.access_log import Split, read_access_log
from mlops_ci.rollout.judge import Policy
from mlops_ci.rollout.replay import Timing, replay

BEGAN = 1_795_000_000.0
SPLIT = Split(frozenset({"v1"}), frozenset({"v2"}), ((60.0, 50.0),))


def when(seconds: float) -> str:
    return datetime.fromtimestamp(BEGAN + seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def envoy(seconds: float, who: str, status: int = 200, ms: int = 20) -> str:
    agent = "a \\x22quoted\\x22 agent"
    line = (
        f'[{when(seconds)}] "POST /predict HTTP/1.1" {status} - 12 80 {ms} {ms - 1} "-" "{agent}" "id" "host" "{who}"'
    )
    return line + "\n"


def structured(seconds: float, who: str, status: int = 200, ms: float = 20.0) -> str:
    return json.dumps({"time": when(seconds), "release": who, "status": status, "latency_ms": ms}) + "\n"


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "access.log"
    path.write_text("".join(lines))
    return path


@pytest.mark.parametrize(("kind", "line"), [("envoy-log", envoy), ("json-log", structured)])
def test_lines_are_counted_by_tick_and_arm(tmp_path: Path, kind: str, line: object) -> None:
    assert callable(line)
    told = [line(0.5, "v1"), line(61.0, "v2", 503), line(61.5, "v1", 200, 700), line(12.0, "v1"), line(62.0, "v3")]
    (log,) = read_access_log(written(tmp_path, *told), kind, SPLIT)
    assert log.at.tolist() == [5.0, 15.0, 65.0]
    assert log.weight.tolist() == [0.0, 0.0, 50.0]
    assert log.champion.requests.tolist() == [1, 1, 1]
    assert log.challenger.errors.tolist() == [0, 0, 1]
    assert log.champion.latency[2, -6:].tolist() == [1, 0, 0, 0, 0, 0], "up to 1000 ms"


def test_without_weights_the_measured_share_stands_for_them(tmp_path: Path) -> None:
    told = [structured(second / 4, "v2" if second > 100 and second % 4 == 0 else "v1") for second in range(400)]
    (log,) = read_access_log(written(tmp_path, *told), "json-log", Split(frozenset({"v1"}), frozenset({"v2"})))
    assert set(log.weight) == {0.0, 25.0}


@pytest.mark.parametrize("kind", ["envoy-log", "json-log"])
def test_a_challenger_that_fails_is_rolled_back(tmp_path: Path, kind: str) -> None:
    draw = random.Random(3)  # noqa: S311 - no secret
    line = envoy if kind == "envoy-log" else structured
    told = [line(at / 20, "v1", 500 if draw.random() < 0.01 else 200) for at in range(1200)]
    told += [
        line(60 + at / 20, who, 500 if draw.random() < (0.1 if who == "v2" else 0.01) else 200)
        for at in range(6000)
        for who in [draw.choice(["v1", "v2"])]
    ]
    (found,) = replay(read_access_log(written(tmp_path, *told), kind, SPLIT), Policy(), Timing())
    assert (found.decision, found.guardrail) == ("rollback", "errors")


@pytest.mark.parametrize(
    ("kind", "line", "why"),
    [
        ("envoy-log", "nonsense\n", "default format"),
        ("envoy-log", structured(1, "v1"), "default format"),
        ("json-log", "{\n", "unexpected"),
        ("json-log", "[1]\n", "none of"),
        ("json-log", '{"time": 1, "release": "v1", "status": 200}\n', "none of latency_ms"),
        ("json-log", '{"time": "yesterday", "release": "v1", "status": 200, "ms": 1}\n', "yesterday"),
        ("json-log", '{"time": 1, "release": "v1", "status": "fine", "ms": 1}\n', "fine"),
        ("json-log", '{"time": 1, "release": "v1", "status": 200, "ms": -1}\n', "no answer takes"),
    ],
)
def test_a_line_of_another_kind_is_named(tmp_path: Path, kind: str, line: str, why: str) -> None:
    good = envoy(0, "v1") if kind == "envoy-log" else structured(0, "v1")
    with pytest.raises(NothingToJudge, match=r"access.log:2 is no line") as caught:
        read_access_log(written(tmp_path, good, line), kind, SPLIT)
    assert why in str(caught.value)


def test_a_version_that_answered_nothing_is_named_with_those_that_did(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="by the challenger; answers came from: v1"):
        read_access_log(written(tmp_path, structured(0, "v1")), "json-log", SPLIT)
    with pytest.raises(NothingToJudge, match="by the champion; answers came from: nobody"):
        read_access_log(written(tmp_path, "\n"), "json-log", SPLIT)
    with pytest.raises(NothingToJudge, match="does not exist"):
        read_access_log(tmp_path / "none.log", "json-log", SPLIT)
