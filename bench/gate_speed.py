"""Bootstraps and DeLong beside scikit-learn in a loop: 100,000 rows, 10,000 resamples, one run."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, roc_curve

from _processes import run
from mlops_ci.stats import bootstrap, paired
from mlops_ci.stats.resamples import RESAMPLES

ROWS, MILLION, SEED = 100_000, 1_000_000, 3
LOOPED = 25  # resamples that the loop is measured on; it is scaled to RESAMPLES
LIMITS = {"f1": 1_000.0, "average_precision": 40.0, "ks": 40.0}
MEGABYTES, SECONDS = 1024, 5.0

Rows = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]


def main() -> bool:
    """Print seconds and memory beside the limits; return whether all hold."""
    labels, ours, theirs = rows(ROWS)
    codes = [one.astype(np.intp) for one in (labels, ours > 1, theirs > 1)]
    mine: dict[str, Callable[[], object]] = {
        "f1": lambda: bootstrap.counted(f1, codes[0], codes[1], codes[2], 2, seed=SEED),
        "average_precision": lambda: bootstrap.ranked("average_precision", labels, ours, theirs, seed=SEED),
        "ks": lambda: bootstrap.ranked("ks", labels, ours, theirs, seed=SEED),
    }
    looped: dict[str, Callable[[NDArray[np.intp]], float]] = {
        "f1": lambda at: f1_score(labels[at], codes[1][at]) - f1_score(labels[at], codes[2][at]),
        "average_precision": lambda at: (
            average_precision_score(labels[at], ours[at]) - average_precision_score(labels[at], theirs[at])
        ),
        "ks": lambda at: distance(labels[at], ours[at]) - distance(labels[at], theirs[at]),
    }
    print(f"paired bootstrap, {RESAMPLES:,} resamples × {ROWS:,} rows, two models")
    good = [_faster(name, mine[name], looped[name]) for name in LIMITS]
    return all([*good, _small(), _delong()])


def rows(n: int) -> Rows:
    """Return labels and two models' scores, 20 % positive; the same each time."""
    random = np.random.default_rng(SEED)
    labels = random.random(n) < 0.2  # noqa: PLR2004
    shared = random.normal(size=n) + labels
    return labels, shared + random.normal(size=n) * 0.5, shared + random.normal(size=n) * 0.5


def f1(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F1 of tables [true, predicted]."""
    wrong = tables[..., 0, 1] + tables[..., 1, 0]
    return np.asarray(2 * tables[..., 1, 1] / (2 * tables[..., 1, 1] + wrong))


def distance(labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Return the largest distance of both classes' distributions, as one computes it with scikit-learn."""
    false, true, _ = roc_curve(labels, scores, drop_intermediate=False)
    return float(np.abs(true - false).max())


def seconds(act: Callable[[], object]) -> float:
    """Return how long it takes; the best of three, for the machine has other work, too."""
    found = []
    for _ in range(3):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return min(found)


def _faster(name: str, mine: Callable[[], object], looped: Callable[[NDArray[np.intp]], float]) -> bool:
    random = np.random.default_rng(SEED)
    chosen = [random.integers(0, ROWS, ROWS) for _ in range(LOOPED)]
    loop = seconds(lambda: [looped(at) for at in chosen]) / LOOPED * RESAMPLES
    took = seconds(mine)
    said = f"at least {LIMITS[name]:,.0f} ×: {_said(loop / took >= LIMITS[name])}"
    print(f"{name:<20}{took:9.3f} s   scikit-learn in a loop {loop:7.1f} s   {loop / took:9,.0f} × as fast; {said}")
    return loop / took >= LIMITS[name]


def _small() -> bool:
    lines = "import gate_speed as g; y, a, b = g.rows(g.ROWS); g.bootstrap.ranked('average_precision', y, a, b, seed=1)"
    done = run([sys.executable, "-c", lines], Path(__file__).parent)
    if done.code:
        sys.exit(done.said)
    good = done.megabytes < MEGABYTES
    print(f"peak memory of the whole process, average_precision: {done.megabytes:.0f} MB; under 1 GB: {_said(good)}")
    return good


def _delong() -> bool:
    took = seconds(lambda: paired.roc_auc(*rows(MILLION)))
    print(f"DeLong, {MILLION:,} rows, two models: {took:.2f} s; under {SECONDS:.0f} s: {_said(took < SECONDS)}")
    return took < SECONDS


def _said(holds: bool) -> str:  # noqa: FBT001 - what is said is exactly this
    return "holds" if holds else "MISSED"


if __name__ == "__main__":
    main()
