"""What a gate's report says that the ledger must hold: one entry for each golden set that led to its verdict."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_ci.release.ledger import BUDGET_CODES, Decision
from mlops_ci.report import StepReport, verdict_of

COUNTED = ("counted", "base_counted")  # inputs of the report: the golden set of the head, and the one of the base
CHALLENGERS = ("model", "challenger_predictions", "service")  # inputs that say what was judged; the first there is


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision, and the golden set on whose page it stands."""

    golden: str  # digest
    version: str  # empty where the settings name none
    decision: Decision


def told(name: str, golden: str, version: str | None) -> Mapping[str, str]:
    """Return the inputs of a report that say on which golden set its decision counts; `name` is one of COUNTED."""
    return {name: golden, **({f"{name}_version": version} if version else {})}


def entries(report: StepReport, at: str) -> Iterator[Entry]:
    """Yield what a report says must be counted; nothing where its decision is about no released champion.

    What the budget itself said is left out of the verdict: counted is what the golden set said.
    """
    inputs = report.inputs
    verdict = verdict_of(tuple(one for one in report.findings if one.code not in BUDGET_CODES))
    for name in COUNTED:
        if golden := inputs.get(name):
            model = next(inputs[one] for one in CHALLENGERS if one in inputs)
            champion, commit = inputs.get("champion", ""), inputs.get("commit", "")
            decision = Decision(model, champion, inputs["rules"], verdict, at, commit)
            yield Entry(golden, inputs.get(f"{name}_version", ""), decision)
