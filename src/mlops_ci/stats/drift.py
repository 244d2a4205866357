"""How far a sample lies from its reference, and how likely that is by chance; both are counts over the same cells.

Plain numbers, not arrays: there are ten cells in a column, and loading numpy would take longer than all of it.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import erfc, exp, inf, lgamma, log, pi, sqrt

Counts = Sequence[int]

RARE = 10  # counts in a reference below which a category is not compared by itself
LEAST_EXPECTED = 5  # counts below which the chi-square distribution is no approximation any more
POOL = 20  # counts that a pool of small categories should hold in the smaller sample
CERTAIN = 1e-4  # chance, over all rare categories, of taking one for risen that is not


def psi(reference: Counts, current: Counts) -> float:
    """Return the population stability index less what chance alone adds to it, at least 0.

    Two samples of one population have an expected index of (B − 1)(1/m + 1/n) over B cells, which is more than the
    usual limit of 0.1 with few rows. Half a row is added to each cell, so that an empty one is finite.

    Source: Yurdakul & Naranjo (2020), Journal of Risk Model Validation 14(4).
    """
    ours, theirs = _smoothed(reference), _smoothed(current)
    raw = sum((new - old) * log(new / old) for old, new in zip(ours, theirs, strict=True))
    return max(0.0, raw - chance(reference, current))


def chance(reference: Counts, current: Counts) -> float:
    """Return the index that two samples of one population are expected to have."""
    return (len(reference) - 1) * (1 / sum(reference) + 1 / sum(current))


def jensen_shannon(reference: Counts, current: Counts) -> float:
    """Return the Jensen-Shannon distance, base 2, from 0 to 1, less what chance adds to its square.

    Near 0 the divergence is 1/8 of the stability index (in nats), and so is its bias.

    Source: Endres & Schindelin (2003), IEEE Transactions on Information Theory 49:1858-1860.
    """
    divergence = 0.0
    for old, new in zip(_shares(reference), _shares(current), strict=True):
        middle = (old + new) / 2
        divergence += sum(one * log(one / middle) for one in (old, new) if one > 0) / 2
    return sqrt(max(0.0, divergence - chance(reference, current) / 8) / log(2))


def wasserstein(reference: Counts, current: Counts, values: Sequence[float]) -> float:
    """Return how far a value has to move on average, in standard deviations of the reference.

    Args:
        reference: shape (B,), counts over cells in the order of their values.
        current: shape (B,).
        values: shape (B,), rising: where the values of a cell stand. Values beyond the last cells stand there, too,
            so one outlier moves neither the distance nor the spread.
    """
    unit = max(map(abs, values)) or 1.0  # squares of the largest doubles are more than a double holds
    scaled = [value / unit for value in values]
    gaps = [abs(old - new) for old, new in zip(_cumulative(reference), _cumulative(current), strict=True)]
    moved = sum(gap * (high - low) for gap, (low, high) in zip(gaps, pairwise(scaled), strict=False))
    spread = _deviation(_shares(reference), scaled)
    return moved / spread if spread > 0 else (inf if moved > 0 else 0.0)


def kolmogorov_smirnov(reference: Counts, current: Counts) -> float:
    """Return the largest difference of the two distribution functions at the edges between cells.

    The largest one anywhere is at least that, so a test of it errs on the quiet side.
    """
    return max(abs(old - new) for old, new in zip(_cumulative(reference), _cumulative(current), strict=True))


def kolmogorov_tail(distance: float, reference: int, current: int) -> float:
    """Return the chance of at least this distance between samples of these sizes from one population.

    Source: Stephens (1970), Journal of the Royal Statistical Society B 32:115-122.
    """
    root = sqrt(reference * current / (reference + current))
    scaled = (root + 0.12 + 0.11 / root) * distance
    if scaled < 0.2:  # noqa: PLR2004 - 1 within 1e-12, and neither series likes 0
        return 1.0
    if scaled < 1:  # one form of the series converges here, the other beyond
        within = sum(exp(-((k * pi / scaled) ** 2) / 8) for k in (1, 3, 5, 7))
        return 1 - sqrt(2 * pi) / scaled * within
    return max(0.0, sum(2 * sign * exp(-2 * (k * scaled) ** 2) for k, sign in ((1, 1), (2, -1), (3, 1), (4, -1))))


def same_shares(reference: Counts, current: Counts) -> tuple[float, float]:
    """Return (chi-square statistic, p-value) of the test that two samples have the same shares.

    A cell too small for the chi-square distribution is tested exactly, against all others, and joins the smallest of
    them for the rest; the p-value then is the smallest one, times how many there are (Bonferroni).

    Args:
        reference: shape (B,), as `pooled` groups them; with one cell there is nothing to compare.
        current: shape (B,).
    """
    expected = _expected(reference, current)
    kept = [at for at, one in enumerate(expected) if one >= LEAST_EXPECTED]
    small = [at for at, one in enumerate(expected) if one < LEAST_EXPECTED]
    if len(reference) == 1 or not small or not kept:
        return chi_square(reference, current)
    smallest = min(kept, key=expected.__getitem__)
    merged = [
        [one[at] + (sum(one[pool] for pool in small) if at == smallest else 0) for at in kept]
        for one in (reference, current)
    ]
    statistic, p_value = chi_square(*merged)
    exact = [two_shares((reference[at], sum(reference)), (current[at], sum(current))) for at in small]
    return statistic, min(1.0, (1 + len(small)) * min(p_value, *exact))


def same_tail(reference: Counts, current: Counts, unsure: float) -> tuple[float, float]:
    """Return (chi-square statistic, p-value) as `same_shares`, where the last cell of the reference was estimated.

    Its share is tested by itself, with as many rows of the reference as the estimate is worth; then the others are.

    Args:
        reference: shape (B,), with at least two cells.
        current: shape (B,).
        unsure: how many times the variance of the last count is that of a count that was counted, from 1.
    """
    rows, values = sum(reference), sum(current)
    worth = (round(reference[-1] / unsure), round(rows / unsure))
    exact = two_shares(worth, (current[-1], values))
    if not sum(reference[:-1]) or not sum(current[:-1]):
        return 0.0, exact
    statistic, p_value = same_shares(reference[:-1], current[:-1])
    return statistic, min(1.0, 2 * min(exact, p_value))


def chi_square(reference: Counts, current: Counts) -> tuple[float, float]:
    """Return (statistic, p-value) of Pearson's test, for cells that are all large enough."""
    m, n = sum(reference), sum(current)
    statistic = 0.0
    for old, new in zip(reference, current, strict=True):
        expected = (old + new) * n / (m + n)
        if expected > 0:
            statistic += (new - expected) ** 2 * (1 / expected + n / m / expected)
    return statistic, chi_square_tail(statistic, len(reference) - 1)


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Return the chance of at least this value with so many degrees of freedom; 1 with none.

    Source: Abramowitz & Stegun (1964), 26.4.4 and 26.4.5: finite sums for whole degrees of freedom.
    """
    half = statistic / 2
    if half <= 0 or freedom == 0:
        return 1.0
    first = freedom % 2 / 2
    powers = (first + step for step in range(freedom // 2))
    tail = sum(exp(power * log(half) - half - lgamma(power + 1)) for power in powers)
    return min(1.0, tail + (erfc(sqrt(half)) if first else 0.0))


def held_out(reference: Counts) -> tuple[list[int], float]:
    """Return a reference's counts as if each of its values had been judged by the others, and how unsure that is.

    What stands once is unknown then (in a truncated list: what stands as often as the rarest that is listed). So a
    sample that missed much of a long tail expects as much of it from another one. The second number is the variance
    of the unknown count over that of a count that was counted, at least 1; for a truncated list a cautious guess.

    Args:
        reference: shape (B,), counts of the listed categories, then of every other value.

    Source: Good (1953), Biometrika 40:237-264; Esty (1983), The Annals of Statistics 11:905-912, for the variance.
    """
    *listed, unknown = reference
    least = min((one for one in listed if one), default=1) if unknown else 1
    if least >= RARE:
        return list(reference), 1.0
    left = listed.count(least) * least
    next_left = listed.count(least + 1) * (least + 1)
    counts = [*(0 if one == least else one for one in listed), unknown + left]
    return counts, 1 + least * next_left / max(1, unknown + left) + (least - 1)


def pooled(reference: Counts, current: Counts) -> list[list[int]]:
    """Return the cells as lists of their places: each that can be judged alone, then pools, the unknown values last.

    A category is small when fewer than five are expected in the smaller sample, which depends on the sum of both
    alone, or when the reference has fewer than ten. Small ones are dealt out to pools by their rank: a reference
    overstates some of them and misses others, which cancels within a pool, but not between the ends of a tail. One
    that has become frequent by no chance leaves its pool, so that what others lost does not hide it; unknown values
    never join one for the same reason.

    Args:
        reference: shape (B,), counts of the listed categories, then of every other value.
        current: shape (B,).
    """
    expected, last = _expected(reference, current), len(reference) - 1
    rare = [at for at in range(last) if reference[at] < RARE]
    alone = [at for at in range(last) if reference[at] >= RARE and expected[at] >= LEAST_EXPECTED]
    alone += [at for at in rare if _has_risen(at, reference, current, len(rare))]
    left = set(range(last)).difference(alone)
    small = sorted(left, key=lambda at: (-reference[at], at))
    pools = max(1, int(sum(expected[at] for at in small) / POOL))
    groups = [*([at] for at in alone), *(small[first::pools] for first in range(pools)), [last]]
    held, _ = held_out(reference)
    return [group for group in groups if any(held[at] or current[at] for at in group)]


def hides(groups: Sequence[Sequence[int]], reference: Counts) -> bool:
    """Say whether all values fall into one pool, whose share is the same whatever its values are."""
    return not groups or (len(groups) == 1 and (len(groups[0]) > 1 or groups[0][0] == len(reference) - 1))


def _has_risen(at: int, reference: Counts, current: Counts, among: int) -> bool:
    m, n = sum(reference), sum(current)
    if current[at] * m <= reference[at] * n:
        return False
    return two_shares((reference[at], m), (current[at], n)) * among <= CERTAIN


def two_shares(reference: tuple[int, int], current: tuple[int, int]) -> float:
    """Return the chance of shares at least this different, each given as (how many, of how many); exact.

    Fisher's test, the smaller tail doubled: right for the rarest values and the largest samples alike.

    Source: Fisher (1935), Journal of the Royal Statistical Society 98:39-82.
    """
    (old, m), (new, n) = reference, current
    if new * m < old * n:  # count the other arm: then the tail is the upper one
        return two_shares(current, reference)
    chosen = old + new
    if chosen in {0, m + n}:
        return 1.0
    term = exp(_log_choose(n, new) + _log_choose(m, old) - _log_choose(m + n, chosen))
    tail = 0.0
    for count in range(new, min(n, chosen) + 1):
        tail += term
        if term <= tail * 1e-16:
            break
        term *= (n - count) * (chosen - count) / ((count + 1) * (m - chosen + count + 1))
    return min(1.0, 2 * tail)


def _expected(reference: Counts, current: Counts) -> list[float]:
    """Return how many each cell should hold in the smaller sample, if both have the same shares."""
    m, n = sum(reference), sum(current)
    share = min(m, n) / (m + n) if m + n else 0.0
    return [(old + new) * share for old, new in zip(reference, current, strict=True)]


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _shares(counts: Sequence[float]) -> list[float]:
    whole = sum(counts)
    return [one / whole for one in counts]


def _smoothed(counts: Counts) -> list[float]:
    return _shares([one + 0.5 for one in counts])


def _cumulative(counts: Counts) -> list[float]:
    whole = sum(counts)
    return [one / whole for one in accumulate(counts)]


def _deviation(shares: Sequence[float], values: Sequence[float]) -> float:
    mean = sum(share * value for share, value in zip(shares, values, strict=True))
    return sqrt(sum(share * (value - mean) ** 2 for share, value in zip(shares, values, strict=True)))
