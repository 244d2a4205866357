"""What to test with: the golden set, rows with gaps, a request's rules, and the model itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from numpy.typing import NDArray

from {{cookiecutter.package}} import request as requests
from {{cookiecutter.package}}.data import flights
from {{cookiecutter.package}}.task import LABEL, METHOD
from {{cookiecutter.package}}.train import build

ROOT = Path(__file__).parent.parent

Foretell = Callable[[pd.DataFrame], NDArray[np.float64]]


@pytest.fixture(scope="session")
def golden() -> pd.DataFrame:
    return pd.read_parquet(ROOT / "data/golden.parquet")


@pytest.fixture
def rows(golden: pd.DataFrame) -> pd.DataFrame:
    """Return 400 rows of two months; some lack the pressure, as real ones do."""
    table = golden.head(400).copy()
    table["month"] = [1, 2] * 200
    table.loc[::10, "pressure"] = None
    return table


@pytest.fixture(scope="session")
def wanted() -> requests.Request:
    return requests.read(ROOT / "contracts/request.json")


@pytest.fixture(scope="session")
def foretell(golden: pd.DataFrame) -> Foretell:
    """Return what asks the model of params.yaml, trained as `dvc repro` trains it."""
    params: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())["train"]
    table = flights()
    known = table[table["month"].isin(params["months"]) & ~table["id"].isin(golden["id"])]
    pipeline = build(params["model"], params["features"]).fit(known, known[LABEL])
    ask: Foretell = getattr(pipeline, METHOD)
    return ask
