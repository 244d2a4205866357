"""The words of a selftest: a defect that a step must stop, and what became of it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mlops_ci.journeys.selftest_scratch import Found, Scratch

Result = Literal["caught", "NOT caught", "not applicable", "error"]


@dataclass(frozen=True, slots=True)
class Defect:
    """Something that a step must stop.

    `plant` changes the copy and returns the command to run; it raises NothingToJudge where the defect has nothing to
    apply to. `named` says whether a finding that blocks, and that the copy without defect does not have, names it.
    """

    name: str
    step: str
    plant: Callable[[Scratch], Sequence[str]]
    named: Callable[[Found], bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one defect."""

    defect: str
    step: str
    result: Result
    because: str = ""
    code: str = ""  # of the finding that names it
    exit_code: int = 0  # of the step, where it judged nothing
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)
