"""Replay: what would have been decided on logs of which the truth is known, whatever state the logs are in."""

from pathlib import Path
from typing import Any

import pytest

from mlops_ci.errors import NothingToJudge
from mlops_ci.rollout.judge import Policy
from mlops_ci.rollout.peer_rules import argo, flagger, kayenta
from mlops_ci.rollout.replay import Decision, Timing, replay
from mlops_ci.rollout.tick_log import read
from unit.rollout.ticklogs import release, write

CLIMB = [5] * 60 + [25] * 60 + [50] * 300
AT_FIVE = [5] * 120


def judged(tmp_path: Path, *releases: list[dict[str, Any]], timing: Timing | None = None) -> list[Decision]:
    return replay(read(write(tmp_path / "ticks.jsonl", *releases)), Policy(), timing or Timing())


def test_a_good_release_is_promoted_at_its_last_step(tmp_path: Path) -> None:
    (found,) = judged(tmp_path, release("good", CLIMB))
    assert (found.decision, found.step, found.guardrail) == ("promote", 3, None)
    assert found.t > 1_200
    assert found.evidence is not None
    assert found.evidence >= 20


@pytest.mark.parametrize(
    ("harm", "guardrail"), [({"ratio": 10.0}, "errors"), ({"factor": 1.6}, "latency")], ids=["errors", "latency"]
)
def test_a_harmful_one_is_rolled_back_by_the_guardrail_that_saw_it(
    tmp_path: Path, harm: dict[str, float], guardrail: str
) -> None:
    (found,) = judged(tmp_path, release("bad", CLIMB, **harm))  # type: ignore[arg-type]
    assert (found.decision, found.step, found.guardrail) == ("rollback", 1, guardrail)
    assert found.evidence is not None
    assert found.evidence >= 100


def test_at_a_small_weight_nothing_is_promoted(tmp_path: Path) -> None:
    assert judged(tmp_path, release("small", AT_FIVE))[0].decision == "hold"
    (found,) = judged(tmp_path, release("small", AT_FIVE), timing=Timing(steps=(1, 5)))
    assert found.decision == "promote"


def test_a_wrong_split_says_nothing_about_the_model(tmp_path: Path) -> None:
    (found,) = judged(tmp_path, release("off", CLIMB, share=1.5, ratio=1.0))
    assert (found.decision, found.guardrail) == ("invalid", "split")


def test_many_releases_are_judged_as_each_alone_and_answered_in_their_order(tmp_path: Path) -> None:
    releases = [
        release("a", CLIMB, seed=2),
        release("b", AT_FIVE, ratio=10.0, seed=3),
        release("c", [0] * 90 + CLIMB, factor=1.4, seed=4),
        release("d", CLIMB[:150], seed=5),
    ]
    together = judged(tmp_path, *releases)
    assert [one.release for one in together] == ["a", "b", "c", "d"]
    assert together == [judged(tmp_path, one)[0] for one in releases]


def test_the_order_of_lines_and_lines_that_come_twice_change_nothing(tmp_path: Path) -> None:
    lines = release("r", CLIMB, ratio=4.0)
    (expected,) = judged(tmp_path, lines)
    (found,) = judged(tmp_path, [*lines[::-1], *lines[:7]])
    assert found.to_json() == expected.to_json() | {"ignored": 7}


def test_an_outage_is_no_evidence(tmp_path: Path) -> None:
    lines = release("r", CLIMB)
    for line in lines[40:80]:
        line["arms"] = {}
    for line in lines[80:90]:
        del line["arms"]["challenger"]
    assert judged(tmp_path, lines)[0].decision == "promote"
    for line in lines:
        line["arms"] = None
    (found,) = judged(tmp_path, lines)
    assert (found.decision, found.evidence) == ("hold", 1.0)


