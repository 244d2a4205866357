"""Tables in files, and their profiles, for tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from mlops_ci.contracts import drift, profiling
from mlops_ci.contracts.drift import ColumnDrift
from mlops_ci.contracts.profile import Profile
from mlops_ci.contracts.sources import Source, open_source
from mlops_ci.ports import Silence
from mlops_ci.settings.drift import DriftSettings
from mlops_ci.tools.duckdb import Table


def write_table(path: Path, columns: Mapping[str, Any]) -> Path:
    """Write columns as a Parquet file and return its path."""
    parquet.write_table(pa.table(dict(columns)), path)
    return path


@contextmanager
def opened(path: Path) -> Iterator[Table]:
    """Open a file as a table."""
    with open_source(Source(path.name), path.parent) as source:
        yield source.table


def profiled(folder: Path, columns: Mapping[str, Any], *sensitive: str, name: str = "reference") -> Profile:
    """Return the profile of columns, by way of a real file."""
    with opened(write_table(folder / f"{name}.parquet", columns)) as table:
        return profiling.profile(table, frozenset(sensitive), Silence())


def drifts(folder: Path, profile: Profile, columns: Mapping[str, Any], **options: Any) -> dict[str, ColumnDrift]:  # noqa: ANN401 - settings
    """Return what became of each column, by name, by way of a real scan."""
    limits = DriftSettings(**options)
    with opened(write_table(folder / "current.parquet", columns)) as table:
        values = table.aggregate(drift.expressions(profile, table.columns, limits))
        found = drift.named(drift.compare(profile, table.columns, values, limits), table)
    return {one.profile.name: one for one in found}
