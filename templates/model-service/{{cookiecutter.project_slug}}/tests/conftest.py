"""Rows to test with: the golden set, and a few with nothing reported by the weather station."""

from pathlib import Path

import pandas as pd
import pytest

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
