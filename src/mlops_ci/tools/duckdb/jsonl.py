"""What DuckDB does not say about a JSON Lines file: that it is empty, or that a line is no object."""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mlops_ci.errors import NothingToJudge


@contextmanager
def readable_objects(paths: Sequence[Path]) -> Iterator[None]:
    """Turn what DuckDB says of lines that are no objects with named values into NothingToJudge."""
    import duckdb

    try:
        yield
    except duckdb.BinderException as problem:
        said = f"{paths[0].name} cannot be read: a line is no JSON object with named values"
        raise NothingToJudge(f"{said}. Write one for each row.") from problem


def refuse_other_values(path: Path) -> None:
    """Refuse a file whose first value is no object.

    Raises:
        NothingToJudge: it is something else, or there is none.
    """
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opener(path, "rb") as stream:
            first = next((line.strip() for line in stream if line.strip()), b"")
    except (OSError, EOFError) as problem:
        raise NothingToJudge(f"{path.name} cannot be read: {problem}. Make the file again.") from problem
    if not first:
        raise NothingToJudge(f"{path.name} is empty: it has not one row. Make the file again.")
    if not first.removeprefix(b"\xef\xbb\xbf").startswith(b"{"):
        raise NothingToJudge(f"{path.name} cannot be read: its first line is no JSON object. Write one for each row.")
