"""Ask a table everything that the scans of a suite need: one query for each relation, each question once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlops_ci.contracts.order_statistics import ranked
from mlops_ci.contracts.scan import Answers, Ask, Counted, Ranks, Scan
from mlops_ci.tools.duckdb import Sql, Table
from mlops_ci.tools.duckdb.table import DATA

AT_ONCE = 20_000_000  # rows whose texts are counted by value together
Key = tuple[str, tuple[str, ...]]


def answered(
    table: Table, scans: Mapping[int, Scan], also: Sequence[Sql]
) -> tuple[int, tuple[Any, ...], dict[int, Counted]]:
    """Return the table's rows, the values of `also`, and what each scan counted.

    A scan is missing from the counts when its answers are not exact. An empty table is asked nothing more.
    """
    count = Ask(Sql("count(*)"))
    others = [Ask(one) for one in also]
    asks = [count, *others, *(ask for scan in scans.values() for ask in scan.asks)]
    found = _ask(table, (ask for ask in asks if ask.relation == DATA), DATA)
    rows = int(found[_key(count.expression)])
    values = {_key(DATA): found}
    if rows:
        for relation in {_key(ask.relation): ask.relation for ask in asks if ask.relation != DATA}.values():
            mine = (ask for ask in asks if _key(ask.relation) == _key(relation))
            values[_key(relation)] = _grouped(table, list(mine), rows)
    said = tuple(found[_key(one.expression)] for one in others)
    return rows, said, _counted(table, scans, values, rows) if rows else {}


def _grouped(table: Table, asks: Sequence[Ask], rows: int) -> dict[Key, Any]:
    parted, parts = asks[0].parted, -(-rows // AT_ONCE)
    if parted is None or parts == 1:
        return _ask(table, asks, asks[0].relation)
    found = [_ask(table, asks, parted(at, parts)) for at in range(parts)]
    return {key: sum(one[key] for one in found) for key in found[0]}


def _ask(table: Table, asks: Iterable[Ask], relation: Sql) -> dict[Key, Any]:
    different = {_key(ask.expression): ask.expression for ask in asks}
    values = table.aggregate(list(different.values()), relation)
    return dict(zip(different, values, strict=True))


def _counted(
    table: Table, scans: Mapping[int, Scan], values: Mapping[Key, Mapping[Key, Any]], rows: int
) -> dict[int, Counted]:
    answers = {
        at: Answers(rows, [values[_key(ask.relation)][_key(ask.expression)] for ask in scan.asks])
        for at, scan in scans.items()
    }
    wanted = {at: one for at, scan in scans.items() if scan.ranks and (one := scan.ranks(answers[at]))}
    for at, found in zip(wanted, _ranked(table, list(wanted.values())), strict=True):
        answers[at] = Answers(rows, answers[at].values, found)
    counted = {at: scan.answer(answers[at]) for at, scan in scans.items()}
    return {at: one for at, one in counted.items() if one is not None}


def _ranked(table: Table, wanted: Sequence[Ranks]) -> list[dict[int, Any]]:
    """Return the values at the positions, asked once for each column whoever wants them."""
    merged: dict[Key, Ranks] = {}
    for one in wanted:
        before = merged.get(_key(one.value))
        positions = {*one.positions, *(before.positions if before else ())}
        merged[_key(one.value)] = Ranks(one.value, tuple(sorted(positions)), one.present)
    found = dict(zip(merged, ranked(table, list(merged.values())), strict=True))
    return [found[_key(one.value)] for one in wanted]


def _key(said: Sql) -> Key:
    return said.text, tuple(map(repr, said.values))
