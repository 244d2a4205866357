"""Adds the pipeline to a repository that has a model already: plans every file first, and overwrites none."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mlops_ci.journeys import adopt_data, adopt_pages, adopt_settings, adopt_workflows
from mlops_ci.journeys.adopt_facts import Wish, look
from mlops_ci.ports import Progress

State = Literal["new", "same", "kept"]


@dataclass(frozen=True, slots=True)
class Planned:
    """A file of the pipeline, and whether the repository has it: not at all, just so, or otherwise."""

    path: str
    content: bytes = field(repr=False)
    state: State


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be written, and what a person must do by hand."""

    root: Path
    files: tuple[Planned, ...]
    by_hand: tuple[str, ...]

    def write(self) -> None:
        """Write what is new; nothing that exists is touched."""
        for one in self.files:
            if one.state == "new":
                path = self.root / one.path
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    file.write(one.content)


def plan(wish: Wish, root: Path, progress: Progress) -> Plan:
    """Return what the pipeline needs in the repository at `root`.

    Raises:
        UsageProblem: it is no git repository, the data have no such column, or something is neither said nor found.
        NothingToJudge: the data cannot be read, or the model's folder is none.
    """
    facts = look(wish, root)
    progress.status("Reading the data")
    seen = adopt_data.learn(wish, facts, progress)
    files = {
        "mlops.yaml": adopt_settings.text(facts, seen).encode(),
        seen.golden: seen.golden_rows,
        f"contracts/{facts.name}.json": seen.contract.encode(),
        "contracts/profile.json": seen.profile.encode(),
        **adopt_workflows.files(facts),
        **adopt_pages.files(facts, seen),
    }
    progress.status("")
    planned = tuple(Planned(path, content, _state(root / path, content)) for path, content in files.items())
    return Plan(root, planned, (*seen.by_hand, *adopt_pages.by_hand(facts, seen)))


def _state(path: Path, content: bytes) -> State:
    if not path.exists() and not path.is_symlink():
        return "new"
    return "same" if path.is_file() and path.read_bytes() == content else "kept"
