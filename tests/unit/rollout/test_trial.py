"""From rising counters to decisions: resets, gaps, ticks without the challenger, and what is said about them."""

import json
import re
from dataclasses import dataclass, field

import pytest

from mlops_ci.errors import ProgramFailed
from mlops_ci.rollout.judge import Policy
from mlops_ci.rollout.live_ticks import Tick
from mlops_ci.rollout.trial import Trial
from mlops_ci.traffic.engine import Counts

OLD, NEW = "v7", "v8"


@dataclass
class Counters:
    """Two versions' counters, as an engine has them: totals since each was started."""

    bounds: tuple[float, ...] = (50.0, 250.0)
    bins: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    totals: dict[str, Counts] = field(default_factory=lambda: {OLD: Counts(10_000, 10_000, 20, (6_000, 3_900, 100))})
    silent: bool = False

    def counts(self) -> dict[str, Counts]:
        if self.silent:
            raise ProgramFailed("no answer")
        return dict(self.totals)

    def add(self, name: str, requests: int, errors: int = 0, slow: int = 0, hanging: int = 0) -> None:
        old = self.totals.get(name, Counts(0, 0, 0, (0, 0, 0)))
        fast = requests - slow
        latency = (old.latency[0] + fast - fast // 3, old.latency[1] + fast // 3, old.latency[2] + slow)
        begun = old.started + requests + hanging
        self.totals[name] = Counts(begun, old.requests + requests, old.errors + errors, latency)


def begun(counters: Counters, weight: int = 25) -> Trial:
    """Return a trial whose first step has begun, and whose first tick is over."""
    trial = Trial(counters, (OLD, NEW), Policy(slow=250.0))
    trial.begin_step(weight)
    assert trial.look(1.0, counted=True, timed=True) == "hold"
    return trial


def test_a_bad_challenger_is_rolled_back_and_named() -> None:
    counters = Counters()
    trial = begun(counters)
    counters.add(OLD, 300)
    counters.add(NEW, 100, errors=10)
    assert trial.look(2.0, counted=True, timed=True) == "roll-back"
    assert trial.culprit == "errors"
    assert trial.evidence >= 100
    assert trial.describe("errors") == "10 of 100 requests to the challenger, 0 of 300 to the champion"
    assert "400 requests" in trial.status()


def slow_for(counters: Counters, trial: Trial, *, seconds: int, first: int = 2, timed: bool = True) -> str:
    """Let the challenger be slow for some seconds, or until it is decided; return the last decision."""
    decision = "hold"
    for at in range(first, first + seconds):
        counters.add(OLD, 300, slow=3)
        counters.add(NEW, 100, slow=60)
        decision = trial.look(float(at), counted=True, timed=timed)
        if decision != "hold":
            break
    return decision


def test_a_slow_one_is_named_by_its_latencies() -> None:
    counters = Counters()
    trial = begun(counters)
    assert slow_for(counters, trial, seconds=1) == "hold", "one second may be a stall"
    assert slow_for(counters, trial, seconds=9, first=3) == "roll-back"
    assert trial.culprit == "latency"
    said = trial.describe("latency")
    assert re.fullmatch(
        r"the challenger gave \d{3} answers, half over 250 ms, 95 % over 250 ms, \d{3} over 250 ms; "
        r"the champion [\d,]+ answers, half within 50 ms, 95 % within 250 ms, \d+ over 250 ms",
        said,
    ), said


def test_while_it_warms_up_slow_answers_do_not_count() -> None:
    counters = Counters()
    trial = begun(counters)
    assert slow_for(counters, trial, seconds=20, timed=False) == "hold"
    assert slow_for(counters, trial, seconds=1, first=22) == "hold"
    assert trial.evidence_by["latency"] == 1, "what came in until this look began before it was warm"
    assert slow_for(counters, trial, seconds=9, first=23) == "roll-back"


def test_answers_from_before_a_change_of_weights_do_not_count() -> None:
    counters = Counters()
    trial = Trial(counters, (OLD, NEW), Policy())
    trial.begin_step(25)
    counters.add(NEW, 100, errors=100)
    assert trial.look(1.0, counted=True, timed=True) == "hold"
    counters.add(NEW, 100, errors=100)
    assert trial.look(2.0, counted=False, timed=True) == "hold"
    assert trial.seen == 0
    assert trial.evidence == pytest.approx(1)


def test_a_silence_is_caught_up_with() -> None:
    counters = Counters()
    trial = begun(counters)
    counters.silent = True
    with pytest.raises(ProgramFailed):
        trial.look(2.0, counted=True, timed=True)
    counters.silent = False
    counters.add(OLD, 300)
    counters.add(NEW, 100, errors=10)
    assert trial.look(3.0, counted=True, timed=True) == "roll-back"


def test_a_counter_that_falls_was_reset_and_counts_from_zero() -> None:
    counters = Counters()
    trial = begun(counters)
    counters.totals = {OLD: Counts(30, 30, 0, (30, 0, 0)), NEW: Counts(10, 10, 1, (10, 0, 0))}
    trial.look(2.0, counted=True, timed=True)
    assert trial.describe("errors") == "1 of 10 requests to the challenger, 0 of 30 to the champion"


def test_an_arm_missing_from_one_answer_is_not_reset() -> None:
    counters = Counters()
    trial = begun(counters)
    kept = counters.totals.pop(OLD)
    counters.add(NEW, 10)
    trial.look(2.0, counted=True, timed=True)
    counters.totals[OLD] = kept
    counters.add(OLD, 5)
    counters.add(NEW, 10)
    trial.look(3.0, counted=True, timed=True)
    assert trial.describe("errors") == "0 of 20 requests to the challenger, 0 of 5 to the champion"


def test_with_little_traffic_a_tick_lasts_until_the_challenger_had_some() -> None:
    """A champion's error in a tick without the challenger would be lost."""
    counters = Counters()
    trial = begun(counters, weight=5)
    for second in range(2, 8):
        counters.add(OLD, 20, errors=1)
        assert trial.look(float(second), counted=True, timed=True) == "hold"
    assert trial.seen == 0
    counters.add(NEW, 6)
    trial.look(8.0, counted=True, timed=True)
    assert trial.describe("errors") == "0 of 6 requests to the challenger, 6 of 120 to the champion"
    counters.add(OLD, 20)
    trial.look(30.0, counted=True, timed=True)  # the longest tick
    assert trial.seen == 146


def test_a_wrong_split_is_no_judgement() -> None:
    counters = Counters()
    trial = begun(counters, weight=5)
    counters.add(OLD, 600)
    counters.add(NEW, 200)
    assert trial.look(2.0, counted=True, timed=True) == "invalid"


def test_a_challenger_that_hangs_has_its_share_all_the_same() -> None:
    """The split is checked by requests that began: those without an answer went to it as well."""
    counters = Counters()
    trial = begun(counters, weight=25)
    for second in range(2, 12):
        counters.add(OLD, 300)
        counters.add(NEW, 5, hanging=95)
        assert trial.look(float(second), counted=True, timed=True) == "hold"


def test_what_a_good_challenger_needs_is_announced() -> None:
    trial = begun(Counters(), weight=5)
    assert 5_000 < trial.needed < 50_000


@pytest.mark.parametrize("stop", [3, 9, 14])
def test_another_process_goes_on_where_the_log_ends(stop: int) -> None:
    """Counters that began anew in between are taken for what they are by both."""
    log: list[Tick] = []
    counters = Counters()
    whole = Trial(counters, (OLD, NEW), Policy(slow=250.0), log=log.append)
    whole.begin_step(25)
    for second in range(1, stop):
        if second == 7:
            counters.totals = {}
        counters.add(OLD, 300, errors=1, slow=3)
        counters.add(NEW, 100, errors=second % 2, slow=2)
        whole.look(float(second), counted=True, timed=True)
    lines = [json.loads(json.dumps(tick.to_json("r", counters.bounds))) for tick in log]
    read = [Tick.from_json(line, counters.bounds) for line in lines]
    assert read == log
    resumed = Trial(counters, (OLD, NEW), Policy(slow=250.0), read)
    for second in range(stop, stop + 3):
        counters.add(OLD, 300, errors=1)
        counters.add(NEW, 100, errors=2)
        decisions = [one.look(float(second), counted=True, timed=True) for one in (whole, resumed)]
        assert decisions[0] == decisions[1]
    assert resumed.evidence_by == whole.evidence_by
    assert resumed.describe("errors") == whole.describe("errors")
    assert resumed.seen == whole.seen


def test_ticks_of_other_buckets_are_not_gone_on_with() -> None:
    counters = Counters()
    log: list[Tick] = []
    Trial(counters, (OLD, NEW), Policy(), log=log.append)
    with pytest.raises(ValueError, match="buckets are others"):
        Tick.from_json(log[0].to_json("r", counters.bounds), (50.0, 300.0))
