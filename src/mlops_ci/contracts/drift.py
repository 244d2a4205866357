"""Compare a table with a profile: which columns lie further from it than chance and the limits allow."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Literal

from mlops_ci.contracts import cells
from mlops_ci.contracts.profile import ColumnProfile, Profile, kind_of
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.settings.drift import DriftSettings
from mlops_ci.stats import drift
from mlops_ci.stats.false_discovery import benjamini_hochberg
from mlops_ci.tools.duckdb import Column, Sql, Table, identifier

Metric = Literal["psi", "kolmogorov_smirnov", "jensen_shannon", "wasserstein", "chi_square", "missing"]

_NAMED = 5  # new categories that are named


@dataclass(frozen=True, slots=True)
class Chance:
    """A p-value, and what is left of it after correction over all columns."""

    p_value: float
    corrected: float = 1.0


@dataclass(frozen=True, slots=True)
class Distance:
    """One number that says how far apart two distributions are; `limit` is None where it only informs."""

    metric: Metric
    value: float
    limit: float | None = None

    @property
    def excess(self) -> float:
        """Return how many times the limit it is."""
        return self.value / max(self.limit, 1e-9) if self.limit is not None else 0.0


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What became of one column of the profile.

    `problem` says why its values are not compared: the column is gone, holds another kind, or too few values, in all
    or of each category.
    """

    profile: ColumnProfile
    rows: int
    present: int
    alpha: float
    problem: Literal["gone", "kind", "few"] | None = None
    kind: str = ""  # of the table's column
    reference: tuple[int, ...] = ()  # counts by cell, the profile's
    current: tuple[int, ...] = ()
    distances: tuple[Distance, ...] = ()
    test: Chance | None = None
    missing: Distance | None = None
    missing_test: Chance | None = None
    new: tuple[Any, ...] = ()  # categories that the profile does not know, the most frequent first

    @property
    def worst(self) -> Distance | None:
        """Return the distance that is furthest over its limit."""
        return max((one for one in self.distances if one.limit is not None), key=lambda one: one.excess, default=None)

    @property
    def drifted(self) -> bool:
        """Say whether the values lie elsewhere: not by chance, and far enough to matter."""
        return bool(self.worst and self.worst.excess >= 1 and self.test and self.test.corrected <= self.alpha)

    @property
    def missing_drifted(self) -> bool:
        """Say whether the share of missing values changed: not by chance, and enough to matter."""
        test = self.missing_test
        return bool(self.missing and self.missing.excess >= 1 and test and test.corrected <= self.alpha)


