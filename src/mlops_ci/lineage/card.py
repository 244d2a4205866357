"""The model card of one version: the page that people wrote, with what is known of exactly this version filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_ci.report import StepReport, from_json
from mlops_ci.shown import number, table, text

PAGE = "docs/model-card.md"  # as the commit of the version has it
FILE = "model-card.md"  # beside the evidence
_BLANK = re.compile(r"<!-- mlops-ci: this version -->.*?<!-- mlops-ci: end -->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a version."""

    model: str  # its registered name
    made: Mapping[str, str] = field(default_factory=dict)  # what it was made from, and what it is: name → value
    gate: StepReport | None = None  # as its signed statement holds it
    override: str = ""  # who released it without the gate's evidence, and why


def judged(said: Mapping[str, Any]) -> StepReport | None:
    """Return the gate's report from what its statement says; None where there is none, or in a form of another time.

    A page for people stops no release: whether the statement proves anything was judged before.
    """
    try:
        return from_json(said) if said else None
    except ValueError:
        return None


def fill(page: str | None, known: Known) -> bytes:
    """Return the card: the page with its blank filled in, or else with one more section; a bare card for no page."""
    said = "\n".join(_facts(known))
    if page is None:
        page = f"# Model card: {text(known.model)}\n"
    if _BLANK.search(page):
        return _BLANK.sub(lambda _: said, page).encode()
    return f"{page.rstrip()}\n\n## This version\n\n{said}\n".encode()


def _facts(known: Known) -> list[str]:
    lines = [
        "| | |",
        "|---|---|",
        *(f"| {text(name)} | {text(value)} |" for name, value in known.made.items() if value),
    ]
    if known.override:
        lines += ["", f"**Released without evidence that it passed its gate**: {text(known.override)}"]
    if known.gate is None:
        return lines
    rows = max((one.n or 0 for one in known.gate.measurements), default=0)
    lines += ["", f"Its gate's verdict: **{known.gate.verdict}**, on up to {number(rows)} golden rows.", ""]
    lines += table(known.gate.measurements)
    notes = [f"- {text(one.title)}: {text(one.message)}" for one in known.gate.findings]
    return [*lines, *([""] if notes else []), *notes]
