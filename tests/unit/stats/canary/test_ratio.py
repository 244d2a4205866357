"""Error rates of the evidence on ratios by simulation, and mutants of it that these checks must catch."""

from collections.abc import Callable

import numpy as np
import pytest

from mlops_ci.stats.canary import ratio as module
from mlops_ci.stats.canary.paths import Floats
from mlops_ci.stats.canary.ratio import (
    Events,
    HarmEvidence,
    SafetyEvidence,
    harm_at,
    log_ratios,
    ratio_from_odds,
    requests_needed,
)
from unit.stats.canary.worlds import allowed, begins, events, ever

RUNS = 4_000


def harm(seen: Events, margin: float = 1.0) -> Floats:
    return HarmEvidence(len(seen.champion), margin).observe(seen, np.ones_like(seen.champion))


def safety(seen: Events, rate: float, weight: float = 5.0) -> Floats:
    weights = np.full_like(seen.champion, weight)
    evidence = SafetyEvidence(np.full(len(seen.champion), rate))
    return evidence.observe(seen, weights, begins(weights), np.ones_like(weights))


def check_identical_arms_are_left_alone(runs: int = RUNS) -> None:
    for share, rate in ((0.05, 0.02), (0.5, 0.005)):
        path = harm(events(rate=rate, ratio=1, share=share, requests=1_000, ticks=20, runs=runs))
        for level in (0.01, 0.05):
            assert ever(path, level) <= allowed(level, runs)


def check_bad_challengers_are_caught(runs: int = 300) -> None:
    for times_worse, requests in ((4.0, 3_000), (10.0, 600)):
        bad = events(rate=0.005, ratio=times_worse, share=0.05, requests=requests, ticks=20, runs=runs)
        assert ever(harm(bad), 0.01) >= 0.85


def check_everything() -> None:
    check_identical_arms_are_left_alone(500)
    check_bad_challengers_are_caught()


def check_harm_is_not_let_through() -> None:
    harmful = ratio_from_odds(4.0, 0.01)
    bad = events(rate=0.01, ratio=float(harmful), share=0.05, requests=1_000, ticks=40, runs=RUNS)
    assert ever(safety(bad, 0.01), 0.05) <= allowed(0.05, RUNS)
    good = events(rate=0.01, ratio=1, share=0.05, requests=1_000, ticks=40, runs=300)
    assert ever(safety(good, 0.01), 0.05) >= 0.95


def test_identical_arms_are_rolled_back_at_most_as_often_as_promised() -> None:
    check_identical_arms_are_left_alone()


def test_four_and_ten_times_as_many_errors_are_caught() -> None:
    check_bad_challengers_are_caught()


def test_four_times_the_odds_at_five_percent_go_on_at_most_as_often_as_promised() -> None:
    check_harm_is_not_let_through()


def test_a_rare_event_is_judged_by_the_challengers_own_counts_at_the_same_level() -> None:
    bad = events(rate=4 * 0.002, ratio=1, share=0.05, requests=2_000, ticks=40, runs=RUNS)
    assert ever(safety(bad, 0.0), 0.05) <= allowed(0.05, RUNS)
    good = events(rate=0.0, ratio=1, share=0.05, requests=2_000, ticks=40, runs=50)
    assert ever(safety(good, 0.0), 0.05) == 1.0


def test_a_margin_moves_the_null_and_keeps_its_level() -> None:
    worse = events(rate=0.02, ratio=1.5, share=0.25, requests=1_000, ticks=20, runs=1_000)
    assert ever(harm(worse, margin=1.5), 0.05) <= allowed(0.05, 1_000)
    assert ever(harm(worse), 0.05) > 0.3


Ratios = Callable[[Events, Floats, Floats], Floats]


def inverted(seen: Events, alternative: Floats, null: Floats) -> Floats:
    return log_ratios(Events(seen.challenger, seen.challenger_bad, seen.champion, seen.champion_bad), alternative, null)


def of_nominal_weight(seen: Events, alternative: Floats, null: Floats) -> Floats:
    half = np.full_like(seen.champion, 500.0)
    return log_ratios(Events(half, seen.champion_bad, half, seen.challenger_bad), alternative, null)


@pytest.mark.parametrize("mutant", [inverted, of_nominal_weight])
def test_a_wrong_likelihood_is_caught(mutant: Ratios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "log_ratios", mutant)
    with pytest.raises(AssertionError):
        check_everything()


