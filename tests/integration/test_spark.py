"""What does not compile is judged by Great Expectations on Spark where the settings say so: the same as on pandas."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from builders import validated, write_contract

pytestmark = pytest.mark.integration

UV = Path(__file__).parents[2] / ".setup/bin/uv"
PACKAGES = ("pyspark==3.5.7", "setuptools==80.9.0")  # the newest that Great Expectations takes; Spark wants the other
EXPECTATIONS: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_be_json_parseable", {"column": "text"}),
    ("expect_column_values_to_match_regex", {"column": "text", "regex": "^(?=.)."}),
    ("expect_column_values_to_be_between", {"column": "x", "min_value": 0, "max_value": 2}),
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with Spark's Python package, which nobody else needs."""
    folder = tmp_path_factory.mktemp("spark")
    install = (UV, "pip", "install", "--quiet", "--python", sys.executable, "--target", folder)
    subprocess.run([str(word) for word in (*install, *PACKAGES)], check=True, timeout=280)
    return folder


def measured(root: Path, engine: str, **environment: str) -> list[dict[str, Any]]:
    code, report, said = validated(root, "--data", "data.parquet", "--engine", engine, **environment)
    assert code == 10, said
    found: list[dict[str, Any]] = report["measurements"]
    return found


@pytest.mark.nightly
def test_spark_counts_what_pandas_counts(tmp_path: Path, spark: Path) -> None:
    data = {"text": ["1", "{}", "no json", None, ""], "x": [0, 1, 2, 3, None]}
    parquet.write_table(pa.table(data), tmp_path / "data.parquet")
    write_contract(tmp_path, EXPECTATIONS)
    by_spark = measured(tmp_path, "spark", PYTHONPATH=str(spark))
    by_pandas = measured(tmp_path, "pandas")
    assert [one["method"] for one in by_spark] == ["great_expectations", "great_expectations", "duckdb"]
    keys = ("success", "element_count", "missing_count", "unexpected_count")
    assert [[one["evidence"][key] for key in keys] for one in by_spark] == [
        [one["evidence"][key] for key in keys] for one in by_pandas
    ]
    assert [one["evidence"]["unexpected_count"] for one in by_spark] == [2, 1, 1]
