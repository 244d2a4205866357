"""DuckDB reads files as one table and answers questions about it; the only package that imports it."""

from mlops_ci.tools.duckdb.readers import PARTITION, Files, format_of
from mlops_ci.tools.duckdb.sources import chosen_table, open_database, open_table
from mlops_ci.tools.duckdb.table import AT, FILE, Column, Kind, Sample, Sql, Table, identifier, literal

__all__ = ["AT", "FILE", "PARTITION", "Column", "Files", "Kind", "Sample", "Sql", "Table", "chosen_table", "format_of",
           "identifier", "literal", "open_database", "open_table"]  # fmt: skip
