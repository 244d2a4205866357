"""Prediction files: matched by id, whatever their order, and refused when rows are not the golden ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from gate_builders import binary, golden
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.models.files import read
from mlops_ci.models.golden import Columns

GOLDEN = golden(binary([True, False, True]))
COLUMNS = Columns("id", "label")


def file(folder: Path, suffix: str = ".parquet", **columns: Any) -> Path:  # noqa: ANN401 - columns of anything
    path = folder / f"predictions{suffix}"
    table = pa.table(columns)
    if suffix == ".csv":
        csv.write_csv(table, path)
    elif suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in table.to_pylist()))
    else:
        parquet.write_table(table, path)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_rows_are_matched_by_id(tmp_path: Path, suffix: str) -> None:
    path = file(tmp_path, suffix, id=["r0002", "r0000", "r0001"], score=[0.2, 0.0, 0.1], other=[1, 2, 3])
    found = read(path, COLUMNS, GOLDEN)
    assert {name: values.tolist() for name, values in found.items()} == {"score": [0.0, 0.1, 0.2]}


def test_labels_values_and_costs(tmp_path: Path) -> None:
    path = file(tmp_path, id=["r0000", "r0001", "r0002"], prediction=["a", "b", None], cost=[0.1, None, 0.3])
    found = read(path, COLUMNS, GOLDEN)
    assert found["prediction"].tolist() == ["a", "b", None]
    assert np.isnan(found["cost"][1])


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["r0000", "r0001"], "1 golden rows have no prediction, r0002 is the first"),
        (["r0000", "r0001", "r0002", "r0009"], "1 predictions are for no golden row, r0009 is the first"),
        (["r0000", "r0001", "x"], "1 golden rows have no prediction.*1 predictions are for no golden row"),
        (["r0000", "r0000", "r0001"], "the id r0000 stands in more than one row"),
        ([], "has no rows"),
    ],
)
def test_other_rows_are_refused(tmp_path: Path, ids: list[str], said: str) -> None:
    path = file(tmp_path, id=pa.array(ids, pa.string()), score=[0.5] * len(ids))
    with pytest.raises(NothingToJudge, match=said):
        read(path, COLUMNS, GOLDEN)


def test_a_file_without_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="does not exist"):
        read(tmp_path / "none.parquet", COLUMNS, GOLDEN)
    with pytest.raises(UsageProblem, match="no column 'id'"):
        read(file(tmp_path, key=[1], score=[0.5]), COLUMNS, GOLDEN)
    with pytest.raises(UsageProblem, match="no column prediction, score"):
        read(file(tmp_path, id=["r0000", "r0001", "r0002"], cost=[1.0, 1.0, 1.0]), COLUMNS, GOLDEN)
