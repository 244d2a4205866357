"""A file of predictions beside the model that it is said to be of: the model answers some of the rows once more."""

from dataclasses import replace

import numpy as np

from mlops_ci.errors import NothingToJudge
from mlops_ci.evidence import digest_bytes
from mlops_ci.models.asked import Process
from mlops_ci.models.golden import GoldenSet
from mlops_ci.models.predictions import understood
from mlops_ci.models.truth import Predictions, Rows
from mlops_ci.report import Finding, Location
from mlops_ci.stats.paired import Floats

ROWS = 100


def refuse_other_answers(name: str, asked: Process, said: Predictions, golden: GoldenSet, seed: str) -> None:
    """Raise NothingToJudge unless the model answers `ROWS` rows as the file says.

    Args:
        name: the arm.
        asked: the model.
        said: what the file says, in id order.
        golden: all rows.
        seed: decides which rows are asked; the same files, the same rows.
    """
    count = golden.ids.size
    random = np.random.default_rng(int(digest_bytes(seed.encode()).removeprefix("sha256:"), 16))
    rows = np.sort(random.choice(count, min(ROWS, count), replace=False))
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[rows] = True
    part = replace(golden, ids=golden.ids[chosen], truth=golden.truth.take(chosen))
    answered = understood(name, asked.predict(golden.order[rows].tolist()), part)
    differing = rows[~same(answered, said.take(chosen))]
    if differing.size:
        raise NothingToJudge(
            f"The {name} answers {differing.size} of {rows.size} rows otherwise than its file of predictions, "
            f"{golden.ids[differing[0]]} is the first. The file is another model's; let this one predict again."
        )


def _near(one: Floats, other: Floats) -> Rows:
    """Say of each row whether two numbers are the same but for what two machines' answers may lie apart."""
    return np.asarray(np.isclose(one, other, rtol=1e-3, atol=1e-6))


def same(one: Predictions, other: Predictions) -> Rows:
    """Say of each row whether both answers are the same but for rounding."""
    if one.labels.dtype.kind == "f":
        return _near(one.labels, other.labels)
    same = np.asarray(one.labels == other.labels)
    if one.scores is None or other.scores is None:
        return same
    near = _near(one.scores, other.scores)
    return np.asarray(same & (near if near.ndim == 1 else near.all(axis=1)))


def told(name: str, rows: int) -> Finding:
    """Return what whoever relies on the verdict must know: the gate did not make the predictions that it judged."""
    return Finding(
        "MCI-GATE-008",
        "low",
        "informs",
        f"The {name}'s predictions are a file's",
        f"The gate did not make them. It asked the model for {min(ROWS, rows)} of {rows:,} rows, and it answers alike.",
        Location(name=name),
    )
