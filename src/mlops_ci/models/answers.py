"""Both models' answers to the golden set: quality first, then latency, size and cost where a rule asks for them."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.evidence import digest_file
from mlops_ci.models import files, latency, spot_check
from mlops_ci.models.asked import Asked, Process, Service, start, takes_batches
from mlops_ci.models.golden import Columns, GoldenSet
from mlops_ci.models.latency import Rounds
from mlops_ci.models.metrics.known import BATCH
from mlops_ci.models.predictions import Columns as Answered
from mlops_ci.models.predictions import understood
from mlops_ci.models.truth import Predictions, Rows


@dataclass(frozen=True, slots=True)
class Arm:
    """A model that answers: an MLflow folder with its interpreter, the URL of a service, or a file of predictions.

    A file and a folder: the file is said to hold the answers of the model in the folder.
    """

    name: str
    folder: Path | None = None
    url: str | None = None
    file: Path | None = None
    python: str | Path = "python"


@dataclass(frozen=True, slots=True)
class Answers:
    """One model's answers: predictions in id order, latencies where they were measured, its size in megabytes."""

    predictions: Predictions
    latencies: Rounds | None = None
    megabytes: float | None = None

    def take(self, rows: Rows) -> "Answers":
        """Return the answers to some rows."""
        return replace(self, predictions=self.predictions.take(rows))


@dataclass(frozen=True, slots=True)
class Gathered:
    """Answers by arm, and the rounds of the challenger beside its own copy."""

    arms: Mapping[str, Answers]
    noise: tuple[Rounds, Rounds] | None = None


def gather(
    arms: Sequence[Arm], golden: GoldenSet, columns: Columns, *, timeout: float, logs: Path, latencies: Collection[str]
) -> Gathered:
    """Ask each model, all alive together, and return their answers by arm; `latencies` are those that rules name.

    Raises:
        ProgramFailed: a model cannot be loaded, raises or hangs, or a service fails.
        NothingToJudge: answers are not one usable answer for each row.
        UsageProblem: latency is wanted of a file, or that of batches of a service that takes one row at a time.
    """
    logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        asked = {one.name: found for one in arms if (found := _asked(one, golden, columns, timeout, logs, stack))}
        answered = {one.name: _answers(one, asked.get(one.name), golden, columns) for one in arms}
        if not latencies:
            return Gathered(answered)
        if by_file := [one.name for one in arms if one.file and not one.folder]:
            raise UsageProblem(
                f"A rule is about latency, and the {by_file[0]} is a file of predictions, which cannot be asked. "
                "Name a model, or take the rule away."
            )
        twin = replace(arms[-1], name="copy")
        copy = _asked(twin, golden, columns, timeout, logs, stack)
        if copy is None:  # pragma: no cover - only files are not asked
            raise AssertionError
        timed = latency.measure(asked, copy, golden.ids.size, batches=_batches(latencies, arms))
    return Gathered({name: replace(one, latencies=timed.arms[name]) for name, one in answered.items()}, timed.noise)


def _batches(latencies: Collection[str], arms: Sequence[Arm]) -> bool:
    wanted = not BATCH.keys().isdisjoint(latencies)
    if wanted and (one_by_one := [one.name for one in arms if one.url and not takes_batches(one.url)]):
        said = f"A rule is about batches, and the {one_by_one[0]} is a service that takes one row at a time"
        raise UsageProblem(f"{said}. Name its /invocations, or take the rule away.")
    return wanted


def _asked(arm: Arm, golden: GoldenSet, columns: Columns, timeout: float, logs: Path, stack: ExitStack) -> Asked | None:
    if arm.url is not None:
        return Service(arm.name, arm.url, golden, columns, timeout)
    if arm.folder is None:
        return None  # a file alone
    worker = stack.enter_context(start(arm.name, arm.folder, golden, arm.python, logs))
    return Process(arm.name, worker, golden, timeout)


def _answers(arm: Arm, asked: Asked | None, golden: GoldenSet, columns: Columns) -> Answers:
    found = files.read(arm.file, columns, golden) if arm.file else _in_order(asked.predict(), golden) if asked else {}
    quality = {name: values for name, values in found.items() if name != files.COST}
    predictions = replace(understood(arm.name, quality, golden), costs=_costs(arm.name, found))
    if arm.file and isinstance(asked, Process):
        spot_check.refuse_other_answers(arm.name, asked, predictions, golden, digest_file(arm.file))
    return Answers(predictions, megabytes=_megabytes(arm.folder) if arm.folder else None)


def _in_order(answered: Answered, golden: GoldenSet) -> Answered:
    """Return a model's answers in id order; a wrong number of them stays as it is, to be refused."""
    fits = {name: values.shape == golden.ids.shape for name, values in answered.items()}
    return {name: values[golden.order] if fits[name] else values for name, values in answered.items()}


def _costs(name: str, found: Answered) -> "np.ndarray[tuple[int], np.dtype[np.float64]] | None":
    if files.COST not in found:
        return None
    costs = np.asarray(found[files.COST], dtype=np.float64)
    if not np.isfinite(costs).all():
        raise NothingToJudge(f"The {name} left {int((~np.isfinite(costs)).sum())} rows without a finite cost.")
    return costs


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
