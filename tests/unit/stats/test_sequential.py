"""Error rates of the sequential evidence by simulation, and mutants of it that these checks must catch.

Seeds are fixed, so nothing flakes; the limits are four standard errors away from what is promised.
"""

from collections.abc import Callable
from math import inf, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from mlops_ci.stats import sequential
from mlops_ci.stats.sequential import (
    PRIOR,
    HarmEvidence,
    SafetyEvidence,
    Tick,
    harm_at,
    ratio_from_odds,
    requests_needed,
    theta,
)

RUNS = 2_000
Counts = NDArray[np.int64]


def ticks(
    *, rate: float, ratio: float, share: float, requests: int, length: int, runs: int = RUNS, seed: int = 1
) -> list[list[Tick]]:
    """Return canaries of `length` ticks of `requests` each, split at random; the challenger is `ratio` times worse."""
    draw = np.random.default_rng(seed)
    challenger = draw.binomial(requests, share, (runs, length))
    champion = requests - challenger
    bad_champion = draw.binomial(champion, rate)
    bad_challenger = draw.binomial(challenger, min(rate * ratio, 1.0))
    columns: tuple[Counts, ...] = (champion, bad_champion, challenger, bad_challenger)
    return [
        [Tick(*row) for row in zip(*(one.tolist() for one in run), strict=True)] for run in zip(*columns, strict=True)
    ]


def peaks(make: Callable[[], HarmEvidence | SafetyEvidence], canaries: list[list[Tick]]) -> NDArray[np.float64]:
    """Return the highest evidence that each canary ever showed."""
    found = []
    for canary in canaries:
        evidence, peak = make(), 0.0
        for tick in canary:
            evidence.observe(tick)
            peak = max(peak, evidence.value)
        found.append(peak)
    return np.array(found)


def ever_reaches(limit: float, make: Callable[[], HarmEvidence | SafetyEvidence], canaries: list[list[Tick]]) -> float:
    """Return the part of canaries whose evidence reaches `limit` at any tick."""
    return float(np.mean(peaks(make, canaries) >= limit))


def allowed(level: float, runs: int = RUNS) -> float:
    return level + 4 * sqrt(level * (1 - level) / runs)


def check_identical_arms_are_left_alone(runs: int = RUNS) -> None:
    for share, rate in ((0.05, 0.02), (0.5, 0.005)):
        highest = peaks(HarmEvidence, ticks(rate=rate, ratio=1, share=share, requests=1_000, length=20, runs=runs))
        for level in (0.01, 0.05):
            assert np.mean(highest >= 1 / level) <= allowed(level, runs)


def check_bad_challengers_are_caught(runs: int = 100) -> None:
    for ratio, requests in ((4.0, 3_000), (10.0, 600)):
        canaries = ticks(rate=0.005, ratio=ratio, share=0.05, requests=requests, length=20, runs=runs)
        assert ever_reaches(100, HarmEvidence, canaries) >= 0.85


def check_everything(runs: int) -> None:
    check_identical_arms_are_left_alone(runs)
    check_bad_challengers_are_caught(runs)


def check_harm_is_not_let_through() -> None:
    common = {"rate": 0.01, "share": 0.05, "requests": 1_000, "length": 40}
    harmful = ticks(ratio=ratio_from_odds(4.0, 0.01), **common)  # type: ignore[arg-type]
    assert ever_reaches(20, lambda: SafetyEvidence(4.0, 0.01), harmful) <= allowed(0.05)
    good = ticks(ratio=1, **common, runs=300)  # type: ignore[arg-type]
    assert ever_reaches(20, lambda: SafetyEvidence(4.0, 0.01), good) >= 0.95


def test_identical_arms_are_rolled_back_at_most_as_often_as_promised() -> None:
    check_identical_arms_are_left_alone()


def test_four_and_ten_times_as_many_errors_are_caught() -> None:
    check_bad_challengers_are_caught()


def test_four_times_the_odds_at_five_percent_go_on_at_most_as_often_as_promised() -> None:
    check_harm_is_not_let_through()


def test_a_rare_event_is_judged_by_the_challengers_own_counts_at_the_same_level() -> None:
    canaries = ticks(rate=4 * 0.002, ratio=1, share=0.05, requests=2_000, length=40)
    assert ever_reaches(20, lambda: SafetyEvidence(4.0, 0.0), canaries) <= allowed(0.05)
    good = ticks(rate=0.0, ratio=1, share=0.05, requests=2_000, length=40, runs=50)
    assert ever_reaches(20, lambda: SafetyEvidence(4.0, 0.0), good) == 1.0


def test_a_margin_moves_the_null_and_keeps_its_level() -> None:
    canaries = ticks(rate=0.02, ratio=1.5, share=0.25, requests=1_000, length=20, runs=500)
    assert ever_reaches(20, lambda: HarmEvidence(margin=1.5), canaries) <= allowed(0.05, 500)
    assert ever_reaches(20, HarmEvidence, canaries) > 0.3


