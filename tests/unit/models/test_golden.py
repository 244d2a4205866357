from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.models.golden import load


def golden(folder: Path, **columns: object) -> Path:
    path = folder / "golden.parquet"
    parquet.write_table(pa.table(columns), path)
    return path


def test_rows_are_sorted_by_id_and_order_sorts_predictions_alike(tmp_path: Path) -> None:
    path = golden(tmp_path, id=["c", "a", "b", "d"], late=[1, 0, 0, 1], x=[30, 10, 20, 40])
    found = load(path, "id", "late")
    assert found.ids.tolist() == ["a", "b", "c", "d"]
    assert found.labels.tolist() == [False, False, True, True]
    assert np.array([30, 10, 20, 40])[found.order].tolist() == [10, 20, 30, 40]
    assert found.digest.startswith("sha256:")


@pytest.mark.parametrize("labels", [[1, 0, 1], [1.0, 0.0, 1.0], [True, False, True]])
def test_labels_may_be_integers_floats_or_booleans(tmp_path: Path, labels: list[object]) -> None:
    assert load(golden(tmp_path, id=[1, 2, 3], late=labels), "id", "late").labels.tolist() == [True, False, True]


def test_a_csv_file_will_do(tmp_path: Path) -> None:
    path = tmp_path / "golden.csv"
    path.write_text("id,late,x\n2,1,0.5\n1,0,0.1\n")
    assert load(path, "id", "late").labels.tolist() == [False, True]


@pytest.mark.parametrize(
    ("ids", "labels", "said"),
    [
        ([], [], "has no rows"),
        (["a", "b", "a"], [0, 1, 1], "the id a stands in more than one row"),
        (["a", "b", "c"], [0, None, 1], "1 of 3 labels are missing"),
        (["a", "b", "c"], [0.0, float("nan"), 1.0], "1 of 3 labels are missing"),
        (["a", "b"], [1, 1], "all labels are the same"),
        (["a", "b"], [0, 0], "all labels are the same"),
        (["a", None, "b"], [0, 1, 1], "1 of 3 ids are missing"),
    ],
)
def test_a_golden_set_that_decides_nothing_is_refused(
    tmp_path: Path, ids: list[object], labels: list[object], said: str
) -> None:
    path = golden(tmp_path, id=pa.array(ids, pa.string()), late=pa.array(labels))
    with pytest.raises(NothingToJudge, match=said):
        load(path, "id", "late")


@pytest.mark.parametrize("labels", [[0, 2, 1], ["yes", "no", "yes"], [0.5, 0.0, 1.0]])
def test_labels_other_than_0_and_1_are_refused(tmp_path: Path, labels: list[object]) -> None:
    with pytest.raises(UsageProblem, match="labels must be 0 and 1"):
        load(golden(tmp_path, id=[1, 2, 3], late=labels), "id", "late")


def test_a_missing_column_lists_the_ones_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"no column 'label'\. Its columns: id, late"):
        load(golden(tmp_path, id=[1, 2], late=[0, 1]), "id", "label")


def test_a_missing_or_broken_file_is_nothing_to_judge(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="cannot be read"):
        load(tmp_path / "none.parquet", "id", "late")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 this is no parquet")
    with pytest.raises(NothingToJudge, match="cannot be read"):
        load(tmp_path / "broken.parquet", "id", "late")
