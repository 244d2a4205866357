"""How often the gate is wrong, and how often it sees what is there: simulated truth, fixed seed.

`REPLICATIONS=200 make bench ONLY=gate_errors` is a quick look.
"""

import json
import os
import subprocess
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, partial
from itertools import product
from multiprocessing import get_context
from multiprocessing.pool import Pool

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from _gate_worlds import CELLS, Cell, Random, accuracy
from _peers import python
from mlops_ci.stats import bootstrap, gaps, shares
from mlops_ci.stats.multiplicity import holm
from mlops_ci.stats.units import Units

SEED, LEAST, MOST = 7, 0.03, 0.06
MOST_REPLICATIONS = int(os.environ.get("REPLICATIONS", "10000"))
RESAMPLES = 1_000  # of each bootstrap, in here: in earnest ten times as many
SURE = 3.0  # standard errors by which a rate may lie over its limit before that is no chance: see `within`
PARTS = 8
FEW = 1_000  # rows, where only a few of them differ
# (slices, rows of each)
FAMILIES = ((2, 200), (5, 200), (10, 200), (20, 200), (50, 200), (20, 1_000), (50, 1_000))
# (rows, each group's true rate, rows of a cluster)
GROUPS = (
    (200, (0.5, 0.75), 1),
    (1_000, (0.5, 0.6), 1),
    (1_000, (0.8, 0.8, 0.9), 1),
    (5_000, (0.5, 0.6, 0.6, 0.6, 0.6), 1),
    (20_000, (0.10, 0.11, 0.12, 0.13, 0.15), 1),
    (1_000, (0.5, 0.75), 5),
    (5_000, (0.8, 0.8, 0.9), 5),
)
# (rows, the champion's rates, the challenger's): what the rule is about, a gap that stays or grows
CHANGES = (
    (1_000, (0.5, 0.5), (0.5, 0.5)),
    (1_000, (0.5, 0.6), (0.5, 0.6)),
    (1_000, (0.5, 0.5), (0.5, 0.6)),
    (5_000, (0.5, 0.5, 0.6), (0.5, 0.5, 0.65)),
)
Rates = NDArray[np.float64]
Judge = Callable[[Random], tuple[float, ...]]


def main() -> bool:
    """Print the tables; return whether every rate keeps to its limit."""
    bootstrap.RESAMPLES = RESAMPLES
    print(f"{datetime.now(tz=UTC):%Y-%m-%d}, seed {SEED}, up to {MOST_REPLICATIONS:,} replications a line")
    with get_context("fork").Pool(os.cpu_count()) as pool:
        good = [*intervals(pool), *few(), *families(pool), *groups(pool), *changes(pool)]
        peers(pool)
    unpaired()
    print(f"every rate within its limits: {said(all(good))}")
    return all(good)


def said(holds: bool) -> str:  # noqa: FBT001 - what is said is exactly this
    """Return the word for a limit."""
    return "holds" if holds else "MISSED"


