"""A file of predictions that any framework wrote, matched with the golden rows by id."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.models.golden import Columns, GoldenSet, demand_columns, row_ids
from mlops_ci.models.predictions import Columns as Answered
from mlops_ci.tools.duckdb import open_table

COST = "cost"


def read(path: Path, columns: Columns, golden: GoldenSet) -> Answered:
    """Return the answers in a file, in the order of the golden set's ids.

    The file has the columns that name a row, and `prediction`, `score`, `score_<class>` or `cost`.

    Raises:
        NothingToJudge: it is missing, unreadable or empty, or has not exactly the golden set's rows.
        UsageProblem: a column is missing.
    """
    if not path.is_file():
        raise NothingToJudge(f"{path} does not exist. A file of predictions has an id and a prediction for each row.")
    with open_table([path]) as table:
        rows = table.to_arrow()
    demand_columns(path, rows.column_names, columns.key)
    ids = row_ids(path, [rows.column(name) for name in columns.key])
    order = np.argsort(ids, kind="stable")
    _demand_same(path, ids[order], golden.ids)
    answers = [name for name in rows.column_names if name in {"prediction", "score", COST} or name.startswith("score_")]
    if not set(answers) - {COST}:
        raise UsageProblem(f"{path} has no column prediction, score or score_<class>. Write one of them.")
    return {name: _values(rows.column(name))[order] for name in answers}


def _values(column: Any) -> NDArray[Any]:  # noqa: ANN401 - untyped library
    """Return numbers as floats, a missing one as NaN, and anything else as it is."""
    raw = column.to_pylist()
    if all(one is None or (isinstance(one, int | float) and not isinstance(one, bool)) for one in raw):
        return np.array([np.nan if one is None else one for one in raw], dtype=np.float64)
    return np.array(raw, dtype=np.object_)


def _demand_same(path: Path, ids: NDArray[Any], golden: NDArray[Any]) -> None:
    """Refuse a file that lacks golden rows, or has others."""
    if ids.size == golden.size and (ids == golden).all():
        return
    there, wanted = set(ids.tolist()), set(golden.tolist())
    lacking, strange = sorted(wanted - there), sorted(there - wanted)
    said = [f"{len(lacking)} golden rows have no prediction, {lacking[0]} is the first"] if lacking else []
    said += [f"{len(strange)} predictions are for no golden row, {strange[0]} is the first"] if strange else []
    raise NothingToJudge(f"{path}: {' and '.join(said)}. Predict exactly the golden rows.")
