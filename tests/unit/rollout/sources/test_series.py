"""Counters of a Prometheus server: resets, gaps, duplicates and late samples change no sum."""

import pytest

from mlops_ci.errors import ProgramFailed
from mlops_ci.rollout.sources.series import Series
from mlops_ci.tools.prometheus import Sample, _sample


def sample(pod: str, value: int) -> Sample:
    return Sample({"pod": pod}, value)


def total(series: Series, *samples: Sample) -> int:
    return sum(series.take(samples, lambda _: "").values())


def test_a_counter_that_begins_anew_loses_nothing_and_hides_behind_no_other() -> None:
    series = Series()
    assert total(series, sample("a", 100), sample("b", 40)) == 140
    assert total(series, sample("a", 5), sample("b", 90)) == 195, "a began anew, although the sum did not fall by it"


def test_samples_that_come_twice_late_or_not_at_all() -> None:
    series = Series()
    assert total(series, sample("a", 100), sample("b", 10)) == 110
    assert total(series, sample("a", 100)) == 110, "the same sample twice; b was not scraped"
    assert total(series) == 110, "the whole server was not scraped"
    assert total(series, sample("a", 130), sample("b", 70)) == 200, "what came meanwhile comes now"


@pytest.mark.parametrize("value", [0.25, -1.0, float("nan"), float("inf")])
def test_what_is_no_count_is_refused(value: float) -> None:
    with pytest.raises(ProgramFailed, match="no count"):
        _sample("rate(requests_total[1m])", {}, value)
