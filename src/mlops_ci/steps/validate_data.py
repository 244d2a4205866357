"""Step `validate-data`: judge a data set against its contract and its profile, one verdict from every expectation."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_ci.contracts import contract_words, drift, drift_words, files, profile, quarantine, requests, suite
from mlops_ci.contracts.broken_rows import broken_rows
from mlops_ci.contracts.changes import Change, compare, major
from mlops_ci.contracts.judge import Judgement, judge
from mlops_ci.contracts.judged import GREAT_EXPECTATIONS, Judged
from mlops_ci.contracts.masked import sensitive_columns
from mlops_ci.contracts.request import request_schema, to_text
from mlops_ci.contracts.sources import Opened, Source, open_source
from mlops_ci.errors import ProgramFailed, UsageProblem
from mlops_ci.evidence import digest_file
from mlops_ci.report import Finding, Measurement, StepReport
from mlops_ci.settings.data import DataSettings as Options
from mlops_ci.step import Context
from mlops_ci.tools import great_expectations
from mlops_ci.tools.git import Git

NAME = "validate-data"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was gathered: paths as shown to people, every expectation with its counts, and each column's drift."""

    contract: str
    judged: tuple[Judged, ...]
    profile: str = ""
    drifts: tuple[drift.ColumnDrift, ...] = ()
    changes: tuple[Change, ...] | None = None  # since the base; None where it is the same, or there is none
    version_raised: bool = False
    about_requests: tuple[Finding, ...] = ()


def evaluate(facts: Facts, options: Options) -> tuple[tuple[Finding, ...], tuple[Measurement, ...]]:
    """Return what to know, and a measurement for each expectation, in suite order, then for each distance."""
    findings = [contract_words.broken(one, facts.contract, strict=options.strict) for one in facts.judged]
    findings += [*facts.about_requests, *drift_words.findings(facts.drifts, facts.profile)]
    if facts.changes is not None:
        findings.append(contract_words.policy_found(facts.contract, str(options.base)))
        findings += contract_words.changes_found(facts.changes, facts.contract, raised=facts.version_raised)
    measurements = [contract_words.measured(one) for one in facts.judged]
    found = tuple(one for one in findings if one is not None)
    return found, (*measurements, *drift_words.measurements(facts.drifts))


def run(options: Options, context: Context) -> StepReport:
    """Judge the data, or the logged requests, that the options name.

    Raises:
        NothingToJudge: data, contract or profile is missing, unreadable or empty.
        UsageProblem: the contract holds an expectation that nobody can judge.
        ProgramMissing, ProgramFailed: what brings or judges the data does not answer.
    """
    began = context.clock.monotonic()
    contract = context.root / options.contract
    shown = files.label(contract, context.root)
    promised = suite.read(contract, shown=shown)
    sensitive = frozenset(options.sensitive) | sensitive_columns(promised)
    target = context.root / options.quarantine if options.quarantine else None
    writes = [quarantine.partial(target)] if target else []
    failed = ""
    with _opened(options, context, writes) as data:
        context.progress.status(f"judging {data.files:,} file{'s' * (data.files > 1)} by {shown}")
        facts, judgement = _gather(promised, data, options, context, sensitive)
        if target:
            try:
                quarantine.write(data.table, broken_rows(judgement), target, data.root, sensitive)
            except ProgramFailed as failure:
                failed = str(failure)
        tools = {"duckdb": data.table.version}
    if any(one.engine == GREAT_EXPECTATIONS for one in facts.judged):
        tools["great_expectations"] = great_expectations.version()
    findings, measurements = evaluate(_with_contract(facts, promised, options, context), options)
    inputs = {"data": data.digest, "contract": digest_file(contract)}
    inputs |= {"profile": digest_file(context.root / options.profile)} if options.profile else {}
    written = (files.label(target, context.root),) if target and not failed else ()
    return StepReport(
        NAME,
        error=failed or None,
        error_code=ProgramFailed.exit_code if failed else 0,
        findings=findings,
        measurements=measurements,
        inputs=inputs,
        artifacts=(shown, *written),
        timings={"judge": round(context.clock.monotonic() - began, 3)},
        tools=tools,
    )


def _opened(options: Options, context: Context, writes: list[Path]) -> AbstractContextManager[Opened]:
    if options.requests is not None:
        return requests.open_requests(options.requests, context.root, writes=writes)
    if options.path is None:
        raise UsageProblem("It is not said which data to judge. Say it with --data, or as `data.path` in mlops.yaml.")
    source = Source(options.path, options.table, options.query, options.rev)
    return open_source(source, context.root, writes=writes)


def _gather(
    promised: suite.Suite, data: Opened, options: Options, context: Context, sensitive: frozenset[str]
) -> tuple[Facts, Judgement]:
    """Judge contract and drift in the same scan."""
    columns = [column.name for column in data.table.columns]
    about: tuple[Finding, ...] = ()
    if options.requests is not None:
        about = requests.differences(promised, columns, options.training_only)
        promised = requests.served(promised, columns, sensitive)
    reference = _reference(options, context, sensitive)
    asked = drift.expressions(reference, data.table.columns, options.drift) if reference else ()
    judgement = judge(
        promised,
        data.table,
        data.root,
        also=asked,
        sensitive=sensitive,
        engine=_engine(options),
        time_limit=options.time_limit,
        every_row=options.quarantine is not None,
    )
    drifts: tuple[drift.ColumnDrift, ...] = ()
    if reference:
        drifts = drift.compare(reference, data.table.columns, judgement.also, options.drift)
        drifts = drift.named(drifts, data.table)
    shown = files.label(context.root / options.profile, context.root) if options.profile else ""
    return Facts(promised.path, judgement.expectations, shown, drifts, about_requests=about), judgement


def _reference(options: Options, context: Context, sensitive: frozenset[str]) -> profile.Profile | None:
    """Return the profile without the values of sensitive columns, and without what requests lack."""
    if options.profile is None:
        return None
    path = context.root / options.profile
    found = profile.read(path, files.label(path, context.root))
    # A log of requests has neither what only training has nor the values that were masked.
    absent = sensitive.union(options.training_only) if options.requests is not None else frozenset()
    columns = [
        replace(one, sensitive=one.sensitive or one.name in sensitive)
        for one in found.columns
        if one.name not in absent
    ]
    return replace(found, columns=tuple(columns))


def _engine(options: Options) -> great_expectations.Engine:
    if options.engine == "pandas":
        return great_expectations.PANDAS
    if options.engine == "spark":
        return great_expectations.Engine("spark")
    return great_expectations.Engine("sql", options.engine, options.table, options.query)


def _with_contract(facts: Facts, promised: suite.Suite, options: Options, context: Context) -> Facts:
    """Add what is to be said of the contract itself: its changes since the base, and the request schema."""
    if options.request is not None:
        path = context.root / options.request
        wanted = to_text(request_schema(promised, options.training_only))
        if not path.is_file() or path.read_text(encoding="utf-8") != wanted:
            stale = contract_words.stale_request(files.label(path, context.root), promised.path)
            facts = replace(facts, about_requests=(*facts.about_requests, stale))
    if options.base is None:
        return facts
    git = Git(context.root)
    before = git.read(git.commit_of(options.base), f"./{promised.path}")
    if before is None or before == (context.root / promised.path).read_text(encoding="utf-8"):
        return facts
    old = suite.parse(before, f"{promised.path} at {options.base}")
    raised = major(promised) > major(old)
    return replace(facts, changes=compare(old, promised, options.training_only), version_raised=raised)
