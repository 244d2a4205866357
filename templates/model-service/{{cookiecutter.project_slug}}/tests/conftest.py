"""What to test with: the golden set, rows with gaps, a request's rules, and the model itself."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from numpy.typing import NDArray

from {{cookiecutter.package}} import request as requests
from {{cookiecutter.package}}.data import INPUTS, cases
from {{cookiecutter.package}}.task import LABEL, METHOD
from {{cookiecutter.package}}.train import build, known

ROOT = Path(__file__).parent.parent

Foretell = Callable[[pd.DataFrame], NDArray[np.float64]]


def lacks(wanted: requests.Request, name: str) -> bool:
    """Return whether a request may say null here."""
    return "null" in wanted.schema["properties"][name]["type"]


@pytest.fixture(scope="session")
def golden() -> pd.DataFrame:
    return pd.read_parquet(ROOT / "data/golden.parquet")


@pytest.fixture
def rows(golden: pd.DataFrame, wanted: requests.Request) -> pd.DataFrame:
    """Return 400 rows; some lack what a request may lack."""
    table = golden.head(400).copy()
    table.loc[::10, [name for name in INPUTS if lacks(wanted, name)]] = None
    return table


@pytest.fixture
def example(golden: pd.DataFrame) -> dict[str, Any]:
    """Return a request."""
    told: dict[str, Any] = json.loads(golden[INPUTS].head(1).to_json(orient="records", lines=True))
    return told


@pytest.fixture(scope="session")
def wanted() -> requests.Request:
    return requests.read(ROOT / "contracts/request.json")


@pytest.fixture(scope="session")
def foretell(golden: pd.DataFrame) -> Foretell:
    """Return what asks the model of params.yaml, trained as `dvc repro` trains it."""
    which: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())["train"]
    pipeline = build(which.pop("model"), which.pop("features"))
    table = known(cases(), golden, which)
    pipeline.fit(table, table[LABEL])
    ask: Foretell = getattr(pipeline, METHOD)
    return ask
