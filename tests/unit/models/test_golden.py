from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.models.golden import Columns, GoldenSet
from mlops_ci.models.golden import load as load_


def load(path: Path, id_: str, label: str, **more: Any) -> GoldenSet:  # noqa: ANN401 - columns by their meaning
    return load_(path, Columns(id_, label, **more))


def golden(folder: Path, **columns: object) -> Path:
    path = folder / "golden.parquet"
    parquet.write_table(pa.table(columns), path)
    return path


def test_rows_are_sorted_by_id_and_order_sorts_predictions_alike(tmp_path: Path) -> None:
    path = golden(tmp_path, id=["c", "a", "b", "d"], late=[1, 0, 0, 1], x=[30, 10, 20, 40])
    found = load(path, "id", "late")
    assert found.ids.tolist() == ["a", "b", "c", "d"]
    assert found.truth.labels.tolist() == [False, False, True, True]
    assert np.array([30, 10, 20, 40])[found.order].tolist() == [10, 20, 30, 40]
    assert found.digest.startswith("sha256:")


@pytest.mark.parametrize("labels", [[1, 0, 1], [1.0, 0.0, 1.0], [True, False, True]])
def test_labels_may_be_integers_floats_or_booleans(tmp_path: Path, labels: list[object]) -> None:
    assert load(golden(tmp_path, id=[1, 2, 3], late=labels), "id", "late").truth.labels.tolist() == [True, False, True]


def test_a_csv_file_will_do(tmp_path: Path) -> None:
    path = tmp_path / "golden.csv"
    path.write_text("id,late,x\n2,1,0.5\n1,0,0.1\n")
    assert load(path, "id", "late").truth.labels.tolist() == [False, True]


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


@pytest.mark.parametrize(
    ("labels", "task", "classes"),
    [
        ([0, 1, 1], "binary", ("0", "1")),
        (["no", "yes", "no"], "multiclass", ("no", "yes")),
        ([0, 2, 1], "multiclass", ("0", "1", "2")),
        ([0.5, 2.0, 1.0], "regression", ()),
    ],
)
def test_labels_say_what_they_are_for(tmp_path: Path, labels: list[object], task: str, classes: tuple[str]) -> None:
    truth = load(golden(tmp_path, id=[1, 2, 3], late=labels), "id", "late").truth
    assert (truth.task, truth.classes) == (task, classes)


def test_the_positive_class_can_be_named(tmp_path: Path) -> None:
    path = golden(tmp_path, id=[1, 2, 3], late=["no", "yes", "no"])
    truth = load(path, "id", "late", positive="no").truth
    assert (truth.task, truth.classes, truth.labels.tolist()) == ("binary", ("yes", "no"), [True, False, True])
    with pytest.raises(UsageProblem, match=r"'1' \(gate.positive\); found no, yes"):
        load_(path, Columns("id", "late"), "binary")


def test_a_ranking_is_named_by_query_and_item(tmp_path: Path) -> None:
    path = golden(tmp_path, q=["b", "a", "a"], item=[1, 1, 2], grade=[0, 2, 1])
    found = load(path, "id", "grade", query="q")
    assert found.ids.tolist() == ["a / 1", "a / 2", "b / 1"]
    assert found.truth.queries is not None
    assert (found.truth.queries.tolist(), found.truth.labels.tolist()) == ([0, 0, 1], [2.0, 1.0, 0.0])


def test_weights_and_clusters_follow_the_ids(tmp_path: Path) -> None:
    path = golden(tmp_path, id=["b", "a", "c"], late=[1, 0, 1], w=[2.0, 1.0, 3.0], user=["x", "y", "x"])
    units = load(path, "id", "late", weight="w", cluster="user").truth.units
    assert units.weights is not None
    assert units.clusters is not None
    assert (units.weights.tolist(), units.clusters.tolist()) == ([1.0, 2.0, 3.0], [1, 0, 0])


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), None])
def test_a_weight_that_weighs_nothing_is_refused(tmp_path: Path, weight: float | None) -> None:
    path = golden(tmp_path, id=[1, 2], late=[0, 1], w=pa.array([1.0, weight], pa.float64()))
    with pytest.raises(NothingToJudge, match="weight"):
        load(path, "id", "late", weight="w")


def test_the_seed_depends_on_ids_and_labels_alone(tmp_path: Path) -> None:
    path = golden(tmp_path, id=["a", "b", "c"], late=[0, 1, 0], x=[1, 2, 3])
    seed = load(path, "id", "late").truth.seed
    path = golden(tmp_path, x=[9, 9, 9], late=[0, 0, 1], id=["c", "a", "b"])
    assert load(path, "id", "late").truth.seed == seed
    path = golden(tmp_path, id=["a", "b", "c"], late=[0, 1, 1])
    assert load(path, "id", "late").truth.seed != seed


def test_a_missing_column_lists_the_ones_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"no column 'label'\. Its columns: id, late"):
        load(golden(tmp_path, id=[1, 2], late=[0, 1]), "id", "label")


def test_a_missing_or_broken_file_is_nothing_to_judge(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="cannot be read"):
        load(tmp_path / "none.parquet", "id", "late")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 this is no parquet")
    with pytest.raises(NothingToJudge, match="cannot be read"):
        load(tmp_path / "broken.parquet", "id", "late")
