"""What a golden set can decide, told before any training: the smallest effect that each rule shows."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlops_ci.models.metrics import known
from mlops_ci.models.rulebook import Rulebook
from mlops_ci.models.rules import describe
from mlops_ci.models.slices import cut
from mlops_ci.settings.gate import Bound
from mlops_ci.stats.power import rows_needed, scaled, smallest_share_effect

SHARES = ("accuracy", "exact_match")
_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Effect:
    """The smallest effect that a rule shows with 80 % power; None where it is not known before a first judgement."""

    rule: str
    n: int
    smallest: float | None
    margin: float | None
    needed: int | None  # rows that show an effect as large as the margin
    how: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def effects(book: Rulebook, disagreement: float, rows: int | None, earlier: Mapping[str, Any]) -> list[Effect]:
    """Return one effect for each rule, then for each slice.

    Args:
        book: rules and golden set.
        disagreement: share of rows that one model has right and the other wrong.
        rows: as if the golden set had so many; None for those that it has.
        earlier: an earlier gate's report as JSON; spreads are taken from it.
    """
    ids = book.golden.ids.size
    count, factor = rows or ids, (rows or ids) / ids
    seen = {one["metric"]: one for one in earlier.get("measurements", []) if one.get("detectable") and one.get("n")}
    found = [
        _rule(metric, bound, count, disagreement, seen.get(metric), factor)
        for rule in book.options.rules
        for metric, bound in rule.items()
    ]
    if book.options.slices is None:
        return found
    ((metric, bound),) = book.options.slices.rule.items()
    parts = list(cut(book.golden, book.options.slices.by, book.options.slices.min_rows))
    level = _LEVEL / max(len(parts), 1)
    for name, mask in parts:
        size = round(mask.sum() * factor)
        found.append(_slice(f"{name}: {describe(metric, bound)}", metric, bound, size, disagreement, level))
    return found


def earlier_report(path: Path) -> dict[str, Any]:
    """Return an earlier report as JSON; an empty one where there is none."""
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return report


def _margin(bound: Bound) -> float | None:
    margin = bound.improve_by or bound.no_worse_than
    return None if margin is None or margin.relative else margin.amount


def _rule(
    metric: str, bound: Bound, count: int, disagreement: float, seen: Mapping[str, Any] | None, factor: float
) -> Effect:
    if metric in SHARES:
        return _share(describe(metric, bound), bound, count, disagreement, _LEVEL)
    if metric == known.SIZE:
        return Effect(describe(metric, bound), 1, 0.0, _margin(bound), None, "measured exactly")
    if seen is None:
        return Effect(describe(metric, bound), count, None, _margin(bound), None, "known after a first gate-model")
    units = int(seen["n"])
    after = units if metric in known.LATENCIES else round(units * factor)
    smallest, margin = scaled(float(seen["detectable"]), units, after), _margin(bound)
    needed = round(after * (smallest / margin) ** 2) if margin else None
    return Effect(describe(metric, bound), after, smallest, margin, needed, "spread of the last report")


def _share(name: str, bound: Bound, count: int, disagreement: float, level: float) -> Effect:
    margin = _margin(bound)
    needed = round(rows_needed(margin, max(disagreement, margin), level)) if margin else None
    smallest = smallest_share_effect(count, disagreement, level)
    return Effect(name, count, smallest, margin, needed, f"{disagreement:.3g} of the rows answered differently")


def _slice(name: str, metric: str, bound: Bound, count: int, disagreement: float, level: float) -> Effect:
    if metric in SHARES:
        return _share(name, bound, count, disagreement, level)
    return Effect(name, count, None, _margin(bound), None, "known after a first gate-model")
