"""Must-pass cases: named golden rows that must be right, each on its own, whatever the statistics say."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.models.flips import right_rows
from mlops_ci.models.golden import GoldenSet
from mlops_ci.models.rules import Facts


@dataclass(frozen=True, slots=True)
class Case:
    """The id of a golden row, and by how much a number may differ from its label."""

    id: str
    tolerance: float | None = None


def failed_cases(cases: Sequence[Case], golden: GoldenSet, facts: Facts) -> list[Case]:
    """Return which of the must-pass rows the challenger has wrong.

    Raises:
        UsageProblem: the labels are numbers, and a case says no tolerance; or the task has no right rows.
    """
    if not cases:
        return []
    if facts.truth.task != "regression":
        wrong = set(golden.ids[~right_rows(facts.challenger.predictions, facts.truth, "gate.must_pass")].tolist())
        return [one for one in cases if one.id in wrong]
    if open_ := [one.id for one in cases if one.tolerance is None]:
        raise UsageProblem(f'gate.must_pass: labels are numbers, so case {open_[0]} needs "tolerance".')
    errors = np.abs(facts.challenger.predictions.labels - facts.truth.labels)
    far = dict(zip(golden.ids.tolist(), errors.tolist(), strict=True))
    return [one for one in cases if far[one.id] > (one.tolerance or 0.0)]


def read_cases(path: Path, golden: GoldenSet) -> list[Case]:
    """Return the cases of a must-pass file.

    Raises:
        NothingToJudge: the file is missing or holds no case.
        UsageProblem: a line is not an object with an `id` of the golden set, or its tolerance is no number.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as problem:
        raise NothingToJudge(f"{path} cannot be read: {problem.strerror}.") from problem
    known, cases = set(golden.ids.tolist()), []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        case = _case(line, f"{path}:{number}")
        if case.id not in known:
            raise UsageProblem(f"{path}:{number}: the golden set has no row with id {case.id!r}.")
        cases.append(case)
    if not cases:
        raise NothingToJudge(f"{path} holds no case. Take gate.must_pass away, or name rows.")
    return cases


def _case(line: str, place: str) -> Case:
    try:
        raw = json.loads(line)
        tolerance = raw.get("tolerance")
        return Case(str(raw["id"]), None if tolerance is None else float(tolerance))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UsageProblem(f'{place}: a case is an object such as {{"id": "…"}}.') from problem
