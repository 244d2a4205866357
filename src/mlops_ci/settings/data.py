"""Section `data`: which data is judged, and against what."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from mlops_ci.settings.drift import DriftSettings
from mlops_ci.settings.fields import Duration, Names, Section


class DataSettings(Section):
    """What `validate-data` judges."""

    path: str | None = Field(
        default=None,
        description="Data to judge: Parquet, CSV, JSON Lines or Arrow files by a path, glob or folder; a SQLite or"
        " DuckDB file; or a URL, s3:// or postgresql://.",
        json_schema_extra={"flag": "data", "path": True},
    )
    table: str | None = Field(default=None, description="Table of a database; needed where there are several.")
    query: str | None = Field(default=None, description="SQL query whose rows are judged; files are the table `data`.")
    rev: str | None = Field(default=None, description="Git revision: the data as DVC or git had it then.")
    requests: str | None = Field(
        default=None,
        description="Log of requests, `mlops-ci.request/v1`, to judge instead of the data.",
        json_schema_extra={"path": True},
    )
    contract: Path = Field(description="Contract: a Great Expectations suite in JSON.")
    request: Path | None = Field(
        default=None, description="JSON Schema of a request that must be what the contract derives."
    )
    training_only: Names = Field(default=(), description="Columns that requests lack, such as the id and the label.")
    base: str | None = Field(default=None, description="Git revision to compare the contract with.")
    profile: Path | None = Field(default=None, description="Profile of trusted data, to look for drift from.")
    drift: DriftSettings = Field(default=DriftSettings(), description="When a difference from the profile is drift.")
    strict: bool = Field(default=False, description="Expectations of severity warning fail, too.")
    sensitive: Names = Field(default=(), description="Columns whose values are never printed or stored.")
    quarantine: Path | None = Field(
        default=None, description="File for all rows that break the contract: .parquet, .csv or .jsonl."
    )
    engine: Literal["pandas", "spark", "sql"] = Field(
        default="pandas",
        description="Where Great Expectations judges what one scan cannot: pandas, spark, or sql: the data's database.",
    )
    time_limit: Duration = Field(default=600.0, gt=0, description="Time Great Expectations has for what it judges.")
