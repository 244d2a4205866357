"""Great Expectations judges what a scan cannot, in a process of its own; the only module that imports it.

Run as a program with a folder, it answers the request that stands there.
"""

import json
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from mlops_ci.errors import ProgramFailed, ProgramMissing
from mlops_ci.process import failure, run

SHOWN = 20  # unexpected values kept for each expectation
_DATA, _REQUEST, _ANSWER, _AT = "data.arrow", "request.json", "answer.json", "at"


@dataclass(frozen=True, slots=True)
class Engine:
    """Where Great Expectations looks at the data: in memory, on Spark, or in a database by its SQLAlchemy URL."""

    kind: Literal["pandas", "spark", "sql"] = "pandas"
    url: str = ""
    table: str | None = None
    query: str | None = None


PANDAS = Engine()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Great Expectations said about one expectation; `error` when it could not be evaluated."""

    success: bool
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    malformed: bool = False  # its arguments make no sense, whatever the data


def version() -> str:
    """Return the version of Great Expectations."""
    from importlib.metadata import version as installed

    return installed("great-expectations")


def judge(
    write: Callable[[Path], None],
    expectations: Sequence[tuple[str, Mapping[str, Any]]],
    names: Sequence[str],
    *,
    engine: Engine = PANDAS,
    timeout: float = 600.0,
    every_row: bool = False,
) -> list[Outcome]:
    """Return the outcome of each (type, kwargs), in the given order, evaluated in a process of its own.

    `write` puts the data as an Arrow file where it is told; a database is asked itself instead. `names` say what
    each expectation is called when it takes too long.

    Raises:
        ProgramMissing: the engine's library is not installed.
        ProgramFailed: it took longer than `timeout` seconds, or ended without an answer.
    """
    if engine.kind == "spark" and find_spec("pyspark") is None:
        raise ProgramMissing("The engine spark needs pyspark and Java. Install them: pip install pyspark.")
    with tempfile.TemporaryDirectory(prefix="mlops-ci-expectations-") as name:
        folder = Path(name)
        if engine.kind != "sql":
            write(folder / _DATA)
        request = {"engine": asdict(engine), "expectations": list(expectations), "every_row": every_row}
        (folder / _REQUEST).write_text(json.dumps(request, default=str), encoding="utf-8")
        _run(folder, names, timeout)
        answer = json.loads((folder / _ANSWER).read_text(encoding="utf-8"))
        return [Outcome(**one) for one in answer]


def _run(folder: Path, names: Sequence[str], timeout: float) -> None:
    worker: list[str | Path] = [sys.executable, "-P", "-m", __name__, folder]
    try:
        done = run(worker, timeout=timeout, check=False, grace=1.0)
    except ProgramFailed as late:
        at = folder / _AT
        said = names[int(at.read_text())] if at.is_file() else "Great Expectations"
        raise ProgramFailed(
            f"{said} did not finish within {timeout:g} s. Simplify it, or allow more time with `data.time_limit`."
        ) from late
    if done.code or not (folder / _ANSWER).is_file():
        raise ProgramFailed(f"Great Expectations gave no answer. {failure(done)}")


def evaluate(
    table: Any,  # noqa: ANN401 - untyped library
    expectations: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    every_row: bool = False,
) -> list[Outcome]:
    """Return the outcome of each (type, kwargs) over a pyarrow.Table, as pandas holds it, in this process.

    Raises:
        ModuleNotFoundError: Great Expectations is not installed.
    """
    with _quiet():
        batch = _frame(table.to_pandas())
        return [_judge(batch, type_, kwargs, every_row=every_row) for type_, kwargs in expectations]


def answer(folder: Path) -> None:
    """Evaluate the request in a folder, and leave the answer beside it."""
    request = json.loads((folder / _REQUEST).read_text(encoding="utf-8"))
    engine = Engine(**request["engine"])
    outcomes = []
    with _quiet():
        batch = {"pandas": _pandas, "spark": _spark, "sql": _sql}[engine.kind](folder, engine)
        for at, (type_, kwargs) in enumerate(request["expectations"]):
            (folder / _AT).write_text(str(at))
            outcomes.append(asdict(_judge(batch, type_, kwargs, every_row=request["every_row"])))
    (folder / _ANSWER).write_text(json.dumps(outcomes), encoding="utf-8")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep its warnings and log lines from a person who can do nothing about them."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _pandas(folder: Path, _engine: Engine) -> Any:  # noqa: ANN401 - untyped library
    return _frame(_table(folder).to_pandas())


def _table(folder: Path) -> Any:  # noqa: ANN401 - untyped library
    import pyarrow as pa

    with pa.memory_map(str(folder / _DATA)) as source:
        return pa.ipc.open_file(source).read_all()


def _spark(folder: Path, _engine: Engine) -> Any:  # noqa: ANN401 - untyped library
    from pyarrow import parquet
    from pyspark.sql import SparkSession  # type: ignore[import-not-found] # installed by those who want it

    parquet.write_table(_table(folder), folder / "data.parquet")
    session = SparkSession.builder.appName("mlops-ci").config("spark.ui.enabled", "false").getOrCreate()
    frame = session.read.parquet(str(folder / "data.parquet"))
    asset = _context().data_sources.add_spark("data").add_dataframe_asset("data")
    return asset.add_batch_definition_whole_dataframe("data").get_batch({"dataframe": frame})


def _sql(_folder: Path, engine: Engine) -> Any:  # noqa: ANN401 - untyped library
    source = _context().data_sources
    add = source.add_sqlite if engine.url.startswith("sqlite:") else source.add_sql
    database = add("data", connection_string=engine.url)
    if engine.query is not None:
        asset = database.add_query_asset("data", query=engine.query)
    else:
        schema, _, table = (engine.table or "").rpartition(".")
        asset = database.add_table_asset("data", table_name=table, **({"schema_name": schema} if schema else {}))
    return asset.add_batch_definition_whole_table("data").get_batch()


def _frame(frame: Any) -> Any:  # noqa: ANN401 - untyped library
    asset = _context().data_sources.add_pandas("data").add_dataframe_asset("data")
    return asset.add_batch_definition_whole_dataframe("data").get_batch({"dataframe": frame})


def _context() -> Any:  # noqa: ANN401 - untyped library
    import great_expectations
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        store_backend_defaults=InMemoryStoreBackendDefaults(),
    )
    return great_expectations.get_context(mode="ephemeral", project_config=config)


def _judge(batch: Any, type_: str, kwargs: Mapping[str, Any], *, every_row: bool) -> Outcome:  # noqa: ANN401 - untyped library
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    try:
        expectation = ExpectationConfiguration(type=type_, kwargs=dict(kwargs)).to_domain_obj()
    except Exception as problem:  # noqa: BLE001 - pydantic of either generation, TypeError, its own: all the same to us
        return Outcome(success=False, error=_one_line(problem), malformed=True)
    wanted = {"result_format": "COMPLETE" if every_row else "SUMMARY", "partial_unexpected_count": SHOWN}
    try:
        answer = batch.validate(expectation, result_format=wanted)
    except Exception as problem:  # noqa: BLE001 - the data may break it in any way
        return Outcome(success=False, error=_one_line(problem))
    return Outcome(bool(answer.success), _plain(dict(answer.result)), _error(answer.exception_info))


def _error(info: Mapping[str, Any] | None) -> str | None:
    """Return the message of the first exception; its shape is flat, or one entry for each metric."""
    entries = [info, *(one for one in (info or {}).values() if isinstance(one, Mapping))]
    raised = [one for one in entries if one and one.get("raised_exception")]
    return " ".join(str(raised[0].get("exception_message")).split()) if raised else None


def _one_line(problem: Exception) -> str:
    errors = getattr(problem, "errors", None)
    said = "; ".join(str(one["msg"]) for one in errors()) if callable(errors) else str(problem)
    return " ".join(said.split()) or type(problem).__name__


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a metric observed
    """Return a value without the types of numpy and pandas, fit for JSON; NaN becomes None."""
    if type(value).__module__.split(".")[0] in {"numpy", "pandas"}:
        value = value.tolist() if hasattr(value, "tolist") else str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - only NaN differs from itself
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


if __name__ == "__main__":
    answer(Path(sys.argv[1]))
