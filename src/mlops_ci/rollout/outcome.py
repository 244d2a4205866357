"""How a canary ended, or how far it came: what the report, the record and the signed statement are made from."""

from dataclasses import dataclass, field
from typing import Any, Literal

from mlops_ci.evidence import state_about
from mlops_ci.release.branch import Note
from mlops_ci.release.state import Release
from mlops_ci.rollout.shadow import Shadow

Cause = Literal[
    "first-release", "promoted", "unchanged", "rejected-before", "judged", "never-ready", "crashed", "no-answer",
    "unhealthy", "time-limit", "split-wrong", "evidence-lost", "interrupted", "begun", "go-on", "held",
]  # fmt: skip
Decision = Literal["promote", "roll-back", "hold", "go-on"]
PREDICATE = "https://github.com/mlops-ci/mlops-ci/canary/v1"
AGAINST_THE_MODEL: frozenset[Cause] = frozenset({"judged", "crashed", "no-answer", "unhealthy", "never-ready"})
_DECISIONS: dict[Cause, Decision] = {
    "first-release": "promote", "promoted": "promote", "unchanged": "promote",
    "begun": "hold", "held": "hold", "go-on": "go-on",
}  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """How a canary ended, or how far it came."""

    release: Release
    champion: Release | None
    cause: Cause
    detail: str = ""
    recorded: bool = True
    guardrail: str = ""
    evidence: float = 1.0
    evidence_by: dict[str, float] = field(default_factory=dict)  # guardrail → e-value
    timeline: list[dict[str, Any]] = field(default_factory=list)
    shadow: Shadow | None = None

    @property
    def decision(self) -> Decision:
        """Return what was decided; everything that does not go on goes back."""
        return _DECISIONS.get(self.cause, "roll-back")

    @property
    def promoted(self) -> bool:
        """Say whether the challenger is the champion now."""
        return self.decision == "promote"

    @property
    def rejected(self) -> bool:
        """Say whether the model was found wanting, as opposed to not having been judged."""
        return self.cause in AGAINST_THE_MODEL

    @property
    def path(self) -> str:
        """Return where the statement about it stands on the state branch."""
        return f"evidence/canary/{self.release.model_digest.removeprefix('sha256:')}.json"

    def statement(self) -> dict[str, Any]:
        """Return what is to be signed about it."""
        subjects = {"challenger": self.release.model_digest, "commit": self.release.commit}
        if self.champion:
            subjects["champion"] = self.champion.model_digest
        predicate = {
            "decision": self.decision,
            "cause": self.cause,
            "detail": self.detail,
            "guardrail": self.guardrail,
            "evidence": self.evidence,
            "evidence_by": self.evidence_by,
            "timeline": self.timeline,
        }
        return state_about(subjects, PREDICATE, predicate)

    def note(self) -> Note:
        """Return what the commit about its end says."""
        if self.promoted:
            return Note(f"Promote {self.release.name}", self.release.name, verdict="pass", evidence=self.path)
        verdict = "fail" if self.rejected else "interrupted" if self.cause == "interrupted" else "inconclusive"
        subject = f"Roll back {self.release.name}: {self.detail.splitlines()[0][:100] if self.detail else self.cause}"
        return Note(subject, self.release.name, "-", 0, verdict, self.path)
