"""Logged requests as data: the inputs that callers sent, judged by the contract that the training data keep."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mlops_ci.contracts.sources import Opened, Source, open_source
from mlops_ci.contracts.suite import Suite
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.report import Finding, Location

DIFFERENT, MASKED = "MCI-DATA-008", "MCI-DATA-009"
SCHEMA = "mlops-ci.request/v1"
_OTHER = f"error('a line has another schema than {SCHEMA}')"
_INPUTS = (
    f"SELECT unnest(inputs) FROM (SELECT CASE WHEN schema IS DISTINCT FROM '{SCHEMA}' THEN {_OTHER} ELSE inputs END"  # noqa: S608 - our names
    " AS inputs FROM data) WHERE inputs IS NOT NULL"
)


@contextmanager
def open_requests(path: str, root: Path, *, writes: Sequence[Path] = ()) -> Iterator[Opened]:
    """Open logs of requests, JSON Lines, as a table of their inputs; refused requests have none and are left out.

    Raises:
        NothingToJudge: there is no such log, or no line of it has inputs.
    """
    try:
        opening = open_source(Source(path, query=_INPUTS), root, writes=writes)
        opened = opening.__enter__()
    except UsageProblem as problem:
        said = f"{path} is no log of requests: each line must have `schema: {SCHEMA}`, and one of them inputs"
        raise NothingToJudge(f"{said}. Name what the service wrote to REQUEST_LOG.") from problem
    try:
        yield opened
    finally:
        opening.__exit__(None, None, None)


def served(suite: Suite, columns: Collection[str], masked: Collection[str] = ()) -> Suite:
    """Return what of a contract speaks of single requests: expectations about their columns that are not masked.

    Raises:
        NothingToJudge: nothing does.
    """
    known = set(columns) - set(masked)
    found = tuple(
        one
        for one in suite.expectations
        if one.columns and not one.type.startswith("expect_table_") and set(one.columns) <= known
    )
    if not found:
        raise NothingToJudge(f"{suite.path} expects nothing of what requests hold: {', '.join(sorted(columns))}.")
    return replace(suite, expectations=found)


def masked(suite: Suite, columns: Collection[str], sensitive: Collection[str]) -> tuple[Finding, ...]:
    """Return a finding about columns whose values the log does not hold, so that nobody takes silence for a pass."""
    names = sorted({name for one in suite.expectations for name in one.columns} & set(columns) & set(sensitive))
    if not names:
        return ()
    title = f"not judged, for their values are masked in the log: {', '.join(names)}"
    remedy = "The service enforces what the contract says of them before it writes the log: see `data.request`."
    return (Finding(MASKED, "info", "informs", title, remedy, Location(suite.path)),)


def differences(suite: Suite, columns: Collection[str], training_only: Collection[str]) -> tuple[Finding, ...]:
    """Return a finding when requests hold other columns than the contract without those that only training has."""
    wanted = set(suite.columns) - set(training_only)
    parts = [("lack", sorted(wanted - set(columns))), ("also have", sorted(set(columns) - wanted))]
    said = "; ".join(f"{word} {', '.join(names)}" for word, names in parts if names)
    if not said:
        return ()
    remedy = "Let the service enforce `mlops-ci contract request`, or name columns of training in `data.training_only`."
    return (Finding(DIFFERENT, "high", "blocks", f"requests {said}", remedy, Location(suite.path)),)
