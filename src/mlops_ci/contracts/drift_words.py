"""Drift in the words of a result: findings by column, and one measurement for each distance."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from mlops_ci.contracts.drift import Chance, ColumnDrift, Distance
from mlops_ci.report import Finding, Location, Measurement, Verdict

DRIFTED = "MCI-DATA-002"
CHANGED = "MCI-DATA-003"
UNDECIDED = "MCI-DATA-004"

WORDS = {
    "psi": "PSI",
    "jensen_shannon": "Jensen-Shannon",
    "wasserstein": "Wasserstein",
    "kolmogorov_smirnov": "Kolmogorov-Smirnov",
    "chi_square": "chi-square",
}
_SHOWN = 10  # categories in a picture; the others are one more bar
_LONGEST = 40  # characters of a category on a page


def findings(drifts: Sequence[ColumnDrift], shown: str) -> tuple[Finding, ...]:
    """Return what a person should know about drift; `shown` is how people know the profile's file."""
    found = []
    for one in drifts:
        if one.problem in {"gone", "kind"}:
            found.append(_changed(one, shown))
        if one.drifted:
            found.append(_drifted(one, shown))
        if one.missing_drifted:
            found.append(_missing(one, shown))
    few = [one for one in drifts if one.problem == "few" and not one.missing_drifted]
    return (*found, _undecided(few, shown)) if few else tuple(found)


def measurements(drifts: Sequence[ColumnDrift]) -> tuple[Measurement, ...]:
    """Return one measurement for each distance of each column; the first one carries the column's picture."""
    found = []
    for one in drifts:
        for at, distance in enumerate(one.distances):
            extra = {"picture": picture(one)} if at == 0 else {}
            fails = one.drifted and distance.excess >= 1
            found.append(_measurement(one, distance, one.test, fails=fails, n=one.present, extra=extra))
        if one.missing:
            found.append(_measurement(one, one.missing, one.missing_test, fails=one.missing_drifted, n=one.rows))
    return tuple(found)


def picture(one: ColumnDrift) -> dict[str, Any]:
    """Return both distributions as shares by labelled cell, fit for JSON and for a page."""
    labels = _labels(one)
    cells = list(zip(labels, _shares(one.reference), _shares(one.current), strict=True))
    if one.profile.compared_by == "categories":
        cells = _largest(cells)
    return {
        "column": one.profile.name,
        "form": one.profile.compared_by,
        "drifted": one.drifted,
        "excess": round(one.worst.excess, 3) if one.worst else 0.0,
        "labels": [label for label, _, _ in cells],
        "reference": [round(before, 5) for _, before, _ in cells],
        "current": [round(now, 5) for _, _, now in cells],
    }


def _measurement(
    one: ColumnDrift,
    distance: Distance,
    test: Chance | None,
    *,
    fails: bool,
    n: int,
    extra: dict[str, Any] | None = None,
) -> Measurement:
    profile = one.profile
    p_values = {"p_value": test.p_value, "p_corrected": test.corrected} if test else {}
    reference_n = profile.missing + profile.count if distance.metric == "missing" else profile.count
    judged: Verdict = "fail" if fails else "pass"
    return Measurement(
        f"{distance.metric}({profile.name})",
        distance.metric,
        value=distance.value,
        threshold=distance.limit,
        n=n,
        method=_method(one, distance),
        verdict=None if distance.limit is None else judged,
        evidence={"column": profile.name, **p_values, "reference_n": reference_n, **(extra or {})},
    )


def _method(one: ColumnDrift, distance: Distance) -> str:
    if distance.metric == "missing":
        return "difference of two shares; Fisher's exact test, Benjamini-Hochberg"
    tested = "chi-square" if one.profile.compared_by == "categories" else "Kolmogorov-Smirnov"
    return f"{WORDS[distance.metric]} over {len(one.reference)} cells; {tested} test, Benjamini-Hochberg"


def _changed(one: ColumnDrift, shown: str) -> Finding:
    name = one.profile.name
    if one.problem == "gone":
        title, now = f"{name}: the column of the profile is not in the data", None
    else:
        title, now = f"{name}: holds {one.kind} values, the profile's are {one.profile.kind}", one.kind
    remedy = f"Correct the data; or, if this is meant, write {shown} again from data that has it so, in a review."
    evidence = {"column": name, "profile_kind": one.profile.kind, "kind": now}
    return Finding(CHANGED, "high", "blocks", title, remedy, Location(name=name), evidence)


