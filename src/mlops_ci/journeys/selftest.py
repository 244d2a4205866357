"""Plants known defects in a copy of a repository, and says which of them its own settings catch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_ci.errors import MlopsCiError, NothingToJudge, UsageProblem, worst
from mlops_ci.journeys import selftest_gate, selftest_inputs, selftest_workflow
from mlops_ci.journeys.selftest_defect import Defect, Outcome
from mlops_ci.journeys.selftest_scratch import Found, Ran, Scratch
from mlops_ci.ports import Progress
from mlops_ci.settings.data import DataSettings
from mlops_ci.settings.gate import GateSettings
from mlops_ci.settings.load import Cascade
from mlops_ci.settings.register import RegisterSettings
from mlops_ci.settings.scan import ScanSettings
from mlops_ci.tools.git import Git

DEFECTS = {
    **dict.fromkeys(selftest_workflow.NAMES, "verdict"),
    **dict.fromkeys(("column in another unit", "column lost", "drift"), "validate-data"),
    **dict.fromkeys(("worse model", "slower model", "unfair slice", "must-pass case wrong"), "gate-model"),
    **dict.fromkeys(("model that runs code", "rules loosened", "golden set tampered with"), "gate-model"),
    "evidence written by hand": "register-model",
    **dict.fromkeys(("vulnerable package", "secret", "insecure Terraform"), "scan"),
    **dict.fromkeys(("Dockerfile as root", "workflow injection", "malicious pickle"), "scan"),
}
"""Every defect by name, with the step that must stop it."""

_REJECTED = 10
_JUDGED = {0, _REJECTED, 11}


@dataclass(slots=True)
class _Part:
    """The defects of one step: what they need, and what the step finds before anything is broken."""

    defects: Sequence[Defect]
    prepare: Callable[[Scratch], None]
    clean: Callable[[Scratch], Sequence[str]] | None  # None where a finding can only be about the defect
    because: str = ""  # why none of them applies
    before: Ran | None = None


def selftest(cascade: Cascade, root: Path, folder: Path, only: Sequence[str], progress: Progress) -> Iterator[Outcome]:
    """Yield what becomes of each defect, or of those that `only` names.

    Args:
        cascade: the settings of the repository.
        root: the ML repository; it is read, and never written to.
        folder: an empty folder for the copy.
        only: names of defects; none for all.
        progress: told what is tried.

    Raises:
        UsageProblem: a name is none; there is no settings file, or no commit.
    """
    if unknown := [name for name in only if name not in DEFECTS]:
        raise UsageProblem(f"There is no defect {unknown[0]!r}; --list names them.")
    path = cascade.document.path
    if path is None:
        raise UsageProblem("There is no mlops.yaml here, so no settings could catch anything.")
    wanted = set(only) or set(DEFECTS)
    git = Git(root)
    git.head()
    top = Path(git.call("rev-parse", "--show-toplevel").stdout.strip())
    yield from (one for one in selftest_workflow.outcomes(top) if one.defect in wanted)
    parts = _parts(cascade)
    chosen = [(part, one) for part in parts for one in part.defects if one.name in wanted]
    if not chosen:
        return
    scratch = Scratch(root.resolve(), path.resolve(), cascade.chosen, folder)
    for part in parts:
        _prepare(part, scratch)
    scratch.begin()
    for part, one in chosen:
        progress.status(f"{one.step}: {one.name}")
        yield _tried(part, one, scratch)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return 0 when all that apply were caught, 10 when one was not, otherwise the worst code of a step that failed.

    Raises:
        NothingToJudge: none applies.
    """
    if all(one.result == "not applicable" for one in outcomes):
        raise NothingToJudge("No defect applies here: mlops.yaml has no section that could catch one.")
    missed = [_REJECTED for one in outcomes if one.result == "NOT caught"]
    return worst([*missed, *(one.exit_code for one in outcomes if one.result == "error")])


def _parts(cascade: Cascade) -> list[_Part]:
    """Return the parts of the sections that the settings have; scanning needs none."""

    def written(name: str) -> bool:
        return (*cascade.prefix, name) in cascade.document.positions

    absent = {name: f"mlops.yaml has no section {name}" for name in ("data", "gate", "register") if not written(name)}
    data = cascade.section("data", DataSettings, {}) if written("data") else DataSettings.model_construct()
    gate = cascade.section("gate", GateSettings, {}) if written("gate") else GateSettings.model_construct()
    register = cascade.section("register", RegisterSettings, {})
    section = (*cascade.prefix, "gate")
    return [
        _Part(
            selftest_inputs.data_defects(data),
            lambda scratch: selftest_inputs.prepare(scratch, data),
            lambda _: ["validate-data"],
            absent.get("data", ""),
        ),
        _Part(
            selftest_gate.gate_defects(gate, section),
            lambda scratch: selftest_gate.prepare(scratch, gate, section),
            selftest_gate.clean,
            absent.get("gate", ""),
        ),
        _Part(
            selftest_gate.register_defects(register.path),
            lambda scratch: selftest_gate.prepare_register(scratch, register),
            None,
            absent.get("register", ""),
        ),
        _Part(selftest_inputs.scan_defects(cascade.section("scan", ScanSettings, {})), lambda _: None, None),
    ]


def _prepare(part: _Part, scratch: Scratch) -> None:
    try:
        if not part.because:
            part.prepare(scratch)
    except NothingToJudge as nothing:
        part.because = str(nothing)


def _tried(part: _Part, defect: Defect, scratch: Scratch) -> Outcome:
    """Plant one defect, run its step, and go back."""
    unknown = Outcome(defect.name, defect.step, "not applicable", part.because)
    if part.because:
        return unknown
    try:
        if part.clean and part.before is None:
            part.before = scratch.step(*part.clean(scratch))
        words = defect.plant(scratch)
        return _judged(defect, scratch.step(*words), part.before)
    except NothingToJudge as nothing:
        return replace(unknown, because=str(nothing))
    except MlopsCiError as failure:
        return Outcome(defect.name, defect.step, "error", str(failure), exit_code=failure.exit_code)
    finally:
        scratch.restore()


def _judged(defect: Defect, after: Ran, before: Ran | None) -> Outcome:
    known: list[Found] = before.blocking if before else []
    new = [one for one in after.blocking if one not in known]
    named = next((one for one in new if defect.named(one)), None)
    told = Outcome(defect.name, defect.step, "caught", seconds=round(after.seconds, 1))
    if before and before.code not in _JUDGED:
        return replace(told, result="error", because=f"without any defect: {before.said}", exit_code=before.code)
    if after.code not in _JUDGED:
        return replace(told, result="error", because=after.said, exit_code=after.code)
    if after.code == _REJECTED and named:
        return replace(told, code=named.code, because=named.title)
    if after.code == _REJECTED and new:
        because = f"it was stopped, but only by {', '.join(sorted({one.code for one in new}))}"
    elif after.code == _REJECTED:
        because = "what stopped it stops the repository without the defect, too"
    else:
        because = f"{defect.step} ended with {after.report['verdict']}"
    return replace(told, result="NOT caught", because=because)
