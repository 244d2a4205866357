"""The golden set: rows with ids and labels that do not change, checked before anything is judged by them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.evidence import digest_file
from mlops_ci.tools.duckdb import open_table


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """Ids and labels of the rows, both of shape (n,), sorted by id; `order` sorts the file's rows alike."""

    path: Path
    digest: str
    ids: NDArray[np.str_]
    labels: NDArray[np.bool_]
    order: NDArray[np.intp]
    columns: Mapping[str, NDArray[np.str_]]  # the slices' columns, as text; what is missing is `missing`


def load(path: Path, id_column: str, label_column: str, slice_columns: Sequence[str] = ()) -> GoldenSet:
    """Read a golden set and refuse one that cannot decide anything.

    Raises:
        NothingToJudge: it is missing, unreadable or empty, ids repeat, labels are missing or all the same.
        UsageProblem: a column is not there, or labels are not 0 and 1.
    """
    digest = digest_file(path)
    with open_table([path]) as table:
        rows = table.to_arrow()
    for column in (id_column, label_column, *slice_columns):
        if column not in rows.column_names:
            raise UsageProblem(f"{path} has no column {column!r}. Its columns: {', '.join(rows.column_names)}.")
    raw = rows.column(id_column).to_pylist()
    if missing := sum(one is None for one in raw):
        raise NothingToJudge(f"{path}: {missing} of {len(raw)} ids are missing. Every golden row needs its id.")
    ids = np.array([str(one) for one in raw])
    if ids.size == 0:
        raise NothingToJudge(f"{path} has no rows. A golden set needs rows that both models answer.")
    unique, counts = np.unique(ids, return_counts=True)
    if unique.size < ids.size:
        raise NothingToJudge(f"{path}: the id {unique[counts > 1][0]} stands in more than one row. Ids must be unique.")
    labels = _labels(path, rows.column(label_column).to_pylist())
    order = np.argsort(ids, kind="stable")
    columns = {name: _texts(rows.column(name).to_pylist())[order] for name in slice_columns}
    return GoldenSet(path, digest, ids[order], labels[order], order, columns)


def _texts(raw: list[object]) -> NDArray[np.str_]:
    return np.array(["missing" if one is None or one != one else str(one) for one in raw])  # noqa: PLR0124 - NaN


def _labels(path: Path, raw: list[object]) -> NDArray[np.bool_]:
    missing = sum(one is None or one != one for one in raw)  # noqa: PLR0124 - only NaN differs from itself
    if missing:
        raise NothingToJudge(f"{path}: {missing} of {len(raw)} labels are missing. Every golden row needs its label.")
    if not all(one in {0, 1} for one in raw):
        raise UsageProblem(f"{path}: labels must be 0 and 1; found {next(one for one in raw if one not in {0, 1})!r}.")
    labels = np.array(raw, dtype=np.bool_)
    if labels.all() or not labels.any():
        raise NothingToJudge(f"{path}: all labels are the same, so nothing can be told apart.")
    return labels