def inverted(ratio: float, share: float) -> float:
    return share / (share + (1 - share) * ratio)


def of_nominal_weight(ratio: float, share: float) -> float:
    del share
    return 0.5 * ratio / (0.5 * ratio + 0.5)


@pytest.mark.parametrize("mutant", [inverted, of_nominal_weight])
def test_a_wrong_theta_is_caught(mutant: Callable[[float, float], float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequential, "theta", mutant)
    with pytest.raises(AssertionError):
        check_everything(300)


def test_swapped_arms_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = HarmEvidence.observe

    def swapped(self: HarmEvidence, tick: Tick) -> None:
        right(self, Tick(tick.champion, tick.challenger_bad, tick.challenger, tick.champion_bad))

    monkeypatch.setattr(HarmEvidence, "observe", swapped)
    with pytest.raises(AssertionError):
        check_identical_arms_are_left_alone(300)


def test_a_sum_instead_of_an_average_over_the_prior_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequential, "PRIOR", (1.0,) * len(PRIOR))
    with pytest.raises(AssertionError):
        check_identical_arms_are_left_alone(300)


def test_a_looser_limit_of_harm_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequential, "ratio_from_odds", lambda odds, rate: ratio_from_odds(2 * odds, rate))
    with pytest.raises(AssertionError):
        check_harm_is_not_let_through()


def test_a_twosided_level_under_a_onesided_name_is_caught() -> None:
    """Being twice as easy to convince must show, too: at α = 1 % the limit is 100, not 50 or less."""
    canaries = ticks(rate=0.02, ratio=1, share=0.5, requests=1_000, length=20)
    assert ever_reaches(8, HarmEvidence, canaries) > allowed(0.01)


def test_evidence_begins_at_one() -> None:
    assert HarmEvidence().value == pytest.approx(1)
    assert SafetyEvidence(4.0, 0.01).value == SafetyEvidence(4.0, 0.0).value == 1


@pytest.mark.parametrize("tick", [Tick(100, 50, 0, 0), Tick(0, 0, 100, 50), Tick(0, 0, 0, 0)])
def test_a_tick_with_an_empty_arm_says_nothing(tick: Tick) -> None:
    for evidence in (HarmEvidence(), SafetyEvidence(4.0, 0.01), SafetyEvidence(4.0, 0.0)):
        evidence.observe(tick)
        assert evidence.value == pytest.approx(1)


def test_evidence_stays_finite_whatever_happens() -> None:
    for tick in (Tick(10**6, 0, 10**6, 10**6), Tick(10**6, 10**6, 10**6, 0)):
        for evidence in (HarmEvidence(), SafetyEvidence(1.5, 0.3), SafetyEvidence(1.5, 0.0)):
            evidence.observe(tick)
            assert 0 <= evidence.value < inf


def test_theta_is_the_share_at_ratio_one_and_rises() -> None:
    assert theta(1, 0.05) == pytest.approx(0.05)
    assert theta(2, 0.5) == pytest.approx(2 / 3)
    assert theta(4, 0.05) > theta(2, 0.05) > theta(1, 0.05)


@pytest.mark.parametrize(("odds", "rate", "ratio"), [(4, 0.0, 4), (1, 0.3, 1), (2, 0.5, 4 / 3)])
def test_an_odds_ratio_as_a_ratio_of_rates(odds: float, rate: float, ratio: float) -> None:
    assert ratio_from_odds(odds, rate) == pytest.approx(ratio)


@pytest.mark.parametrize(("weight", "harm"), [(1, 4), (5, 4), (25, 2), (50, 1.5), (99, 1.5)])
def test_how_much_harm_a_step_must_exclude(weight: float, harm: float) -> None:
    assert harm_at(weight) == pytest.approx(harm)


def test_in_between_it_falls() -> None:
    found = [harm_at(weight) for weight in range(5, 51)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.01, 0.2])
def test_the_announced_need_is_about_what_a_good_challenger_needs(rate: float) -> None:
    needed = requests_needed(SafetyEvidence(4.0, rate), 0.05, 5)
    canaries = ticks(
        rate=rate if rate >= 0.002 else 0.0, ratio=1, share=0.05, requests=needed // 10, length=40, runs=200
    )
    took = []
    for canary in canaries:
        evidence, seen = SafetyEvidence(4.0, rate), 0
        for tick in canary:
            evidence.observe(tick)
            seen += tick.champion + tick.challenger
            if evidence.value >= 20:
                break
        took.append(seen)
    assert 0.6 < np.median(took) / needed < 1.6


def test_a_champion_whose_every_answer_is_bad_can_never_be_shown_safe() -> None:
    assert requests_needed(SafetyEvidence(4.0, 1.0), 0.05, 5) > 10**9
