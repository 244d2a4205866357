"""A model must be repeatable, judged on later rows, and usable from its folder alone."""

from pathlib import Path

import mlflow.pyfunc
import pandas as pd
import pytest

from {{cookiecutter.package}} import train
from {{cookiecutter.package}}.data import INPUTS
from {{cookiecutter.package}}.features import FEATURES
from {{cookiecutter.package}}.task import LABEL, LEARNERS, METHOD
from {{cookiecutter.package}}.train import build, known, save, validate


@pytest.mark.parametrize("model", LEARNERS)
def test_the_same_rows_give_the_same_model_file(
    rows: pd.DataFrame, tmp_path: Path, model: str
) -> None:
    files = []
    for name in ("once", "again"):
        pipeline = build(model, FEATURES[-1]).fit(rows, rows[LABEL])
        save(pipeline, rows, tmp_path / name)
        files.append((tmp_path / name / "model.skops").read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("model", LEARNERS)
def test_a_saved_model_predicts_as_it_did_before(
    rows: pd.DataFrame, tmp_path: Path, model: str
) -> None:
    pipeline = build(model, FEATURES[-1]).fit(rows, rows[LABEL])
    save(pipeline, rows, tmp_path / "model")
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    assert (loaded.predict(rows[INPUTS]) == getattr(pipeline, METHOD)(rows)).all()


def test_what_is_held_out_is_foretold_by_the_rest(
    golden: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "held_out", lambda table: table.index % 2 == 0)
    metrics = validate(build(LEARNERS[0], FEATURES[0]), golden)
    assert metrics["rows"] == (golden.index % 2 == 0).sum()
    assert all(value > 0 for value in metrics.values())


def test_no_row_of_the_golden_set_trains(
    golden: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "chosen", lambda table: table)
    assert list(known(golden, golden.tail(-3), {})["id"]) == list(golden["id"].head(3))


@pytest.mark.parametrize(("model", "features"), [("forest", FEATURES[0]), (LEARNERS[0], "tides")])
def test_an_unknown_choice_is_refused(model: str, features: str) -> None:
    with pytest.raises(ValueError, match="choose"):
        build(model, features)
