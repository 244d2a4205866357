"""Run a query so that a signal ends it: in a thread, for DuckDB does not look for signals while it works."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run(connection: Any, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - untyped library
    """Return the rows of a query's answer; whatever a signal's handler raises ends the query at once."""
    with ThreadPoolExecutor(1, "duckdb") as pool:
        answer = pool.submit(lambda: connection.execute(query, list(values)).fetchall())
        try:
            found: list[tuple[Any, ...]] = answer.result()
        except BaseException:
            connection.interrupt()
            raise
        return found
