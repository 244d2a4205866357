"""How often drift is alarmed without any, and how often a planted shift is found: simulated truth, fixed seed."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mlops_ci.contracts.drift import ColumnDrift, compare
from mlops_ci.contracts.profile import SCHEMA, Bins, Categories, ColumnProfile, Profile
from mlops_ci.settings.drift import DriftSettings
from mlops_ci.tools.duckdb import Column

Floats = NDArray[np.float64]
Shift = Callable[[Floats], Floats]

SEED, NUMBERS, TEXTS = 7, 14, 6  # columns of each kind
FAMILIES, DRIFTED = 400, 200  # data sets without and with a planted shift, for each pair of sizes
REFERENCES, CURRENTS = (1_000, 30_000, 1_000_000), (200, 1_000, 10_000, 100_000)
MISSING = 0.02
TENTHS = stats.norm.ppf(np.arange(1, 10) / 10)
AIRPORTS = 1 / np.arange(1, 13)
PLANTED: dict[str, tuple[str, Shift]] = {
    "number: mean + 0.05 deviations": ("n0", lambda inner: np.diff([0, *stats.norm.cdf(inner - 0.05), 1])),
    "number: mean + 0.15 deviations": ("n0", lambda inner: np.diff([0, *stats.norm.cdf(inner - 0.15), 1])),
    "number: mean + 0.3 deviations": ("n0", lambda inner: np.diff([0, *stats.norm.cdf(inner - 0.3), 1])),
    "number: deviation × 1.5": ("n0", lambda inner: np.diff([0, *stats.norm.cdf(inner / 1.5), 1])),
    "text: one category doubles": ("t0", lambda shares: _normed(np.where(np.arange(13) == 2, 2, 1) * shares)),  # noqa: PLR2004
    "text: 5 % are new": ("t0", lambda shares: np.array([*shares[:-1] * 0.95, 0.05])),
}


def main() -> bool:
    """Print both tables; return whether false alarms keep to the level."""
    random = np.random.default_rng(SEED)
    print(f"data sets of {NUMBERS + TEXTS} columns with at least one alarm, no drift; {FAMILIES} each, seed {SEED}")
    print(f"{'rows':>10}  " + "".join(f"{f'reference {m:,}':>22}" for m in REFERENCES))
    worst = 0.0
    for n in CURRENTS:
        rates = [alarms(random, m, n) for m in REFERENCES]
        worst = max(worst, *(rate for both in rates for rate in both))
        print(f"{n:>10,}  " + "".join(f"{f'{test:.3f} → {alarm:.3f}':>22}" for test, alarm in rates))
    limit = 0.05 + 3 * (0.05 * 0.95 / FAMILIES) ** 0.5
    good = bool(worst <= limit)
    print("significant → significant and over a limit; at most 0.05 and three standard errors:", said(good))
    print(f"\nplanted shift in one of them is found; reference 30,000 rows, {DRIFTED} data sets each")
    print(f"{'':<28}" + "".join(f"{n:>10,}" for n in CURRENTS))
    for name, (column, shift) in PLANTED.items():
        found = [power(random, 30_000, n, column, shift) for n in CURRENTS]
        print(f"{name:<28}" + "".join(f"{one:>10.3f}" for one in found))
    return good


def said(holds: bool) -> str:  # noqa: FBT001 - what is said is exactly this
    """Return the word for a limit."""
    return "holds" if holds else "MISSED"


def alarms(random: np.random.Generator, m: int, n: int) -> tuple[float, float]:
    """Return the shares of data sets without drift in which any column is significant, and in which any is alarmed."""
    found = [simulated(random, m, n) for _ in range(FAMILIES)]
    return (
        float(np.mean([any(_significant(one) for one in drifts) for drifts in found])),
        float(np.mean([any(one.drifted or one.missing_drifted for one in drifts) for drifts in found])),
    )


def power(random: np.random.Generator, m: int, n: int, column: str, shift: Shift) -> float:
    """Return the share of data sets in which the planted column's drift is alarmed."""
    found = [simulated(random, m, n, {column: shift}) for _ in range(DRIFTED)]
    return float(np.mean([one.drifted for drifts in found for one in drifts if one.profile.name == column]))


def simulated(
    random: np.random.Generator, m: int, n: int, planted: dict[str, Shift] | None = None
) -> tuple[ColumnDrift, ...]:
    """Return the judgement of n rows against the profile of m rows, both drawn from one population but for a plan.

    A reference's deciles are order statistics: the shares of the population between them follow Dirichlet's law.
    """
    planted, columns, values = planted or {}, [], [n]
    for at in range(NUMBERS + TEXTS):
        name = f"n{at}" if at < NUMBERS else f"t{at - NUMBERS}"
        present, missing = n - int(random.binomial(n, MISSING)), int(random.binomial(m, MISSING))
        profile, shares = _number(random, name, m, missing) if at < NUMBERS else _text(random, name, m, missing)
        columns.append(profile)
        if name in planted:
            inner = stats.norm.ppf(np.cumsum(shares)[:-1]) if at < NUMBERS else shares
            shares = planted[name](inner)
        drawn = random.multinomial(present, shares).tolist()
        if at < NUMBERS:
            values += [present, *np.cumsum(drawn)[:-1].tolist()]
        else:
            values += [present, dict(zip(map(str, range(12)), drawn, strict=False))]
    there = [Column(one.name, "float" if one.kind == "number" else "text", "") for one in columns]
    return compare(Profile(SCHEMA, m, tuple(columns)), there, values, DriftSettings())


def _number(random: np.random.Generator, name: str, m: int, missing: int) -> tuple[ColumnProfile, Floats]:
    count = m - missing
    counts = [count // 10] * 9 + [count - count // 10 * 9]
    bins = Bins(tuple(TENTHS.tolist()), tuple(counts), tuple(stats.norm.ppf((np.arange(10) + 0.5) / 10).tolist()))
    return ColumnProfile(name, "number", missing, count, bins=bins), random.dirichlet(counts)


def _text(random: np.random.Generator, name: str, m: int, missing: int) -> tuple[ColumnProfile, Floats]:
    shares = _normed(np.array([*AIRPORTS, 0]))
    counts = random.multinomial(m - missing, shares).tolist()
    listed = Categories(tuple((str(at), one) for at, one in enumerate(counts[:-1])))
    return ColumnProfile(name, "text", missing, m - missing, categories=listed), shares


def _normed(weights: Floats) -> Floats:
    return weights / weights.sum()


def _significant(one: ColumnDrift) -> bool:
    return any(test is not None and test.corrected <= one.alpha for test in (one.test, one.missing_test))


if __name__ == "__main__":
    main()