def _drifted(one: ColumnDrift, shown: str) -> Finding:
    worst, test = one.worst, one.test
    if worst is None or test is None:
        raise ValueError("a column without distances cannot have drifted")
    over = f"{WORDS[worst.metric]} {worst.value:.3g} (limit {worst.limit:g}), p {_p(test)} corrected"
    title = f"{one.profile.name}: distribution drifted: {over}"
    new = f"New: {', '.join(_short(value) for value in one.new)}. " if one.new else ""
    evidence: dict[str, Any] = {
        **{distance.metric: distance.value for distance in one.distances},
        "p_value": test.p_value,
        "p_corrected": test.corrected,
        "n": one.present,
        "reference_n": one.profile.count,
        "new": [str(value) for value in one.new],
    }
    message = f"{_largest_change(one)}{new}{_remedy(shown)}"
    return Finding(DRIFTED, "high", "blocks", title, message, Location(name=one.profile.name), evidence)


def _missing(one: ColumnDrift, shown: str) -> Finding:
    profile, test, distance = one.profile, one.missing_test, one.missing
    if test is None or distance is None or distance.limit is None:
        raise ValueError("a share that was not tested cannot have drifted")
    now, before = 1 - one.present / one.rows, profile.missing / (profile.missing + profile.count)
    limit = f"limit {distance.limit * 100:g} points"
    title = f"{profile.name}: {now:.1%} missing, were {before:.1%} ({limit}), p {_p(test)} corrected"
    evidence = {"missing": now, "reference_missing": before, "p_value": test.p_value, "p_corrected": test.corrected,
                "n": one.rows, "reference_n": profile.missing + profile.count}  # fmt: skip
    return Finding(DRIFTED, "high", "blocks", title, _remedy(shown), Location(name=profile.name), evidence)


def _undecided(few: Sequence[ColumnDrift], shown: str) -> Finding:
    said = ", ".join(f"{one.profile.name} ({one.present:,}; {one.profile.count:,})" for one in few[:_SHOWN])
    more = f" and {len(few) - _SHOWN} more" if len(few) > _SHOWN else ""
    title = f"drift is undecided in {len(few)} column{'s' * (len(few) > 1)}: too few values"
    message = (
        f"Values in the data, and in the profile: {said}{more}. They are too few, or each is too rare. Judge"
        f" more rows at once, write {shown} from more of them, or name the columns in `data.drift.ignore`."
    )
    evidence = {"columns": [one.profile.name for one in few], "values": [one.present for one in few],
                "reference_values": [one.profile.count for one in few]}  # fmt: skip
    return Finding(UNDECIDED, "medium", "undecided", title, message, Location(name=few[0].profile.name), evidence)


def _remedy(shown: str) -> str:
    return (
        f"Find what changed upstream. If the new data is right, train on it and write {shown} again in a review; a"
        " column that always moves on belongs in `data.drift.ignore`."
    )


def _largest_change(one: ColumnDrift) -> str:
    before, now = _shares(one.reference), _shares(one.current)
    at = max(range(len(before)), key=lambda cell: abs(now[cell] - before[cell]))
    return f"Most of it: {_labels(one)[at]}: {now[at]:.1%} of the values, were {before[at]:.1%}. "


def _labels(one: ColumnDrift) -> list[str]:
    profile = one.profile
    if profile.compared_by == "categories" and profile.categories:
        return [*(_short(value) for value, _ in profile.categories.values), "(other)"]
    edges = [f"{edge:.4g}" for edge in profile.bins.edges] if profile.bins else []
    unit = " bytes" if profile.kind == "text" else ""
    if not edges:
        return ["all"]
    middle = [f"{low} … {high}{unit}" for low, high in pairwise(edges)]
    return [f"up to {edges[0]}{unit}", *middle, f"over {edges[-1]}{unit}"]


def _largest(cells: list[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    """Return the largest categories; the others, and what the profile does not know, as one."""
    *listed, other = cells
    ordered = sorted(listed, key=lambda cell: -max(cell[1], cell[2]))
    rest = [*ordered[_SHOWN:], other]
    before, now = sum(before for _, before, _ in rest), sum(now for _, _, now in rest)
    return [*ordered[:_SHOWN], *([("(other)", before, now)] if before or now else [])]


def _shares(counts: Sequence[int]) -> list[float]:
    whole = sum(counts)
    return [count / whole for count in counts]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _p(test: Chance) -> str:
    return f"{test.corrected:.2g}" if test.corrected >= 1e-12 else "< 1e-12"  # noqa: PLR2004
