"""Step `validate-data`: judge a data set against its contract and its profile, one verdict from every expectation."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_ci.contracts import base, contract_words, drift, drift_words, files, profile, quarantine, requests, suite
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
from mlops_ci.tools import great_expectations, postgres, sqlite
from mlops_ci.tools.duckdb import chosen_table

NAME = "validate-data"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was gathered: paths as shown to people, every expectation with its counts, and each column's drift."""

    contract: str
    judged: tuple[Judged, ...]
    profile: str = ""
    drifts: tuple[drift.ColumnDrift, ...] = ()
    changes: tuple[Change, ...] | None = None  # since the base; None where it is the same, or not compared
    version_raised: bool = False
    base: str = ""  # how people know the contract that judged before this change
    judged_by_base: tuple[Judged, ...] = ()
    about_requests: tuple[Finding, ...] = ()


def evaluate(facts: Facts, options: Options) -> tuple[tuple[Finding, ...], tuple[Measurement, ...]]:
    """Return what to know, and a measurement for each expectation, in suite order, then for each distance."""
    strict = options.strict
    findings = [contract_words.broken(one, facts.contract, strict=strict) for one in facts.judged]
    findings += [contract_words.broken(one, facts.base, strict=strict, here=False) for one in facts.judged_by_base]
    findings += [*facts.about_requests, *drift_words.findings(facts.drifts, facts.profile)]
    if facts.changes is not None:
        findings.append(contract_words.policy_found(facts.contract, facts.base))
        findings += contract_words.changes_found(facts.changes, facts.contract, raised=facts.version_raised)
    measurements = [contract_words.measured(one) for one in facts.judged]
    found = tuple(one for one in findings if one is not None)
    return found, (*measurements, *drift_words.measurements(facts.drifts))


