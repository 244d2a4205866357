"""Section `data`: which data is judged, and against what."""

from pathlib import Path

from pydantic import Field

from mlops_ci.settings.fields import Section


class DataSettings(Section):
    """What `validate-data` judges."""

    path: str = Field(
        description="Data to judge: a Parquet or CSV file, or a glob of them.",
        json_schema_extra={"flag": "data", "path": True},
    )
    contract: Path = Field(description="Contract: a Great Expectations suite in JSON.")
    strict: bool = Field(default=False, description="Expectations of severity warning fail, too.")
