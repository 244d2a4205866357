"""Great Expectations judges what a single scan cannot; silent, offline, in memory; the only module that imports it."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

SHOWN = 20  # unexpected values kept for each expectation


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


def judge(table: Any, expectations: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Outcome]:  # noqa: ANN401 - untyped library
    """Return the outcome of each (type, kwargs) over a pyarrow.Table, as pandas holds it, in the given order.

    Raises:
        ModuleNotFoundError: Great Expectations is not installed.
    """
    with _quiet():
        batch = _batch(table.to_pandas())
        return [_judge(batch, type_, kwargs) for type_, kwargs in expectations]


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


def _batch(frame: Any) -> Any:  # noqa: ANN401 - untyped library
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
    context = great_expectations.get_context(mode="ephemeral", project_config=config)
    asset = context.data_sources.add_pandas("data").add_dataframe_asset("data")
    return asset.add_batch_definition_whole_dataframe("data").get_batch({"dataframe": frame})


def _judge(batch: Any, type_: str, kwargs: Mapping[str, Any]) -> Outcome:  # noqa: ANN401 - untyped library
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    try:
        expectation = ExpectationConfiguration(type=type_, kwargs=dict(kwargs)).to_domain_obj()
    except Exception as problem:  # noqa: BLE001 - pydantic of either generation, TypeError, its own: all the same to us
        return Outcome(success=False, error=_one_line(problem), malformed=True)
    wanted = {"result_format": "SUMMARY", "partial_unexpected_count": SHOWN}
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
    """Return a value without the types of numpy and pandas; NaN becomes None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(one) for one in value]
    if type(value).__module__.split(".")[0] in {"numpy", "pandas"}:
        value = value.tolist() if hasattr(value, "tolist") else str(value)
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - only NaN differs from itself
        return None
    return value if isinstance(value, str | int | float | bool | list | None) else str(value)
