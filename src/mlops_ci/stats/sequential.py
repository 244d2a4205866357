"""Evidence that may be looked at after every tick: its error rate holds however often one looks.

Traffic is split at random, so a bad event comes from the challenger with a probability that depends only on its
share of requests and on the ratio of the two rates. Products of likelihood ratios of that form are e-processes:
under the null they exceed 1/α with probability at most α, at any time (Ville 1939; Lindon & Malek 2022,
"Anytime-valid inference for multinomial count data").
"""

import sys
from dataclasses import dataclass, field
from itertools import pairwise
from math import exp, log, log1p

# How many times the champion's rate a harmful challenger's may be, and how much each is expected beforehand.
HARMFUL_RATIOS = (1.25, 1.5, 2.0, 2.8, 4.0, 5.7, 8.0, 16.0, 40.0)
PRIOR = (0.06, 0.16, 0.26, 0.14, 0.12, 0.07, 0.09, 0.06, 0.04)

# A service that is good shows a rate of bad events of one of these parts of the limit.
_GOOD_PARTS = (0.0, 0.1, 0.25, 0.5)


@dataclass(frozen=True, slots=True)
class Tick:
    """Counts of one bad event since the last tick, in both arms."""

    champion: int  # requests
    champion_bad: int
    challenger: int
    challenger_bad: int

    @property
    def share(self) -> float:
        """Return the challenger's measured share of requests; 0 or 1 when an arm is empty."""
        total = self.champion + self.challenger
        return self.challenger / total if total else 0.0


def theta(ratio: float, share: float) -> float:
    """Return the chance that a bad event is the challenger's, when its rate is `ratio` times the champion's."""
    return share * ratio / (share * ratio + 1 - share)


@dataclass(slots=True)
class HarmEvidence:
    """Evidence that the challenger's rate of bad events is more than `margin` times the champion's.

    `value` is an e-value: it exceeds 1/α with probability at most α when the challenger is no worse than that.
    """

    margin: float = 1.0
    _logs: list[float] = field(default_factory=lambda: [0.0] * len(HARMFUL_RATIOS))

    def observe(self, tick: Tick) -> None:
        """Count a tick; one with an empty arm says nothing."""
        share = tick.share
        if not 0 < share < 1:
            return
        null = theta(self.margin, share)
        for index, ratio in enumerate(HARMFUL_RATIOS):
            there = theta(ratio * self.margin, share)
            self._logs[index] += tick.challenger_bad * log(there / null)
            self._logs[index] += tick.champion_bad * log((1 - there) / (1 - null))

    @property
    def value(self) -> float:
        """Return the evidence, averaged over the prior."""
        return sum(weight * exp(min(one, 600.0)) for weight, one in zip(PRIOR, self._logs, strict=True))


@dataclass(slots=True)
class SafetyEvidence:
    """Evidence against a challenger that is harmful; enough of it lets the canary go on.

    When the champion's own rate before the release is at least `rare`, harmful means an odds ratio of at least
    `harm`; otherwise a rate of at least `harm * rare`, judged on the challenger's own counts. So a service that
    never fails can be promoted. The choice is made before the start.
    """

    harm: float
    champion_rate: float
    rare: float = 0.002
    _log: float = 0.0
    _logs: list[float] = field(default_factory=lambda: [0.0] * len(_GOOD_PARTS))

    @property
    def is_rare(self) -> bool:
        """Say whether the challenger is judged on its own counts."""
        return self.champion_rate < self.rare

    def observe(self, tick: Tick) -> None:
        """Count a tick; one with an empty arm says nothing."""
        if not 0 < tick.share < 1:
            return
        if self.is_rare:
            self._observe_own(tick)
        else:
            null = theta(ratio_from_odds(self.harm, self.champion_rate), tick.share)
            self._log += tick.challenger_bad * log(tick.share / null)
            self._log += tick.champion_bad * log((1 - tick.share) / (1 - null))

    def _observe_own(self, tick: Tick) -> None:
        limit = min(self.harm * self.rare, 0.5)
        good, bad = tick.challenger - tick.challenger_bad, tick.challenger_bad
        for index, part in enumerate(_GOOD_PARTS):
            if part == 0.0 and bad:
                self._logs[index] = -float("inf")
            elif part:
                self._logs[index] += bad * log(part)
            self._logs[index] += good * (log1p(-part * limit) - log1p(-limit))

    @property
    def value(self) -> float:
        """Return the evidence; harm is excluded at level β when it reaches 1/β."""
        logs = self._logs if self.is_rare else [self._log]
        return sum(exp(min(one, 600.0)) for one in logs) / len(logs)


def ratio_from_odds(odds_ratio: float, rate: float) -> float:
    """Return the ratio of rates that an odds ratio means at a base rate in (0, 1)."""
    return odds_ratio / (1 - rate + rate * odds_ratio)


def harm_at(weight: float) -> float:
    """Return how harmful a challenger a step must exclude: 4 times at 5 %, 2 at 25 %, 1.5 at 50 %.

    In between it is log-linear in the weight: a small step risks few users, so it may be left sooner.
    """
    points = ((5.0, 4.0), (25.0, 2.0), (50.0, 1.5))
    if weight <= points[0][0]:
        return points[0][1]
    for (low, there), (high, here) in pairwise(points):
        if weight <= high:
            part = (weight - low) / (high - low)
            return exp(log(there) + part * (log(here) - log(there)))
    return points[-1][1]


def requests_needed(harm: SafetyEvidence, beta: float, weight: int) -> int:
    """Return about how many requests, both arms together, a good challenger needs to go on.

    For a rare event it assumes that none occurs; otherwise that both arms have the champion's rate.
    """
    share = weight / 100
    if harm.is_rare:
        limit = min(harm.harm * harm.rare, 0.5)
        return round(log(len(_GOOD_PARTS) / beta) / -log1p(-limit) / share)
    null = theta(ratio_from_odds(harm.harm, harm.champion_rate), share)
    gain = share * log(share / null) + (1 - share) * log((1 - share) / (1 - null))
    return round(-log(beta) / gain / harm.champion_rate) if gain > 0 else sys.maxsize
