"""What to test with: the golden set, rows without a weather report, and what a request must be."""

from pathlib import Path

import pandas as pd
import pytest

from {{cookiecutter.package}} import request as requests

ROOT = Path(__file__).parent.parent


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