def check_ignored(profile: Profile, options: DriftSettings) -> None:
    """Check that the profile, as its file has it, knows every column that is ignored.

    Raises:
        UsageProblem: it does not.
    """
    names = [one.name for one in profile.columns]
    if strange := sorted(set(options.ignore).difference(names)):
        near = difflib.get_close_matches(strange[0], names, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise UsageProblem(f"`data.drift.ignore` names {', '.join(strange)}, which the profile does not have.{meant}")


def expressions(profile: Profile, columns: Sequence[Column], options: DriftSettings) -> tuple[Sql, ...]:
    """Return the aggregates that `compare` needs the values of; one scan can answer them with a contract's.

    Raises:
        NothingToJudge: no column of the profile is left to compare.
    """
    there = {column.name: column for column in columns}
    asked = [Sql("count(*)")]
    for one in _judged(profile, options):
        if column := there.get(one.name):
            asked.extend(cells.expressions(_comparable(one, column), column))
    return tuple(asked)


def compare(
    profile: Profile, columns: Sequence[Column], values: Sequence[Any], options: DriftSettings
) -> tuple[ColumnDrift, ...]:
    """Return what became of each column of the profile, in its order, but for the ignored ones.

    Args:
        profile: the reference.
        columns: of the table.
        values: of the `expressions`, in their order.
        options: limits; every p-value is corrected over all tests that are made here.
    """
    there = {column.name: column for column in columns}
    answers = iter(values)
    rows = int(next(answers))
    found = []
    for one in _judged(profile, options):
        column = there.get(one.name)
        if column is None:
            found.append(ColumnDrift(one, rows, 0, options.alpha, "gone"))
        else:
            found.append(_column(one, column, rows, answers, options, profile.rows))
    return _corrected(found)


def named(drifts: Sequence[ColumnDrift], table: Table) -> tuple[ColumnDrift, ...]:
    """Return the drifts with the names of new categories, which only an alarm makes worth another scan."""
    asked = {at: one for at, one in enumerate(drifts) if one.drifted and _has_new(one)}
    if not asked:
        return tuple(drifts)
    there = {column.name: column for column in table.columns}
    conditions = {at: cells.is_new(one.profile, there[one.profile.name]) for at, one in asked.items()}
    values = table.aggregate(
        [
            Sql(f"approx_top_k({identifier(one.profile.name)}, {_NAMED}) FILTER (WHERE {conditions[at].text})",
                conditions[at].values)
            for at, one in asked.items()
        ]
    )  # fmt: skip
    names = dict(zip(asked, values, strict=True))
    return tuple(replace(one, new=tuple(names.get(at) or ())) for at, one in enumerate(drifts))


def _judged(profile: Profile, options: DriftSettings) -> tuple[ColumnProfile, ...]:
    found = tuple(one for one in profile.columns if one.name not in options.ignore)
    if not found:
        raise NothingToJudge("No column of the profile is left to compare. Name fewer in `data.drift.ignore`.")
    return found


def _comparable(profile: ColumnProfile, column: Column) -> ColumnProfile:
    """Return what can be counted of a column: of another kind, only what is missing."""
    return profile if kind_of(column) == profile.kind else replace(profile, kind="other")


def _has_new(one: ColumnDrift) -> bool:
    listed = one.profile.categories
    return one.profile.compared_by == "categories" and bool(listed and not listed.other and one.current[-1])


def _column(
    profile: ColumnProfile, column: Column, rows: int, answers: Iterator[Any], options: DriftSettings, reference: int
) -> ColumnDrift:
    present, current = cells.counts(_comparable(profile, column), answers)
    found = ColumnDrift(profile, rows, present, options.alpha)
    if present and profile.count and kind_of(column) != profile.kind:
        return replace(found, problem="kind", kind=kind_of(column))
    if min(rows, reference) < options.min_rows:
        return replace(found, problem="few")
    found = replace(found, **_missing(profile, rows, present, options))
    if not profile.compared_by:
        return found
    if min(present, profile.count) < options.min_rows:
        return replace(found, problem="few")
    return _values(found, current, options)


def _missing(profile: ColumnProfile, rows: int, present: int, options: DriftSettings) -> dict[str, Any]:
    before, now = (profile.missing, profile.missing + profile.count), (rows - present, rows)
    change = abs(now[0] / now[1] - before[0] / before[1])
    tested = Chance(drift.two_shares(before, now))
    return {"missing": Distance("missing", change, options.missing), "missing_test": tested}


def _values(found: ColumnDrift, current: tuple[int, ...], options: DriftSettings) -> ColumnDrift:
    profile = found.profile
    if profile.compared_by == "bins" and profile.bins:
        return _by_bins(replace(found, reference=profile.bins.counts, current=current), options)
    if profile.categories:
        before = (*(count for _, count in profile.categories.values), profile.categories.other)
        return _by_categories(replace(found, reference=before, current=current), options)
    return found


def _by_bins(found: ColumnDrift, options: DriftSettings) -> ColumnDrift:
    """Compare by the Kolmogorov-Smirnov test, taking off what the reference's counts may be wrong."""
    bins = found.profile.bins
    if bins is None:
        return found
    before, now = found.reference, found.current
    distance = drift.kolmogorov_smirnov(before, now)
    p_value = drift.kolmogorov_tail(max(0.0, distance - bins.rank_error), sum(before), sum(now))
    moved = Distance("wasserstein", drift.wasserstein(before, now, bins.medians), options.wasserstein)
    measured = (
        *_sizes(before, now, options),
        *([moved] if isfinite(moved.value) else []),
        Distance("kolmogorov_smirnov", distance),
    )
    return replace(found, distances=measured, test=Chance(p_value))


def _by_categories(found: ColumnDrift, options: DriftSettings) -> ColumnDrift:
    """Compare by categories that are frequent enough, pools of the others, and what the profile does not know."""
    groups = drift.pooled(found.reference, found.current)
    if drift.hides(groups, found.reference):
        return replace(found, problem="few")
    counts, unsure = drift.held_out(found.reference)
    before = [sum(counts[at] for at in group) for group in groups]
    now = [sum(found.current[at] for at in group) for group in groups]
    if groups[-1] == [len(counts) - 1]:
        statistic, p_value = drift.same_tail(before, now, unsure)
    else:
        statistic, p_value = drift.same_shares(before, now)
    measured = (*_sizes(before, now, options), Distance("chi_square", statistic))
    return replace(found, distances=measured, test=Chance(p_value))


def _sizes(before: Sequence[int], now: Sequence[int], options: DriftSettings) -> tuple[Distance, ...]:
    return (
        Distance("psi", drift.psi(before, now), options.psi),
        Distance("jensen_shannon", drift.jensen_shannon(before, now), options.jensen_shannon),
    )


def _corrected(found: Sequence[ColumnDrift]) -> tuple[ColumnDrift, ...]:
    """Correct over every test that was made, of values and of what is missing alike."""
    tests = [test for one in found for test in (one.test, one.missing_test) if test]
    corrected = iter(benjamini_hochberg([test.p_value for test in tests]))

    def mended(test: Chance | None) -> Chance | None:
        return replace(test, corrected=next(corrected)) if test else None

    return tuple(replace(one, test=mended(one.test), missing_test=mended(one.missing_test)) for one in found)
