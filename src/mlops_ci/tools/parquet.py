"""Texts and bytes of a Parquet file, batch by batch: a file of any size is never held whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ROWS = 10_000  # in a batch


def cells(path: Path) -> Iterator[tuple[int, str, str | bytes]]:
    """Yield row (from 1), column and value of every text and every bytes; other columns hold neither.

    Raises:
        ValueError, OSError: it is no Parquet file, or a part of it cannot be read.
    """
    from pyarrow import parquet, types

    with parquet.ParquetFile(path) as file:
        wanted = [field.name for field in file.schema_arrow if _is_text(field.type, types)]
        first = 1
        for batch in file.iter_batches(_ROWS, columns=wanted) if wanted else ():
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                values = enumerate(column.to_pylist(), start=first)
                yield from ((row, name, value) for row, value in values if value is not None)
            first += batch.num_rows


def _is_text(kind: Any, types: Any) -> bool:  # noqa: ANN401 - untyped library
    inner = kind.value_type if types.is_dictionary(kind) else kind
    known = ("is_string", "is_large_string", "is_binary", "is_large_binary", "is_fixed_size_binary")
    return any(getattr(types, one)(inner) for one in known)
