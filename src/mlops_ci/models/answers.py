"""Get both models' answers to the golden set: predictions first, then latency in interleaved rounds."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mlops_ci.errors import NothingToJudge
from mlops_ci.models.golden import GoldenSet
from mlops_ci.process import Conversation
from mlops_ci.stats.paired import Floats

_WORKER = Path(__file__).with_name("worker.py")
WARM_UP = 20  # single requests before the first round
ROUNDS = 12  # the round is the unit of the interval
PER_ROUND = 25  # single requests of each model in a round


@dataclass(frozen=True, slots=True)
class Answers:
    """One model's answers: scores of shape (n,), and milliseconds of single requests, shape (rounds, requests)."""

    scores: Floats
    latencies: Floats


@dataclass(frozen=True, slots=True)
class Arm:
    """A model that is asked: its name for people, and its folder."""

    name: str
    folder: Path


def gather(
    arms: list[Arm], golden: GoldenSet, label: str, *, python: str, timeout: float, logs: Path, with_latency: bool
) -> dict[str, Answers]:
    """Ask each model in a process of its own, all alive together, and return their answers by arm.

    Raises:
        ProgramFailed: a model cannot be loaded, raises or hangs; the end of its output is in the message.
        NothingToJudge: a model's answers are not one finite number for each row.
    """
    logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack, TemporaryDirectory() as folder:
        workers = {
            arm.name: stack.enter_context(
                Conversation(
                    [python, _WORKER, arm.folder, golden.path, label],
                    cwd=golden.path.parent,
                    env={"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
                    log=logs / f"gate-{arm.name}.log",
                )
            )
            for arm in arms
        }
        scores = {name: _predict(name, worker, golden, Path(folder), timeout) for name, worker in workers.items()}
        rounds = _rounds(workers, golden.ids.size, timeout) if with_latency else {}
    empty = np.empty((0, 0))
    return {name: Answers(scores[name], rounds.get(name, empty)) for name in workers}


def _predict(name: str, worker: Conversation, golden: GoldenSet, folder: Path, timeout: float) -> Floats:
    path = folder / f"{name}.npy"
    worker.ask({"do": "predict", "to": str(path)}, timeout=timeout)
    scores: Floats = np.load(path, allow_pickle=False)
    if scores.shape != golden.ids.shape:
        raise NothingToJudge(f"The {name} answered with shape {scores.shape}; one number for each row is needed.")
    if not np.isfinite(scores).all():
        raise NothingToJudge(f"The {name} gave {np.sum(~np.isfinite(scores))} answers that are not finite numbers.")
    if scores.min() < 0 or scores.max() > 1:
        raise NothingToJudge(f"The {name}'s answers are not probabilities: they lie outside 0 … 1.")
    return scores[golden.order]


def _rounds(workers: dict[str, Conversation], rows: int, timeout: float) -> dict[str, Floats]:
    """Time single requests in ABBA order, so that a drift of the machine hits both models alike."""
    names = list(workers)
    choice = np.random.default_rng(0).integers(0, rows, size=(ROUNDS + 1, max(WARM_UP, PER_ROUND))).tolist()
    for worker in workers.values():
        worker.ask({"do": "time", "rows": choice[ROUNDS]}, timeout=timeout)
    took: dict[str, list[list[float]]] = {name: [] for name in names}
    for number in range(ROUNDS):
        for name in names if number % 2 == 0 else reversed(names):
            answer = workers[name].ask({"do": "time", "rows": choice[number][:PER_ROUND]}, timeout=timeout)
            took[name].append(answer["ms"])
    return {name: np.array(rows_) for name, rows_ in took.items()}
