"""A model must be repeatable, judged on later rows, and usable from its folder alone."""

from pathlib import Path

import mlflow.pyfunc
import pandas as pd
import pytest

from {{cookiecutter.package}}.task import LABEL, LEARNERS, METHOD
from {{cookiecutter.package}}.train import INPUTS, build, save, validate


@pytest.mark.parametrize("model", LEARNERS)
def test_the_same_rows_give_the_same_model_file(
    rows: pd.DataFrame, tmp_path: Path, model: str
) -> None:
    files = []
    for name in ("once", "again"):
        pipeline = build(model, "weather").fit(rows, rows[LABEL])
        save(pipeline, rows, tmp_path / name)
        files.append((tmp_path / name / "model.skops").read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("model", LEARNERS)
def test_a_saved_model_predicts_as_it_did_before(
    rows: pd.DataFrame, tmp_path: Path, model: str
) -> None:
    pipeline = build(model, "weather").fit(rows, rows[LABEL])
    save(pipeline, rows, tmp_path / "model")
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    assert (loaded.predict(rows[INPUTS]) == getattr(pipeline, METHOD)(rows)).all()


def test_the_last_month_is_foretold_by_those_before_it(rows: pd.DataFrame) -> None:
    metrics = validate(build(LEARNERS[0], "schedule"), rows)
    assert metrics["month"] == 2
    assert metrics["rows"] == 200
    assert all(value > 0 for value in metrics.values())


def test_one_month_is_too_little(rows: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="two months or more"):
        validate(build(LEARNERS[0], "schedule"), rows[rows["month"] == 1])


@pytest.mark.parametrize(("model", "features"), [("forest", "weather"), (LEARNERS[0], "tides")])
def test_an_unknown_choice_is_refused(model: str, features: str) -> None:
    with pytest.raises(ValueError, match="choose"):
        build(model, features)
