from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from mlops_ci.errors import ProgramFailed
from mlops_ci.rollout.meter import Meter
from mlops_ci.stats.sequential import Tick
from mlops_ci.traffic.engine import Counts
from unit.rollout.fakes import FakeClock, FakeEngine


@dataclass
class Counters(FakeEngine):
    """An engine of which only the counters are set, by hand."""

    found: dict[str, Counts] = field(default_factory=dict)

    def counts(self) -> dict[str, Counts]:
        if self.silent:
            raise ProgramFailed("no answer")
        return dict(self.found)


def engine(**found: Counts) -> Counters:
    return Counters(FakeClock(), [], found=found)


def after(counters: Counters, meter: Meter, found: Mapping[str, Counts]) -> dict[str, Tick]:
    counters.found = dict(found)
    return meter.read(with_latency=True)


def test_what_was_there_at_the_start_does_not_count() -> None:
    counters = engine(old=Counts(1_000, 10, 900, 90))
    meter = Meter(counters, "old", "new")
    assert meter.champion_rates() == {"errors": 0.01, "slow": 0.1}
    found = after(counters, meter, {"old": Counts(1_100, 11, 1_000, 95), "new": Counts(50, 1, 40, 2)})
    assert found == {"errors": Tick(100, 1, 50, 1), "slow": Tick(100, 5, 40, 2)}
    assert meter.seen == 150


def test_a_counter_that_falls_was_reset_and_counts_from_zero() -> None:
    counters = engine(old=Counts(1_000, 10, 1_000, 5), new=Counts(500, 5, 500, 5))
    meter = Meter(counters, "old", "new")
    found = after(counters, meter, {"old": Counts(1_010, 10, 1_010, 5), "new": Counts(20, 1, 20, 0)})
    assert found["errors"] == Tick(10, 0, 20, 1)


def test_an_arm_that_is_missing_from_one_answer_is_not_counted_twice() -> None:
    counters = engine(old=Counts(1_000, 10, 1_000, 5), new=Counts(500, 5, 500, 5))
    meter = Meter(counters, "old", "new")
    after(counters, meter, {"old": Counts(1_010, 10, 1_010, 5)})
    found = after(counters, meter, {"old": Counts(1_020, 10, 1_020, 5), "new": Counts(520, 5, 520, 5)})
    assert found["errors"].challenger == 20


def test_while_the_counters_are_silent_nothing_is_lost() -> None:
    counters = engine(old=Counts(0, 0, 0, 0), new=Counts(0, 0, 0, 0))
    meter = Meter(counters, "old", "new")
    counters.silent = True
    with pytest.raises(ProgramFailed):
        meter.read(with_latency=True)
    counters.silent = False
    assert after(counters, meter, {"old": Counts(9, 1, 9, 0), "new": Counts(3, 0, 3, 0)})["errors"] == Tick(9, 1, 3, 0)


def test_latency_is_left_out_while_it_warms_up() -> None:
    counters = engine(old=Counts(0, 0, 0, 0))
    assert set(Meter(counters, "old", "new").read(with_latency=False)) == {"errors"}


def test_both_arms_in_words_since_the_start() -> None:
    counters = engine(old=Counts(0, 0, 0, 0))
    meter = Meter(counters, "old", "new")
    after(counters, meter, {"old": Counts(1_000, 1, 0, 0), "new": Counts(50, 0, 0, 0)})
    after(counters, meter, {"old": Counts(2_000, 2, 0, 0), "new": Counts(100, 9, 0, 0)})
    assert meter.describe("errors") == "9 of 100 requests to the challenger, 2 of 2,000 to the champion"


def test_a_service_without_any_request_has_rates_of_zero() -> None:
    assert Meter(engine(), "old", "new").champion_rates() == {"errors": 0.0, "slow": 0.0}
