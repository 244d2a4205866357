"""PostgreSQL: a query's rows as a Parquet file, streamed over its binary protocol by ADBC."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops_ci.errors import NothingToJudge, ProgramFailed, UsageProblem
from mlops_ci.process import redact


def is_url(place: str) -> bool:
    """Say whether a place names a PostgreSQL database."""
    return place.startswith(("postgresql://", "postgres://"))


def export(url: str, query: str, target: Path) -> None:
    """Write a query's rows to a Parquet file; passwords may come from PGPASSWORD or ~/.pgpass.

    Columns of type numeric become double.

    Raises:
        NothingToJudge: there is no such table.
        UsageProblem: the query cannot be answered.
        ProgramFailed: the database cannot be reached, or refuses.
        ModuleNotFoundError: the driver is not installed.
    """
    import pyarrow as pa
    from pyarrow import compute, parquet

    with _connected(url) as cursor:
        cursor.execute(query)
        reader = cursor.fetch_record_batch()
        plain = [pa.float64() if _is_numeric(field) else field.type for field in reader.schema]
        schema = pa.schema([pa.field(field.name, type_) for field, type_ in zip(reader.schema, plain, strict=True)])
        with parquet.ParquetWriter(target, schema) as writer:
            for batch in reader:
                columns = [
                    compute.cast(_storage(column), type_) if column.type != type_ else column
                    for column, type_ in zip(batch.columns, plain, strict=True)
                ]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def table_query(name: str) -> str:
    """Return the query for a whole table, `name` or `schema.name`."""
    return "SELECT * FROM " + ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))  # noqa: S608 - quoted


def _is_numeric(field: Any) -> bool:  # noqa: ANN401 - untyped library
    kind = (
        getattr(field.type, "type_name", None) or (field.metadata or {}).get(b"ADBC:postgresql:typname", b"").decode()
    )
    return bool(kind == "numeric")


def _storage(column: Any) -> Any:  # noqa: ANN401 - untyped library
    return getattr(column, "storage", column)


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    from adbc_driver_manager import Error, ProgrammingError
    from adbc_driver_postgresql import dbapi

    try:
        with dbapi.connect(url) as connection, connection.cursor() as cursor:
            yield cursor
    except Error as problem:
        said = redact(" ".join(str(problem).split()))
        if problem.sqlstate == "42P01":
            raise NothingToJudge(f"The database has no such table: {said}. Correct `data.table`.") from None
        if isinstance(problem, ProgrammingError):
            raise UsageProblem(f"The query cannot be answered: {said}. Correct `data.query`.") from None
        raise ProgramFailed(f"PostgreSQL did not answer: {said}. Nothing was judged.") from None