def run(options: Options, context: Context) -> StepReport:
    """Judge the data, or the logged requests, that the options name.

    Raises:
        NothingToJudge: data, contract or profile is missing, unreadable or empty.
        UsageProblem: the contract holds an expectation that nobody can judge, or the settings contradict each other.
        ProgramMissing, ProgramFailed: what brings or judges the data does not answer.
    """
    began = context.clock.monotonic()
    contract = context.root / options.contract
    promised = suite.read(contract, shown=files.label(contract, context.root))
    target = context.root / options.quarantine if options.quarantine else None
    writes = [quarantine.partial(target)] if target else []
    failed = ""
    with _opened(options, context, writes) as data:
        context.progress.status(f"judging {data.files:,} file{'s' * (data.files > 1)} by {promised.path}")
        sensitive = _sensitive(options, promised, data)
        if target and target.resolve() in {path.resolve() for path in (*data.paths, contract)}:
            raise UsageProblem(f"{options.quarantine} is what is judged. Name another file for the quarantined rows.")
        facts, judgement = _gather(promised, data, options, context, sensitive)
        if target:
            try:
                quarantine.write(data.table, broken_rows(judgement), target, data.root, sensitive)
            except ProgramFailed as failure:
                failed = str(failure)
        tools = {"duckdb": data.table.version}
        digest = data.digest.result()
    if any(one.engine == GREAT_EXPECTATIONS for one in judgement.expectations):
        tools["great_expectations"] = great_expectations.version()
    findings, measurements = evaluate(_with_request(facts, promised, options, context), options)
    inputs = {"data": digest, "contract": digest_file(contract), **context.commit}
    inputs |= {"profile": digest_file(context.root / options.profile)} if options.profile else {}
    written = (files.label(target, context.root),) if target and not failed else ()
    return StepReport(
        NAME,
        error=failed or None,
        error_code=ProgramFailed.exit_code if failed else 0,
        findings=findings,
        measurements=measurements,
        inputs=inputs,
        artifacts=(promised.path, *written),
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


def _sensitive(options: Options, promised: suite.Suite, data: Opened) -> frozenset[str]:
    """Return the columns whose values must not be shown, as the data spell them."""
    wanted = {name.casefold(): name for name in (*options.sensitive, *sensitive_columns(promised))}
    there = [column.name for column in data.table.columns]
    known = {name.casefold() for name in (*there, *promised.columns)}
    if strange := sorted(name for folded, name in wanted.items() if folded not in known):
        said = f"`data.sensitive` names {', '.join(strange)}, which neither the data nor the contract has"
        raise UsageProblem(f"{said}. Correct the name: a value may be shown otherwise.")
    found = frozenset(name for name in (*there, *promised.columns) if name.casefold() in wanted)
    if shown := sorted(found & data.keys):
        said = f"{', '.join(shown)} is sensitive, and its values stand in the folders' names"
        raise UsageProblem(f"{said}. Partition the data by another column.")
    return found


def _gather(
    promised: suite.Suite, data: Opened, options: Options, context: Context, sensitive: frozenset[str]
) -> tuple[Facts, Judgement]:
    """Judge both contracts and drift in the same scan."""
    columns = [column.name for column in data.table.columns]
    facts, before = _since_base(promised, options, context)
    about: tuple[Finding, ...] = ()
    if options.requests is not None:
        about = requests.differences(promised, columns, options.training_only)
        about += requests.masked(promised, columns, sensitive)
        promised = requests.served(promised, columns, sensitive)
        before = tuple(one for one in before if one.columns and set(one.columns) <= set(columns) - sensitive)
    reference = _reference(options, context, sensitive)
    judgement = judge(
        replace(promised, expectations=(*promised.expectations, *before)),
        data.table,
        data.root,
        also=drift.expressions(reference, data.table.columns, options.drift) if reference else (),
        sensitive=sensitive,
        engine=_engine(options, context),
        time_limit=options.time_limit,
        every_row=options.quarantine is not None,
    )
    drifts: tuple[drift.ColumnDrift, ...] = ()
    if reference:
        drifts = drift.compare(reference, data.table.columns, judgement.also, options.drift)
        drifts = drift.named(drifts, data.table)
    shown = files.label(context.root / options.profile, context.root) if options.profile else ""
    count = len(promised.expectations)
    own, others = judgement.expectations[:count], judgement.expectations[count:]
    found = replace(facts, judged=own, judged_by_base=others, profile=shown, drifts=drifts, about_requests=about)
    return found, judgement


def _since_base(
    promised: suite.Suite, options: Options, context: Context
) -> tuple[Facts, tuple[suite.Expectation, ...]]:
    """Return what changed in the contract, and what judges only by the base's: rules must not move with the work."""
    facts = Facts(promised.path, ())
    if options.base is None:
        return facts, ()
    old = base.at(options.base, promised.path, context.root, context.settings_path, context.chosen_model)
    if old is None:
        return replace(facts, changes=(), base=f"{options.base}, which has none"), ()
    changes = compare(old, promised, options.training_only)
    if not changes and old.path == f"{promised.path} at {options.base}":
        return facts, ()
    raised = major(promised) > major(old)
    return replace(facts, changes=changes, version_raised=raised, base=old.path), base.only_there(old, promised)


def _reference(options: Options, context: Context, sensitive: frozenset[str]) -> profile.Profile | None:
    """Return the profile without the values of sensitive columns, and without what requests lack."""
    if options.profile is None:
        return None
    path = context.root / options.profile
    found = profile.read(path, files.label(path, context.root))
    drift.check_ignored(found, options.drift)
    # A log of requests has neither what only training has nor the values that were masked.
    absent = sensitive.union(options.training_only) if options.requests is not None else frozenset()
    there = (one for one in found.columns if one.name not in absent)
    masked = (replace(one, sensitive=one.name in sensitive or one.sensitive) for one in there)
    return replace(found, columns=tuple(masked))


def _engine(options: Options, context: Context) -> great_expectations.Engine:
    if options.engine != "sql":
        return great_expectations.Engine(options.engine)
    place = options.path or ""
    if postgres.is_url(place):
        return great_expectations.Engine("sql", place, options.table, options.query)
    file = context.root / place
    if not file.is_file() or not sqlite.is_database(file) or options.requests or options.rev:
        said = "`data.engine: sql` judges in the database that `data.path` names, PostgreSQL or SQLite"
        raise UsageProblem(f"{said}, and it names none. Choose pandas or spark.")
    table = None if options.query else chosen_table(options.table, sqlite.tables(file), file)
    return great_expectations.Engine("sql", f"sqlite:///{file}", table, options.query)


def _with_request(facts: Facts, promised: suite.Suite, options: Options, context: Context) -> Facts:
    """Add the finding that the request schema is not what the contract derives."""
    if options.request is None:
        return facts
    path = context.root / options.request
    if path.is_file() and path.read_text(encoding="utf-8") == to_text(request_schema(promised, options.training_only)):
        return facts
    stale = contract_words.stale_request(files.label(path, context.root), promised.path)
    return replace(facts, about_requests=(*facts.about_requests, stale))
