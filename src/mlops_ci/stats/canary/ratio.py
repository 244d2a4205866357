"""Evidence on how many times the champion's rate of bad events the challenger's is.

Traffic is split at random, so a bad event comes from the challenger with a probability that depends only on its
share of requests and on the ratio of the two rates. Products of likelihood ratios of that form are e-processes:
under the null they exceed 1/α with probability at most α, at any time (Ville 1939; Lindon & Malek 2022,
"Anytime-valid inference for multinomial count data").
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from mlops_ci.stats.canary.paths import Flags, Floats, RunningSum, log_mixture

# How many times the limit a harmful challenger's rate may be, and how much each is expected beforehand.
HARMFUL_RATIOS = np.array([1.25, 1.5, 2.0, 2.8, 4.0, 5.7, 8.0, 16.0, 40.0])
PRIOR = np.array([0.06, 0.16, 0.26, 0.14, 0.12, 0.07, 0.09, 0.06, 0.04])

# A service that is good shows a rate of bad events of one of these parts of the limit.
_GOOD_PARTS = np.array([0.0, 0.1, 0.25, 0.5])
_EXCLUDED = -1e4  # logarithm of a likelihood that is zero; finite, so that sums can begin anew
RARE = 0.002  # below this rate of the champion a ratio says little

# What a step must exclude: its weight in percent → odds ratio. In between it is log-linear.
_WEIGHTS = (5.0, 25.0, 50.0)
_ODDS = (4.0, 2.0, 1.5)


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Counts of one kind of bad event by tick, in both arms; all of shape (releases, ticks).

    A tick with an empty arm says nothing, whatever its counts.
    """

    champion: Floats  # requests
    champion_bad: Floats
    challenger: Floats
    challenger_bad: Floats

    @property
    def bad(self) -> Floats:
        """Return the bad events of both arms."""
        return self.champion_bad + self.challenger_bad

    @property
    def requests(self) -> Floats:
        """Return the requests of both arms."""
        return self.champion + self.challenger

    @property
    def share(self) -> Floats:
        """Return the challenger's measured share of requests; 0.5 where it says nothing."""
        return np.where(self.telling, self.challenger / np.maximum(self.requests, 1), 0.5)

    @property
    def telling(self) -> Flags:
        """Say which ticks have requests in both arms."""
        return (self.champion > 0) & (self.challenger > 0)

    def where(self, counted: Flags) -> Self:
        """Return the events with nothing in the ticks that do not count."""
        return type(self)(*(np.where(counted, one, 0.0) for one in self._all()))

    def _all(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.champion, self.champion_bad, self.challenger, self.challenger_bad


def log_ratios(events: Events, alternative: Floats, null: Floats) -> Floats:
    """Return each tick's log-likelihood ratio of two ratios of rates, given how many bad events there were.

    With a share s and a ratio r, a bad event is the challenger's with probability s·r / (s·r + 1 − s). Both ratios
    broadcast against (releases, ticks, alternatives).
    """
    share = events.share[..., None]
    one_arm = np.log(alternative / null)
    both_arms = np.log1p(share * (alternative - 1)) - np.log1p(share * (null - 1))
    found = events.challenger_bad[..., None] * one_arm - events.bad[..., None] * both_arms
    return np.where(events.telling[..., None], found, 0.0)


class HarmEvidence:
    """Evidence that the challenger's rate is more than `margin` times the champion's: e-values, as logarithms."""

    def __init__(self, releases: int = 1, margin: float = 1.0) -> None:
        """Begin with no evidence for any release."""
        self._null = np.array([margin])
        self._sums = RunningSum(releases, len(HARMFUL_RATIOS))

    def observe(self, events: Events, burst: Floats) -> Floats:
        """Return the evidence after each tick, (releases, ticks); `burst` is how many bad events count as one."""
        found = log_ratios(events, HARMFUL_RATIOS * self._null, self._null)
        return log_mixture(self._sums.extend(found) / burst[..., None], PRIOR)


class SafetyEvidence:
    """Evidence against a challenger that is harmful, begun anew at each step: enough of it lets the canary go on.

    Where the champion's own rate before the release is at least `rare`, harmful means an odds ratio that depends on
    the step's weight; elsewhere a rate of that many times `rare`, judged on the challenger's own counts. So a
    service that never fails can be promoted. The choice is made before the start.
    """

    def __init__(self, champion_rates: Floats, rare: float = RARE) -> None:
        """Begin with the champion's rates before the release, shape (releases,)."""
        self._rates = champion_rates[:, None]
        self._rare = rare
        self._ratio = RunningSum(len(champion_rates), 1)
        self._own = RunningSum(len(champion_rates), len(_GOOD_PARTS))

    def observe(self, events: Events, weight: Floats, restart: Flags, burst: Floats) -> Floats:
        """Return the log-evidence after each tick; harm is excluded at level β when it reaches log(1/β).

        Args:
            events: what happened; ticks that do not count are empty.
            weight: the challenger's nominal share in percent, (releases, ticks).
            restart: the ticks with which a step begins, (releases, ticks).
            burst: how many bad events count as one, (releases, ticks).
        """
        harm = harm_at(weight)
        null = ratio_from_odds(harm, np.clip(self._rates, self._rare, 0.99))
        by_ratio = self._ratio.extend(log_ratios(events, np.ones(1), null[..., None]), restart)[..., 0]
        own = self._own.extend(self._own_logs(events, harm), restart) / burst[..., None]
        by_own = log_mixture(own, np.full(len(_GOOD_PARTS), 1 / len(_GOOD_PARTS)))
        return np.where(self._rates < self._rare, by_own, by_ratio / burst)

    def _own_logs(self, events: Events, harm: Floats) -> Floats:
        limit = np.minimum(harm * self._rare, 0.5)[..., None]
        bad = events.challenger_bad[..., None]
        good = events.challenger[..., None] - bad
        of_bad = np.log(_GOOD_PARTS, where=_GOOD_PARTS > 0, out=np.full(len(_GOOD_PARTS), _EXCLUDED))
        found: Floats = bad * of_bad + good * (np.log1p(-_GOOD_PARTS * limit) - np.log1p(-limit))
        return found


def ratio_from_odds(odds_ratio: Floats | float, rate: Floats | float) -> Floats:
    """Return the ratio of rates that an odds ratio means at a base rate in (0, 1)."""
    return np.asarray(odds_ratio / (1 - rate + rate * odds_ratio))


def harm_at(weight: Floats | float) -> Floats:
    """Return how harmful a challenger a step must exclude: an odds ratio of 4 at 5 %, 2 at 25 %, 1.5 at 50 %.

    In between it is log-linear in the weight: a small step risks few users, so it may be left sooner.
    """
    return np.exp(np.interp(weight, _WEIGHTS, np.log(_ODDS)))


def requests_needed(champion_rate: float, weight: float, beta: float, rare: float = RARE) -> float:
    """Return about how many requests, both arms together, a good challenger needs to go on; infinite if never.

    For a rare event it assumes that none occurs; otherwise that both arms have the champion's rate.
    """
    share, harm = weight / 100, harm_at(weight)
    if champion_rate < rare:
        limit = min(float(harm) * rare, 0.5)
        return float(np.log(len(_GOOD_PARTS) / beta) / -np.log1p(-limit) / share)
    null = float(ratio_from_odds(harm, champion_rate))
    gain = float(np.log1p(share * (null - 1)) - share * np.log(null))
    return float(-np.log(beta) / gain / champion_rate) if gain > 0 else float("inf")