def test_latencies_may_be_left_out_or_missing_for_a_while(tmp_path: Path) -> None:
    lines = release("r", CLIMB)
    for line in lines[70:90]:
        del line["arms"]["challenger"]["latency_ms_le"]
    assert judged(tmp_path, lines)[0].decision == "promote"
    for line in lines:
        for arm in line["arms"].values():
            arm.pop("latency_ms_le", None)
    assert judged(tmp_path, lines)[0].decision == "promote"


def test_predictions_that_collapse_roll_back(tmp_path: Path) -> None:
    lines = release("r", CLIMB)
    for line in lines:
        for name, arm in line["arms"].items():
            ones = 0 if name == "challenger" else arm["requests"] // 3
            arm["predictions"] = {"0": arm["requests"] - ones, "1": ones}
    (found,) = judged(tmp_path, lines)
    assert (found.decision, found.guardrail) == ("rollback", "predictions")


ARMS = '"champion": {"requests": 9, "errors": 1}, "challenger": {"requests": 2, "errors": 0}'
TICK = f'{{"release": "r", "t": 10, "weight": 5, "arms": {{{ARMS}}}}}'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON"),
        ("[1]", "no tick"),
        (TICK.replace('"t": 10, ', ""), "'t' is missing"),
        (TICK.replace('"errors": 1', '"errors": 10'), "champion: more errors than requests"),
        (TICK.replace('"requests": 2', '"requests": -2'), "challenger: counts are numbers of at least 0"),
        (TICK.replace('"requests": 2', '"requests": "many"'), "must be real number, not str"),
        (TICK.replace('"weight": 5', '"weight": 105'), "weight is a percentage"),
        (TICK.replace('"t": 10', '"t": null'), "must be real number"),
        (TICK.replace('"errors": 1', '"errors": 1, "latency_ms_le": {"5": 3, "10": 2, "+Inf": 9}'), "never fall"),
        (TICK.replace('"errors": 1', '"errors": 1, "latency_ms_le": {"5": 3, "10": 4}'), "+Inf"),
    ],
)
def test_a_line_that_is_no_tick_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "ticks.jsonl"
    path.write_text(f"{TICK}\n\n{line}\n" if "latency" not in line else f"\n\n{line}\n")
    with pytest.raises(NothingToJudge, match=r"ticks\.jsonl:[13] ") as failure:
        read(path)
    assert said in str(failure.value)


def test_a_file_without_ticks_is_nothing_to_judge(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    for name in ("empty.jsonl", "missing.jsonl"):
        with pytest.raises(NothingToJudge):
            read(tmp_path / name)


def test_other_controllers_rules_do_as_documented(tmp_path: Path) -> None:
    fine, failing, late, silent = (
        read(write(tmp_path / "one.jsonl", lines))[0]
        for lines in (
            release("fine", AT_FIVE, rate=0.0),
            release("failing", [0] * 6 + AT_FIVE, rate=0.002, ratio=20.0),
            release("slow", AT_FIVE, rate=0.0, factor=10.0),
            [line | {"arms": {}} for line in release("silent", AT_FIVE)],
        )
    )
    assert [rule(fine).decision for rule in (argo, flagger)] == ["promote", "promote"]
    assert (argo(failing).t, argo(failing).guardrail) == (120.0, "errors")
    assert (flagger(failing).t, flagger(failing, threshold=3).t) == (180.0, 300.0)
    assert argo(late).decision == "promote"
    assert (flagger(late).decision, flagger(late).guardrail) == ("rollback", "latency")
    assert (argo(silent).t, argo(silent).guardrail) == (300.0, "no data")
    assert flagger(silent).decision == "rollback"


def test_kayenta_judges_by_the_hour(tmp_path: Path) -> None:
    hour = [25] * 360
    same, worse = (
        read(write(tmp_path / "hours.jsonl", release("r", hour * 3, ratio=ratio, rate=0.01)))[0] for ratio in (1.0, 3.0)
    )
    assert kayenta(same).decision == "promote"
    assert (kayenta(worse).decision, kayenta(worse).t, kayenta(worse).guardrail) == ("rollback", 3600.0, "errors")
