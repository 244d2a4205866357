"""Judge one table by both engines and compare what they count."""

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from mlops_ci.contracts.answers import answered
from mlops_ci.contracts.judge import judge
from mlops_ci.contracts.judged import DUCKDB, Judged, Unexpected, from_outcome
from mlops_ci.contracts.plan import compile_
from mlops_ci.contracts.suite import Expectation, Suite
from mlops_ci.tools import great_expectations
from mlops_ci.tools.duckdb import open_table

CLOSE = 1e-6  # pandas adds up 32-bit floats with 7 digits
COUNTS = ("success", "element_count", "missing_count", "unexpected_count", "unexpected_percent")


def both(folder: Path, data: pa.Table, expectations: Sequence[Expectation]) -> list[tuple[Judged, Judged]]:
    """Return (ours, theirs) for each expectation that is judged by one scan."""
    path = folder / "data.parquet"
    parquet.write_table(data, path)
    with open_table([path]) as table:
        columns = {column.name: column for column in table.columns}
        scans = {at: scan for at, one in enumerate(expectations) if (scan := compile_(one, columns))}
        exact = answered(table, scans, ())[2]  # without those that their answers leave to Great Expectations
        compiled = [expectations[at] for at in exact]
        frame = table.to_arrow()
        ours = judge(Suite("parity", "parity.json", tuple(compiled)), table, folder).expectations
    assert {one.engine for one in ours} <= {DUCKDB}
    outcomes = great_expectations.evaluate(frame, [(one.expectation.type, one.expectation.kwargs) for one in ours])
    theirs = []
    for one, outcome in zip(ours, outcomes, strict=True):
        values = tuple(Unexpected(value) for value in outcome.result.get("partial_unexpected_list") or [])
        theirs.append(from_outcome(one.expectation, outcome, values, data.num_rows))
    return list(zip(ours, theirs, strict=True))


def differences(mine: Judged, other: Judged) -> dict[str, tuple[Any, Any]]:
    """Return what differs: counts, the verdict, the number observed, and the values shown."""
    if mine.error or mine.expectation.type == "expect_column_to_exist":
        return {} if mine.success == other.success else {"success": (mine.success, other.success)}
    names = [*COUNTS, "error"]
    pairs = {name: (getattr(mine, name), getattr(other, name)) for name in names}
    pairs["observed"] = (_observed(mine.observed_value), _observed(other.observed_value))
    if mine.unexpected_count is not None:
        pairs["unexpected"] = (_shown(mine), _shown(other))
    return {name: (one, two) for name, (one, two) in pairs.items() if not _same(one, two)}


def _same(one: object, two: object) -> bool:
    if isinstance(one, float) and isinstance(two, float):
        return math.isclose(one, two, rel_tol=CLOSE, abs_tol=1e-7)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_same, one, two))
    return bool(one == two)


def _observed(value: object) -> object:
    """Return an observed value in one form: numbers as floats, all else as text."""
    if isinstance(value, dict):
        return [_observed(one) for one in value.values()]
    if isinstance(value, list | tuple):
        return [_observed(one) for one in value]
    if isinstance(value, bool) or value is None:
        return str(value)
    if str(value) == "NaT":
        return "None"
    number = isinstance(value, int | float | Decimal) or re.fullmatch(r"-?\d+(\.\d+)?", str(value))
    return float(str(value)) if number else str(value)


def _shown(judged: Judged) -> list[str]:
    return sorted(_text(one.value) for one in judged.unexpected)


def _text(value: object) -> str:
    """Return a value as text; pandas turns integers beside nulls into floats, and NaN is its null."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, int | float):
        return "None" if math.isnan(value) else str(float(value))
    return "None" if str(value) == "NaT" else str(value)
