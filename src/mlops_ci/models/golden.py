"""The golden set: rows with ids and labels that do not change, checked before anything is judged by them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.evidence import digest_file
from mlops_ci.models.truth import Task, Truth
from mlops_ci.stats.seeds import seed_of
from mlops_ci.stats.units import Units
from mlops_ci.tools.duckdb import open_table

SEPARATOR = " / "  # between a query and an item, where both together name a row


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a golden set mean what; the id of a ranking's row is its query and its item."""

    id: str
    label: str
    positive: str = "1"
    weight: str | None = None
    cluster: str | None = None
    query: str | None = None
    item: str = "item"
    others: tuple[str, ...] = ()  # slices and groups

    @property
    def key(self) -> tuple[str, ...]:
        """Return the columns that name a row."""
        return (self.id,) if self.query is None else (self.query, self.item)

    @property
    def needed(self) -> tuple[str, ...]:
        """Return all columns, each once."""
        wanted = (*self.key, self.label, self.weight, self.cluster, *self.others)
        return tuple(dict.fromkeys(one for one in wanted if one is not None))


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """Rows sorted by id: ids, truth, and the slices' columns as text, all of shape (n,).

    `order` sorts the file's rows alike; what is missing in a slice's column is `missing`.
    """

    path: Path
    digest: str
    ids: NDArray[np.object_]
    truth: Truth
    order: NDArray[np.intp]
    columns: Mapping[str, NDArray[Any]]
    label: str
    id: str


def load(path: Path, columns: Columns, wanted: Task | None = None) -> GoldenSet:
    """Read a golden set and refuse one that cannot decide anything.

    Args:
        path: Parquet, CSV or JSON Lines.
        columns: which columns mean what.
        wanted: the task that the metrics need; None to tell it from the labels.

    Raises:
        NothingToJudge: it is missing, unreadable or empty, ids repeat, labels are missing or all the same.
        UsageProblem: a column is not there, or labels are not what the task needs.
    """
    digest = digest_file(path)
    with open_table([path]) as table:
        rows = table.to_arrow()
    demand_columns(path, rows.column_names, columns.needed)
    ids = row_ids(path, [rows.column(name) for name in columns.key])
    texts = {name: _texts(rows.column(name)) for name in (*columns.others, columns.cluster, columns.query) if name}
    order = np.argsort(ids, kind="stable")
    raw = rows.column(columns.label).to_pylist()
    if missing := sum(one is None or one != one for one in raw):  # noqa: PLR0124 - only NaN differs from itself
        raise NothingToJudge(f"{path}: {missing} of {len(raw)} labels are missing. Every golden row needs its label.")
    task = wanted or ("ranking" if columns.query else _task_of(raw, columns.positive))
    labels, classes = _labels(path, [raw[at] for at in order], task, columns.positive)
    weights = _weights(path, rows.column(columns.weight).to_pylist())[order] if columns.weight else None
    clusters = _codes(texts[columns.cluster][order]) if columns.cluster else None
    queries = _codes(texts[columns.query][order]) if columns.query else None
    seed = seed_of(ids[order].tolist(), labels.tolist())
    return GoldenSet(
        path,
        digest,
        ids[order],
        Truth(task, labels, seed, classes, Units(weights, clusters), queries),
        order,
        {name: texts[name][order] for name in columns.others},
        columns.label,
        columns.id,
    )


def demand_columns(path: Path, there: Sequence[str], needed: Iterable[str]) -> None:
    """Raise UsageProblem for the first column that a file lacks."""
    for column in needed:
        if column not in there:
            raise UsageProblem(f"{path} has no column {column!r}. Its columns: {', '.join(there)}.")


def row_ids(path: Path, columns: list[Any]) -> NDArray[np.object_]:
    """Return the ids of a file's rows as text, in the file's order.

    Raises:
        NothingToJudge: there are no rows, or an id is missing or stands in more than one row.
    """
    texts = [one.cast("string").to_numpy(zero_copy_only=False) for one in columns]
    count = texts[0].size
    if count == 0:
        raise NothingToJudge(f"{path} has no rows. A golden set needs rows that both models answer.")
    if missing := max(int(sum(value is None for value in one)) for one in texts):
        raise NothingToJudge(f"{path}: {missing} of {count} ids are missing. Every golden row needs its id.")
    ids = texts[0]
    for other in texts[1:]:
        ids = ids + SEPARATOR + other
    ordered = np.sort(ids)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if repeated.size:
        raise NothingToJudge(f"{path}: the id {repeated[0]} stands in more than one row. Ids must be unique.")
    return np.asarray(ids, dtype=np.object_)


def _texts(column: Any) -> NDArray[np.object_]:  # noqa: ANN401 - untyped library
    raw = column.to_pylist()
    return np.array(["missing" if one is None or one != one else str(one) for one in raw], dtype=np.object_)  # noqa: PLR0124 - NaN


def _codes(texts: NDArray[Any]) -> NDArray[np.intp]:
    return np.unique(texts, return_inverse=True)[1]


def _weights(path: Path, raw: list[Any]) -> NDArray[np.float64]:
    weights = np.array([np.nan if one is None else one for one in raw], dtype=np.float64)
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise NothingToJudge(f"{path}: a weight is missing, not finite, or not above 0. Correct it, or leave it out.")
    return weights


def _task_of(labels: list[Any], positive: str) -> Task:
    """Return what labels without a metric that says so are for."""
    different = {label_text(one) for one in labels}
    if different <= {"0", "1"} or (len(different) == 2 and positive in different):  # noqa: PLR2004 - two classes
        return "binary"
    return "regression" if any(isinstance(one, float) and one % 1 for one in labels) else "multiclass"


def label_text(label: object) -> str:
    """Return a label as text, the same for 1, 1.0 and true."""
    if isinstance(label, bool | np.bool_):
        return str(int(label))
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def _labels(path: Path, raw: list[Any], task: Task, positive: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return labels as the task needs them, and the names of its classes."""
    if task == "text":
        return np.array([str(one) for one in raw], dtype=np.object_), ()
    if task in {"regression", "ranking"}:
        return _numbers(path, raw, task), ()
    texts = [label_text(one) for one in raw]
    classes = tuple(sorted(set(texts)))
    if len(classes) < 2:  # noqa: PLR2004 - one class tells nothing apart
        raise NothingToJudge(f"{path}: all labels are the same, so nothing can be told apart.")
    if task == "multiclass":
        codes = {name: code for code, name in enumerate(classes)}
        return np.array([codes[one] for one in texts], dtype=np.intp), classes
    if len(classes) != 2 or positive not in classes:  # noqa: PLR2004 - binary
        listed = ", ".join(classes[:6])
        raise UsageProblem(f"{path}: labels must be two, one of them {positive!r} (gate.positive); found {listed}.")
    negative = next(one for one in classes if one != positive)
    return np.array([one == positive for one in texts]), (negative, positive)


def _numbers(path: Path, raw: Iterable[Any], task: Task) -> NDArray[np.float64]:
    try:
        values = np.array([float(one) for one in raw])
    except (TypeError, ValueError) as problem:
        raise UsageProblem(f"{path}: a {task} needs labels that are numbers; {problem}.") from problem
    if not np.isfinite(values).all():
        raise NothingToJudge(f"{path}: {int((~np.isfinite(values)).sum())} labels are not finite numbers.")
    if task == "ranking" and (values < 0).any():
        raise UsageProblem(f"{path}: relevance is at least 0; found {values.min():g}.")
    return values