def rates(pool: Pool, name: str, judge: Judge, replications: int) -> Rates:
    """Return how often each statement is made, and the share of replications that are inconclusive: they make none."""
    replications = min(replications, MOST_REPLICATIONS)
    seeds = [[SEED, zlib.crc32(name.encode()), part] for part in range(PARTS)]
    parts = pool.starmap(replicate, [(judge, seed, replications // PARTS) for seed in seeds])
    found = np.concatenate(parts)
    decided = ~np.isnan(found).any(axis=1)
    return np.append(np.nan_to_num(found).mean(axis=0), 1 - decided.mean())


def replicate(judge: Judge, seed: list[int], replications: int) -> Rates:
    """Return what each replication says, shape (replications, statements)."""
    random = np.random.default_rng(seed)
    return np.array([judge(random) for _ in range(replications)], dtype=np.float64)


def within(rate: float, replications: int, least: float) -> bool:
    """Say whether a true rate between the limits may show as this one, with so many replications."""
    error = (MOST * (1 - MOST) / min(replications, MOST_REPLICATIONS)) ** 0.5
    allowed = 0.0 if min(replications, MOST_REPLICATIONS) >= 10_000 else SURE * error  # noqa: PLR2004 - as published
    return least - allowed <= rate <= MOST + allowed


def intervals(pool: Pool) -> Iterator[bool]:
    """Print for each metric both tails where the truth is nought, and where it is at the margin."""
    print("\nmetric                rows       as good as the champion    worse by exactly the margin   replications")
    print("                               low>0 high<0 covers   safe   margin  passes fails point-rule-passes")
    for cell in CELLS:
        for n in cell.sizes:
            yield interval(pool, cell, n)


def interval(pool: Pool, cell: Cell, n: int) -> bool:
    """Print one line; return whether its rates keep to their limits."""
    times, name = MOST_REPLICATIONS, f"{cell.name} {n}"
    low, high, safe, refused = rates(pool, name, partial(equal, cell, n), times)
    tails, text = [low, high], f"{cell.name:<20}{n:>6,}  {low:10.3f} {high:6.3f} {1 - low - high:6.3f} {safe:6.2f}"
    if cell.margin:
        passes, fails, point, _ = rates(pool, f"{name} worse", partial(worse, cell, n), times)
        tails += [passes, fails]
        text += f"   {cell.margin:6.3f} {passes:7.3f} {fails:5.3f} {point:10.2f}       "
    least = LEAST if n >= cell.enough and not refused else 0.0
    good = all(within(one, times, least) for one in tails)
    thin = "" if n >= cell.enough else "  (thin)"
    refusals = f"  inconclusive {refused:.3f}" if refused else ""
    print(f"{text:<98}{times:>9,}  {said(good)}{thin}{refusals}", flush=True)
    return good


def equal(cell: Cell, n: int, random: Random) -> tuple[float, ...]:
    """Say whether each bound is on the wrong side of nought, and whether the challenger is shown to be safe."""
    try:
        found = cell.world(random, n, 0.0)
    except ValueError:
        return (np.nan,) * 3
    return found.low > 0, found.high < 0, found.low >= -cell.margin


def worse(cell: Cell, n: int, random: Random) -> tuple[float, ...]:
    """Say whether a challenger that is worse by the margin passes, fails, and passes by the two numbers alone."""
    try:
        found = cell.world(random, n, cell.margin)
    except ValueError:
        return (np.nan,) * 3
    return found.low > -cell.margin, found.high < -cell.margin, found.value >= 0


def few() -> Iterator[bool]:
    """Print how often accuracy's rule is wrong where few rows differ: summed over every table, without any chance."""
    print(f"\naccuracy, {FEW:,} rows, worse by exactly the margin: rows that differ   lost of them  passes fails")
    for differing in (1, 2, 3, 4, 6, 8, 12, 20, 40):
        for lost in (1.0, 0.75, 0.55):
            passes, fails = mistakes(differing, lost)
            good = max(passes, fails) <= MOST
            print(f"{differing:>67} {lost:>14.0%} {passes:7.3f} {fails:5.3f}   {said(good)}", flush=True)
            yield good


def mistakes(differing: int, lost: float) -> tuple[float, float]:
    """Return how often a challenger that is worse by exactly its margin passes, and fails."""
    margin, chances = (2 * lost - 1) * differing / FEW, np.array([1 - lost, lost]) * differing / FEW
    most = int(stats.poisson.isf(1e-7, differing))
    passes = fails = 0.0
    for gained, worse in product(range(most if lost < 1 else 1), range(most)):
        counts = [gained, worse, FEW - gained - worse]
        chance = float(stats.multinomial.pmf(counts, FEW, [*chances, 1 - chances.sum()]))
        if chance > 1e-9:  # noqa: PLR2004 - what is rarer shows in no digit
            low, high = bounds(gained, worse)
            passes, fails = passes + chance * (low >= -margin), fails + chance * (high < -margin)
    return passes, fails


@cache
def bounds(gained: int, lost: int) -> tuple[float, float]:
    """Return accuracy's bounds where so many rows differ."""
    kinds = np.repeat([0, 1, 2], [gained, lost, FEW - gained - lost])
    found = shares.difference(kinds != 0, kinds != 1)
    return found.low, found.high


def families(pool: Pool) -> Iterator[bool]:
    """Print how often at least one of many slices is shown worse, when each is worse by exactly its margin."""
    print(
        "\nslices   rows of each   at least one blocked: Holm   uncorrected   point rule   (truth at the margin, .02)"
    )
    for count, n in FAMILIES:
        judge = partial(family, count, n)
        corrected, plain, point, _ = rates(pool, f"slices {count} {n}", judge, MOST_REPLICATIONS)
        good = within(corrected, MOST_REPLICATIONS, 0.0)
        print(f"{count:>6} {n:>12,} {corrected:24.3f} {plain:16.3f} {point:11.3f}     {said(good)}", flush=True)
        yield good


def family(count: int, n: int, random: Random) -> tuple[float, ...]:
    """Say whether any slice is blocked by Holm's correction, without it, and by the estimates."""
    found = [accuracy(random, n, 0.02) for _ in range(count)]
    tests = np.array([one.p_below(-0.02) for one in found])
    return holm(tests).any(), (tests < 0.05).any(), any(one.value < -0.02 for one in found)  # noqa: PLR2004 - 5 %, margin


def groups(pool: Pool) -> Iterator[bool]:
    """Print both tails for the largest gap between groups."""
    print("\nfairness gap: rows, clusters of, each group's rate              low>gap  high<gap")
    for n, each, size in GROUPS:
        low, high, _ = rates(pool, f"gap {n} {each} {size}", partial(gap, n, each, size), MOST_REPLICATIONS)
        good = within(low, MOST_REPLICATIONS, 0.0) and within(high, MOST_REPLICATIONS, 0.0)
        print(f"{n:>12,} {size:>6}   {each!s:<40}{low:8.3f} {high:8.3f}   {said(good)}", flush=True)
        yield good


def gap(n: int, each: tuple[float, ...], size: int, random: Random) -> tuple[float, ...]:
    """Say whether each bound of the gap is on the wrong side of the truth."""
    clusters = np.arange(n) // size
    group = clusters % len(each)
    follows = random.random(n) < (0.5 if size > 1 else 0)
    chance = np.where(follows, random.random(clusters[-1] + 1)[clusters], random.random(n))
    units = Units(clusters=clusters) if size > 1 else Units()
    found = gaps.gap(group, chance < np.asarray(each)[group], [np.ones(n, dtype=np.bool_)], units=units)
    truth = max(each) - min(each)
    return found.low > truth, found.high < truth


def changes(pool: Pool) -> Iterator[bool]:
    """Print both tails for the change of the gap."""
    print("\nchange of the gap: rows, champion's rates, challenger's                 low>truth  high<truth")
    for n, before, after in CHANGES:
        low, high, _ = rates(pool, f"change {n} {before} {after}", partial(change, n, before, after), MOST_REPLICATIONS)
        good = within(low, MOST_REPLICATIONS, 0.0) and within(high, MOST_REPLICATIONS, 0.0)
        shown = f"{before} → {after}"
        print(f"{n:>12,}   {shown:<54}{low:10.3f} {high:10.3f}  {said(good)}", flush=True)
        yield good


def change(n: int, before: tuple[float, ...], after: tuple[float, ...], random: Random) -> tuple[float, ...]:
    """Say whether each bound of the change is on the wrong side of the truth."""
    group = np.arange(n) % len(before)
    shared = random.random(n)
    ours, theirs = (
        np.where(random.random(n) < 0.9, shared, random.random(n)) < np.asarray(rate)[group]  # noqa: PLR2004 - mostly
        for rate in (after, before)
    )
    among = [np.ones(n, dtype=np.bool_)]
    found = gaps.gap_change(group, ours, theirs, among)
    truth = (max(before) - min(before)) - (max(after) - min(after))
    return found.low > truth, found.high < truth


def peers(pool: Pool) -> None:
    """Print the tails of scipy's intervals for the same worlds, as good as the champion."""
    print("\nscipy on the same worlds, truth nought                     rows   low>0  high<0")
    for name, judge, sizes, times in (
        ("accuracy, ttest_rel", students, (50, 200, 1_000), 10_000),
        ("rmse, bootstrap BCa, 999 resamples", corrected_bootstrap, (50, 200), 1_000),
    ):
        for n in sizes:
            low, high, refused = rates(pool, f"{name} {n}", partial(judge, n), times)
            lost = f"   no interval {refused:.3f}" if refused else ""
            print(f"{name:<52}{n:>10,} {low:7.3f} {high:7.3f}{lost}", flush=True)


def students(n: int, random: Random) -> tuple[float, ...]:
    """Say whether Student's bounds for paired 0/1 scores are on the wrong side of nought."""
    gained, lost, _ = random.multinomial(n, [0.03, 0.03, 0.94])
    if not gained + lost:
        return np.nan, np.nan
    scores = np.repeat([1.0, -1.0, 0.0], [gained, lost, n - gained - lost])
    bounds = stats.ttest_rel(scores, np.zeros(n)).confidence_interval(0.9)
    return bounds.low > 0, bounds.high < 0


def corrected_bootstrap(n: int, random: Random) -> tuple[float, ...]:
    """Say whether scipy's BCa bounds for a difference in RMSE are on the wrong side of nought."""
    shared, one, other = random.standard_t(5, size=(3, n)) * np.sqrt([[0.48], [0.12], [0.12]])

    def less(ours: Rates, theirs: Rates, axis: int = -1) -> Rates:
        return np.asarray(np.sqrt(theirs.mean(axis=axis)) - np.sqrt(ours.mean(axis=axis)))

    squares = ((shared + one) ** 2, (shared + other) ** 2)
    found = stats.bootstrap(squares, less, paired=True, vectorized=True, n_resamples=999, confidence_level=0.9,
                            method="BCa", rng=random)  # fmt: skip
    bounds = found.confidence_interval
    return bounds.low > 0, bounds.high < 0


UNPAIRED = """
import json, sys
import numpy as np
from statsmodels.stats.proportion import confint_proportions_2indep

for n, one, other in json.load(sys.stdin):
    low, high = confint_proportions_2indep(np.array(one), n, np.array(other), n, method="newcomb", alpha=0.1)
    print(f"{n:>62,} {np.mean(low > 0):7.3f} {np.mean(high < 0):7.3f}")
"""


def unpaired() -> None:
    """Print what statsmodels' interval does with the paired answers: it has none for pairs."""
    print("\nstatsmodels' confint_proportions_2indep (Newcombe), which does not know that the rows are the same")
    random, told = np.random.default_rng(SEED), []
    for n in (200, 1_000):
        counts = random.multinomial(n, [0.03, 0.03, 0.85, 0.09], MOST_REPLICATIONS)
        told.append((n, (counts[:, 0] + counts[:, 2]).tolist(), (counts[:, 1] + counts[:, 2]).tolist()))
    done = subprocess.run([python(), "-W", "ignore", "-c", UNPAIRED], input=json.dumps(told), capture_output=True,
                          text=True, check=False)  # fmt: skip
    print(done.stdout.rstrip() or done.stderr[-500:])


if __name__ == "__main__":
    main()
