"""DuckDB reads files as one table and answers questions about it; the only package that imports it."""

from mlops_ci.tools.duckdb.sources import open_table
from mlops_ci.tools.duckdb.table import Column, Kind, Sample, Sql, Table, identifier, literal

__all__ = ["Column", "Kind", "Sample", "Sql", "Table", "identifier", "literal", "open_table"]