def test_a_sum_instead_of_an_average_over_the_prior_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PRIOR", np.ones(len(module.PRIOR)))
    with pytest.raises(AssertionError):
        check_identical_arms_are_left_alone(500)


def test_a_looser_limit_of_harm_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ratio_from_odds", lambda odds, rate: ratio_from_odds(2 * odds, rate))
    with pytest.raises(AssertionError):
        check_harm_is_not_let_through()


def test_an_easier_limit_would_show() -> None:
    """At α = 1 % the limit is 100; whoever asks for 8 only is wrong more often than promised."""
    path = harm(events(rate=0.02, ratio=1, share=0.5, requests=1_000, ticks=20, runs=RUNS))
    assert ever(path, 1 / 8) > allowed(0.01, RUNS)


def tick(champion: float, champion_bad: float, challenger: float, challenger_bad: float) -> Events:
    return Events(*(np.array([[one]]) for one in (champion, champion_bad, challenger, challenger_bad)))


@pytest.mark.parametrize("one", [tick(100, 50, 0, 0), tick(0, 0, 100, 50), tick(0, 0, 0, 0)])
def test_a_tick_with_an_empty_arm_says_nothing(one: Events) -> None:
    assert harm(one)[0, 0] == pytest.approx(0)
    assert safety(one, 0.01)[0, 0] == pytest.approx(0)


@pytest.mark.parametrize("one", [tick(1e6, 0, 1e6, 1e6), tick(1e6, 1e6, 1e6, 0)])
def test_evidence_stays_finite_whatever_happens(one: Events) -> None:
    for path in (harm(one), safety(one, 0.3), safety(one, 0.0)):
        assert np.isfinite(path).all()


def test_ticks_one_by_one_are_judged_as_all_at_once() -> None:
    seen = events(rate=0.02, ratio=1.3, share=0.25, requests=500, ticks=12, runs=3)
    step, evidence, proof = 5, HarmEvidence(3), SafetyEvidence(np.full(3, 0.02))
    weight, restart = np.full((3, 12), 25.0), begins(seen.champion)
    restart[1, 7] = True
    whole = SafetyEvidence(np.full(3, 0.02)).observe(seen, weight, restart, np.ones((3, 12)))
    parts = [
        (Events(*(one[:, at : at + step] for one in seen._all())), restart[:, at : at + step])
        for at in range(0, 12, step)
    ]
    ones = [np.ones_like(one.champion) for one, _ in parts]
    found = np.concatenate([evidence.observe(one, size) for (one, _), size in zip(parts, ones, strict=True)], axis=1)
    proved = [
        proof.observe(one, np.full_like(one.champion, 25.0), begin, size)
        for (one, begin), size in zip(parts, ones, strict=True)
    ]
    assert found == pytest.approx(harm(seen))
    assert np.concatenate(proved, axis=1) == pytest.approx(whole)


@pytest.mark.parametrize(("odds", "rate", "expected"), [(4, 0.0, 4), (1, 0.3, 1), (2, 0.5, 4 / 3)])
def test_an_odds_ratio_as_a_ratio_of_rates(odds: float, rate: float, expected: float) -> None:
    assert ratio_from_odds(odds, rate) == pytest.approx(expected)


@pytest.mark.parametrize(("weight", "expected"), [(1, 4), (5, 4), (25, 2), (50, 1.5), (99, 1.5)])
def test_how_much_harm_a_step_must_exclude(weight: float, expected: float) -> None:
    assert harm_at(weight) == pytest.approx(expected)


def test_in_between_it_falls() -> None:
    found = [float(harm_at(weight)) for weight in range(5, 51)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.01, 0.2])
def test_the_announced_need_is_about_what_a_good_challenger_needs(rate: float) -> None:
    needed = requests_needed(rate, 5, 0.05)
    real = rate if rate >= 0.002 else 0.0
    seen = events(rate=real, ratio=1, share=0.05, requests=round(needed / 10), ticks=40, runs=200)
    reached = safety(seen, rate) >= np.log(20)
    took = np.where(reached.any(axis=1), np.argmax(reached, axis=1) + 1, 40) * needed / 10
    assert 0.6 < np.median(took) / needed < 1.6


def test_a_champion_whose_every_answer_is_bad_can_never_be_shown_safe() -> None:
    assert requests_needed(1.0, 5, 0.05) > 10**9
