"""Golden rows that a model may have learned by heart: they stand in the training data, too."""

from collections.abc import Sequence
from pathlib import Path

from mlops_ci.errors import NothingToJudge
from mlops_ci.models.golden import Columns, GoldenSet
from mlops_ci.tools.duckdb import Sql, Table, identifier, open_table

_SHOWN = 3


def refuse_training_rows(golden: GoldenSet, columns: Columns, pattern: str, root: Path) -> None:
    """Raise NothingToJudge when golden rows stand in the training data, or there are no such data.

    Rows are the same when their ids are; where the training data have no ids, when everything is that both have.

    Args:
        golden: the golden set.
        columns: which of its columns mean what.
        pattern: path or glob of the training data, relative to `root`.
        root: the repository.
    """
    path = Path(pattern)
    files = sorted(Path(path.anchor or root).glob(str(path.relative_to(path.anchor)) if path.anchor else pattern))
    paths = [one for one in files if one.is_file()]
    if not paths:
        raise NothingToJudge(f"gate.training: {pattern} is no file. Name the data that the challenger was trained on.")
    with open_table([golden.path]) as table, open_table(paths) as training:
        there = {column.name for column in training.columns}
        names = list(columns.key) if set(columns.key) <= there else _shared(table, there, columns)
        if not names:
            raise NothingToJudge(f"gate.training: {pattern} and the golden set have no column in common.")
        ids = _texts(table, list(columns.key))
        same = _texts(table, names)
        found = set(_seen(training, names, same))
    repeated = sorted(one for one, row in zip(ids, same, strict=True) if row in found)
    if repeated:
        shown = ", ".join(repeated[:_SHOWN])
        raise NothingToJudge(
            f"{len(repeated)} of {len(ids)} golden rows stand in the training data {pattern}, too: {shown} …. "
            "A model knows those by heart. Take them out of the one or the other."
        )


def _shared(table: Table, there: set[str], columns: Columns) -> list[str]:
    """Return the columns that both have, without what describes golden rows alone."""
    own = {*columns.key, columns.weight, columns.cluster}
    return [column.name for column in table.columns if column.name in there and column.name not in own]


def _row(names: Sequence[str]) -> str:
    parts = [f"coalesce({identifier(name)}::VARCHAR, '')" for name in names]
    return f"concat_ws(chr(31), {', '.join(parts)})"


def _texts(table: Table, names: Sequence[str]) -> list[str]:
    """Return each row's values of some columns as one text, in the file's order."""
    (found,) = table.aggregate([Sql(f"list({_row(names)})")])
    return list(found)


def _seen(table: Table, names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Return which of the wanted texts rows of the table have."""
    relation = Sql(
        f"(SELECT DISTINCT row FROM (SELECT {_row(names)} AS row FROM data)"  # noqa: S608 - quoted
        " SEMI JOIN (SELECT unnest(?::VARCHAR[]) AS row) USING (row))",
        (list(wanted),),
    )
    (found,) = table.aggregate([Sql("list(row)")], relation)
    return list(found or [])
