"""Count what the gate of another run decided: its report is somebody's claim, and nothing of that run is executed.

Whoever may push a branch can also make up a report. It can use up a golden set's budget, or the name of a version:
both stop what is good. A decision on the ledger lets nothing pass.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_ci.errors import NothingToJudge, ProgramFailed, UsageProblem
from mlops_ci.release import counted
from mlops_ci.release.counted import Entry
from mlops_ci.release.ledger import Ledger
from mlops_ci.report import SCHEMA, StepReport, from_json
from mlops_ci.tools.git import Git

STEP = "gate-model"
MOST_BYTES = 1 << 20
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,100}")
_FORMS = {
    **dict.fromkeys((*counted.CHALLENGERS, "champion", "rules", *counted.COUNTED), _DIGEST),
    **dict.fromkeys((f"{name}_version" for name in counted.COUNTED), _VERSION),
    "commit": COMMIT,
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision, and whether it was new to the ledger."""

    entry: Entry
    is_new: bool


def read(folder: Path) -> StepReport | None:
    """Return the gate's report of a folder, every word that is used of it checked; None where there is none.

    Raises:
        NothingToJudge: what lies there is no report that the gate could have written.
    """
    path = folder / f"{STEP}.json"
    if not path.exists() and not path.is_symlink():
        return None
    report = _parsed(_bytes(path))
    for name, form in _FORMS.items():
        if name in report.inputs and not form.fullmatch(report.inputs[name]):
            raise _refused(f"its {name} is {report.inputs[name][:80]!r}")
    if any(name in report.inputs for name in counted.COUNTED):
        lacking = {"rules", "commit"} - report.inputs.keys()
        if lacking or not any(name in report.inputs for name in counted.CHALLENGERS):
            raise _refused(f"it does not name {', '.join(sorted(lacking)) or 'a challenger'}")
    return report


def count(report: StepReport, git: Git, commit: str, at: str) -> Iterator[Recorded]:
    """Count a report's decisions on the ledger, and yield each; asked again, none is another decision.

    Args:
        report: what `read` returned.
        git: the repository, with its state branch on origin.
        commit: what the other run was about: its head. The report is about it, or about its merge into the base.
        at: now; RFC 3339, UTC.

    Raises:
        NothingToJudge: the report is about another commit.
        ProgramFailed: origin cannot be read, or did not take the push.
    """
    listed = list(counted.entries(report, at)) if report.judged else []
    if listed:
        _demand_commit(report.inputs["commit"], git, commit)
    ledger = Ledger(git)
    for entry in listed:
        known = {one.question for one in ledger.read(entry.golden).decisions}
        if refused := ledger.record(entry.golden, entry.decision, entry.version):
            raise ProgramFailed(f"The decision was not counted. {refused}")
        yield Recorded(entry, entry.decision.question not in known)


def _demand_commit(said: str, git: Git, head: str) -> None:
    """Raise unless a report is about the head of its run, or about a merge of it, as a pull request's job is."""
    if not COMMIT.fullmatch(head):
        raise UsageProblem("--commit is the whole id of a commit: the head of the run whose report is read.")
    if said != head and head not in (git.parents_of(said) or ()):
        raise _refused(f"it is about {said}, which is neither {head} nor a merge of it")


def _bytes(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise _refused("it is no file")
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise _refused(f"it is larger than {MOST_BYTES:,} bytes")
    return content


def _parsed(content: bytes) -> StepReport:
    try:
        raw: Any = json.loads(content)
        report = from_json(raw) if (raw["schema"], raw["step"]) == (SCHEMA, STEP) else None
        follows = report and (raw["verdict"], raw["exit_code"]) == (report.verdict, report.exit_code)
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise _refused("it is not in the form of one") from problem
    if report is None:
        raise _refused(f"it is none of {STEP} in the form {SCHEMA}")
    if not follows:
        raise _refused("its verdict does not follow from its findings")
    return report


def _refused(why: str) -> NothingToJudge:
    return NothingToJudge(f"The report was not written by the gate: {why}. Nothing was counted; look at that run.")
