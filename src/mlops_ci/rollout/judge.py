"""The judge of a canary: counts in, one of go on, roll back or hold out; no clock, no network."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from mlops_ci.stats.sequential import HarmEvidence, SafetyEvidence, Tick, harm_at, requests_needed

Decision = Literal["go-on", "roll-back", "hold"]

# How the chance of a false rollback is shared out; fixed before the start.
SHARES = {"errors": 0.6, "slow": 0.4}
_INCIDENT_WINDOW = 60.0  # seconds
_INCIDENT_LEAST = 6
_INCIDENT_TIMES = 2.5


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far one guardrail is, for people and reports."""

    guardrail: str
    harm: float  # e-value against the challenger; rolls back, weighted and summed, at 1/alpha
    safety: float  # e-value for it; goes on at 1/beta
    needed: int  # requests of both arms that a good challenger needs in this step


@dataclass(slots=True)
class Guardrail:
    """One kind of bad event, its evidence since the start and since the step began."""

    name: str
    champion_rate: float  # before the release
    harm: HarmEvidence = field(default_factory=HarmEvidence)
    safety: SafetyEvidence = field(init=False)
    recent: deque[tuple[float, int, int]] = field(default_factory=deque)  # time, bad events, requests

    def __post_init__(self) -> None:
        """Begin as if at the smallest step."""
        self.begin_step(1)

    def begin_step(self, weight: int) -> None:
        """Start again to collect evidence that the challenger is not harmful."""
        self.safety = SafetyEvidence(harm_at(weight), self.champion_rate)

    def observe(self, at: float, tick: Tick) -> None:
        """Count a tick. In an incident that hits both arms, it does not count in the challenger's favour."""
        self.harm.observe(tick)
        self.recent.append((at, tick.champion_bad + tick.challenger_bad, tick.champion + tick.challenger))
        while self.recent and self.recent[0][0] <= at - _INCIDENT_WINDOW:
            self.recent.popleft()
        bad = sum(one for _, one, _ in self.recent)
        requests = sum(one for _, _, one in self.recent)
        if bad <= max(_INCIDENT_LEAST, _INCIDENT_TIMES * self.champion_rate * requests):
            self.safety.observe(tick)


class Judge:
    """Joins the guardrails: one error budget for rolling back, every guardrail's consent for going on."""

    def __init__(self, champion_rates: dict[str, float], *, alpha: float, beta: float) -> None:
        """Begin with the champion's rates of each bad event before the release."""
        self.alpha = alpha
        self.beta = beta
        self.guardrails = {name: Guardrail(name, champion_rates.get(name, 0.0)) for name in SHARES}
        self._weight = 1

    def begin_step(self, weight: int) -> None:
        """Say that the challenger now gets `weight` percent."""
        self._weight = weight
        for guardrail in self.guardrails.values():
            guardrail.begin_step(weight)

    def observe(self, at: float, ticks: dict[str, Tick]) -> Decision:
        """Count what happened since the last tick, by guardrail, and decide."""
        for name, tick in ticks.items():
            self.guardrails[name].observe(at, tick)
        if self.evidence >= 1 / self.alpha:
            return "roll-back"
        safe = all(guardrail.safety.value >= 1 / self.beta for guardrail in self.guardrails.values())
        return "go-on" if safe else "hold"

    @property
    def evidence(self) -> float:
        """Return the evidence against the challenger, all guardrails together: an e-value."""
        return sum(share * self.guardrails[name].harm.value for name, share in SHARES.items())

    @property
    def culprit(self) -> str:
        """Return the guardrail with the most evidence against the challenger."""
        return max(SHARES, key=lambda name: SHARES[name] * self.guardrails[name].harm.value)

    def progress(self) -> list[Progressed]:
        """Return how far each guardrail is."""
        return [
            Progressed(one.name, one.harm.value, one.safety.value, requests_needed(one.safety, self.beta, self._weight))
            for one in self.guardrails.values()
        ]
