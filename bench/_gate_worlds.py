"""Simulated truth for the gate: golden rows on which the challenger is worse by a known amount, or exactly as good."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from mlops_ci.models.metrics.sums import expected_calibration_error, r2, root_mean_squared_error
from mlops_ci.models.metrics.tables import VALUES
from mlops_ci.stats import bootstrap, jackknife, paired, shares
from mlops_ci.stats.doubt import doubt
from mlops_ci.stats.paired import Interval
from mlops_ci.stats.ranking import RankMetric
from mlops_ci.stats.units import Units

Random = np.random.Generator
Floats = NDArray[np.float64]
World = Callable[[Random, int, float], Interval]  # random numbers, rows, by how much the challenger is worse

PREVALENCE, FALSE_ALARMS, F1, AREA = 0.3, 0.08, 0.8, 0.85
ALIKE = 0.8  # share of rows on which both models answer from the same randomness


@dataclass(frozen=True)
class Cell:
    """A kind of metric: its world, the margin its rule has, the sizes it is measured at, and where it is thin."""

    name: str
    world: World
    margin: float
    sizes: tuple[int, ...]
    enough: int  # rows from which 3 to 6 % are demanded; fewer: at most 6 %


def accuracy(random: Random, n: int, loss: float) -> Interval:
    """6 % of the rows are answered differently."""
    gained, lost, right, _ = random.multinomial(n, [0.03 - loss / 2, 0.03 + loss / 2, 0.85, 0.09])
    counts = [gained, lost, right, n - gained - lost - right]
    return shares.difference(
        np.repeat([False, True, True, False], counts), np.repeat([True, False, True, False], counts)
    )


def area(random: Random, n: int, loss: float) -> Interval:
    """Normal scores, 70 % of whose variance both models share."""
    labels = random.random(n) < PREVALENCE
    shared, one, other = random.normal(size=(3, n)) * np.sqrt([[0.7], [0.3], [0.3]])
    ours, theirs = (np.sqrt(2) * special.ndtri(AREA - less) for less in (loss, 0))
    _demand(ranked_class=int(min(labels.sum(), (~labels).sum())))
    return paired.roc_auc(labels, shared + one + ours * labels, shared + other + theirs * labels)


def area_of_users(random: Random, n: int, loss: float) -> Interval:
    """Users with some five rows each, of one class, and half of the scores' variance is the user's."""
    users, clusters = _users(random, n)
    labels = (np.arange(users) % 10 < 10 * PREVALENCE)[clusters]
    by_user = random.normal(size=(3, users))[:, clusters] * np.sqrt([[0.35], [0.15], [0.15]])
    by_row = random.normal(size=(3, clusters.size)) * np.sqrt([[0.35], [0.15], [0.15]])
    shared, one, other = by_user + by_row
    ours, theirs = (np.sqrt(2) * special.ndtri(AREA - less) for less in (loss, 0))
    units = Units(clusters=clusters)
    _demand(clusters=users)
    return paired.roc_auc(labels, shared + one + ours * labels, shared + other + theirs * labels, units=units)


def accuracy_of_users(random: Random, n: int, loss: float) -> Interval:
    """A tenth of the rows is answered differently; half of the rows do what their user does."""
    users, clusters = _users(random, n)
    follows = random.random(clusters.size) < 0.5  # noqa: PLR2004 - half
    chance = np.where(follows, random.random(users)[clusters], random.random(clusters.size))
    scores = (chance < 0.05 - loss / 2).astype(np.float64) - (chance > 0.95 - loss / 2)
    _demand(clusters=users)
    return paired.mean(scores, Units(clusters=clusters))


def _demand(**evidence: int) -> None:
    """Raise ValueError where the gate would not rely on the interval: it neither passes nor fails then."""
    if why := doubt(**evidence):
        raise ValueError(why)


def _users(random: Random, n: int) -> tuple[int, NDArray[np.intp]]:
    users = n // 5
    return users, np.repeat(np.arange(users), 1 + random.poisson(4, users))


def table_metric(name: str, random: Random, n: int, loss: float) -> Interval:
    """Two classes, with a recall that is lower, just enough for F1 to be worse by the loss."""
    labels, ours, theirs = _answers(random, n, loss)
    _demand(smaller_class=int(min(labels.sum(), (1 - labels).sum())), differing=int((ours != theirs).sum()))
    return jackknife.counted(VALUES[name], labels, ours, theirs, 2)


def _answers(random: Random, n: int, loss: float) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    labels = (random.random(n) < PREVALENCE).astype(np.intp)
    shared, same = random.random(n), random.random((2, n)) < ALIKE**0.5
    said = []
    for less, alike in zip((loss, 0.0), same, strict=True):
        f1 = F1 - less
        recall = f1 * (PREVALENCE + (1 - PREVALENCE) * FALSE_ALARMS) / (PREVALENCE * (2 - f1))
        chance = np.where(alike, shared, random.random(n))
        said.append((chance < np.where(labels, recall, FALSE_ALARMS)).astype(np.intp))
    return labels, *said


def errors(name: str, random: Random, n: int, loss: float) -> Interval:
    """Numbers, of variance 4, with errors of heavy tails (t with 5 degrees of freedom), four fifths shared."""
    y = random.normal(size=n) * 2
    shared, one, other = random.standard_t(5, size=(3, n)) * np.sqrt([[0.48], [0.12], [0.12]])
    # The champion's errors have variance 1: R² loses 0.25 for each 1 that it grows.
    scale = 1 + loss if name == "rmse" else np.sqrt(1 + 4 * loss)
    ours, theirs = (_parts(y, error) for error in (scale * (shared + one), shared + other))
    if name == "rmse":
        return jackknife.summed(lambda sums: -root_mean_squared_error(sums), ours, theirs)
    return jackknife.summed(r2, ours, theirs)


def _parts(y: Floats, error: Floats) -> Floats:
    return np.column_stack([np.ones(y.size), y, y * y, error * error])


def calibration(random: Random, n: int, loss: float) -> Interval:
    """Both models' probabilities are off, each by its own noise; a loss makes the challenger's too high."""
    middle = random.integers(1, 9, n) / 10 + 0.05
    labels = random.random(n) < middle - 0.05
    parts = []
    for less, other_bin in ((loss, random.random(n) < 0.5), (0.0, random.random(n) < 0.5)):  # noqa: PLR2004 - half
        scores = middle + less + 0.01 * other_bin
        part = np.zeros((n, 11))
        part[:, 0], part[np.arange(n), np.minimum((middle * 10).astype(np.intp), 9) + 1] = 1, scores - labels
        parts.append(part)
    return jackknife.summed(lambda sums: -expected_calibration_error(sums), *parts)


def precision_at_ten(random: Random, n: int, loss: float) -> Interval:
    """Queries differ in how easy they are; seven of ten places both models fill alike."""
    easy = random.uniform(0.3, 0.7, n)
    shared = random.binomial(7, easy)
    ours, theirs = random.binomial(3, easy - loss * 10 / 3), random.binomial(3, easy)
    return paired.mean(((shared + ours) - (shared + theirs)) / 10)


def resampled(name: RankMetric, random: Random, n: int, loss: float) -> Interval:
    """Two rankings by normal scores, judged by the bootstrap."""
    labels = random.random(n) < PREVALENCE
    shared, one, other = random.normal(size=(3, n)) * np.sqrt([[0.7], [0.3], [0.3]])
    seed = int(random.integers(2**63))
    _demand(ranked_class=int(min(labels.sum(), (~labels).sum())))
    return bootstrap.ranked(name, labels, shared + one + apart(name, loss) * labels, shared + other + labels, seed=seed)


@cache
def apart(name: RankMetric, loss: float) -> float:
    """Return how far apart the classes are for a model that is worse by the loss than one with a distance of 1."""
    true = {"average_precision": _true_average_precision, "ks": lambda far: float(2 * special.ndtr(far / 2) - 1)}[name]
    return float(optimize.brentq(lambda far: true(far) - true(1.0) + loss, 0.1, 2.0))


def _true_average_precision(far: float) -> float:
    """Return the mean precision over the positive rows of infinitely many, by quadrature."""
    score = np.linspace(-8, 10, 20_001)
    found = PREVALENCE * special.ndtr(far - score)
    precision = found / (found + (1 - PREVALENCE) * special.ndtr(-score))
    return float(np.average(precision, weights=np.exp(-((score - far) ** 2) / 2)))


ALL = (50, 200, 1_000, 5_000, 20_000)
SOME = ALL[:3]
CELLS = (
    Cell("accuracy", accuracy, 0.01, ALL, 67),  # 4 discordant rows
    Cell("accuracy, users", accuracy_of_users, 0.01, ALL, 200),  # 40 clusters
    Cell("precision@10", precision_at_ten, 0.02, ALL, 50),
    Cell("rmse", partial(errors, "rmse"), 0.03, ALL, 200),
    Cell("r2", partial(errors, "r2"), 0.02, SOME, 200),
    Cell("f1", partial(table_metric, "f1"), 0.02, ALL, 200),
    Cell("balanced_accuracy", partial(table_metric, "balanced_accuracy"), 0.0, SOME, 200),
    Cell("cohen_kappa", partial(table_metric, "cohen_kappa"), 0.0, SOME, 200),
    Cell("matthews_corrcoef", partial(table_metric, "matthews_corrcoef"), 0.0, SOME, 200),
    Cell("ece", calibration, 0.0, SOME, 10**9),
    Cell("roc_auc", area, 0.02, ALL, 334),  # 100 rows of the smaller class
    Cell("roc_auc, users", area_of_users, 0.02, SOME, 200),
    Cell("average_precision", partial(resampled, "average_precision"), 0.02, (400, 1_000), 334),
    Cell("ks", partial(resampled, "ks"), 0.02, (400, 1_000), 334),
)
