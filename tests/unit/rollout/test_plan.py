"""The plan: what traffic shows, and when; its medians are those of the judge."""

import pytest

from mlops_ci.rollout.judge import Policy
from mlops_ci.rollout.plan import Traffic, plan

STEPS = (5, 25, 50)


def minutes(requests: float, weight: int, ratio: str) -> float:
    found = plan(Traffic(requests, 0.005), Policy(), (weight,), 3_600.0).steps[0].detects[ratio]
    assert found is not None
    return found / 60


@pytest.mark.parametrize(
    ("requests", "weight", "ratio", "expected"),
    [(5, 5, "×2", 206), (5, 25, "×2", 54), (5, 50, "×4", 8), (0.5, 5, "×10", 74), (0.5, 50, "×2", 420)],
)
def test_medians_are_the_published_ones(requests: float, weight: int, ratio: str, expected: float) -> None:
    assert 0.75 * expected < minutes(requests, weight, ratio) < 1.25 * expected


def test_more_traffic_more_weight_and_more_harm_are_seen_sooner() -> None:
    assert minutes(50, 5, "×4") < minutes(5, 5, "×4")
    assert minutes(50, 25, "×4") < minutes(50, 5, "×4")
    assert minutes(50, 5, "×40") < minutes(50, 5, "×10") < minutes(50, 5, "×2")


def test_it_begins_as_small_as_the_traffic_allows() -> None:
    starts = [plan(Traffic(requests, 0.005), Policy(), STEPS, 3_600.0) for requests in (500, 50, 8, 1)]
    assert [one.proposed_start for one in starts] == sorted(one.proposed_start for one in starts)
    assert [one.fits for one in starts] == [True, True, False, False]
    assert starts[-1].proposed_start == 50


def test_a_service_that_never_fails_has_no_ratio_to_detect_and_goes_on_by_its_own_counts() -> None:
    (step,) = plan(Traffic(50, 0.0), Policy(), (5,), 3_600.0).steps
    assert set(step.detects.values()) == {None}
    assert step.good is not None
    assert step.good < 300
