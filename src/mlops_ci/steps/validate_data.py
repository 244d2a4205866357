"""Step `validate-data`: judge a data set against its contract, one verdict from every expectation."""

from dataclasses import dataclass
from pathlib import Path

from mlops_ci.contracts import files, suite
from mlops_ci.contracts.judge import judge
from mlops_ci.contracts.judged import GREAT_EXPECTATIONS, Judged, plain
from mlops_ci.contracts.sentences import examples, title
from mlops_ci.evidence import digest_file, digest_files
from mlops_ci.report import Effect, Finding, Location, Measurement, Severity, StepReport
from mlops_ci.settings.data import DataSettings as Options
from mlops_ci.step import Context
from mlops_ci.tools import duckdb, great_expectations

NAME = "validate-data"

BROKEN = "MCI-DATA-001"

_SEVERITIES: dict[str, Severity] = {"critical": "critical", "warning": "medium", "info": "info"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What was gathered: the contract's path as shown to people, and each expectation with its counts."""

    contract: str
    judged: tuple[Judged, ...]


def evaluate(facts: Facts, options: Options) -> tuple[tuple[Finding, ...], tuple[Measurement, ...]]:
    """Return a finding for each broken expectation and a measurement for each expectation, in suite order."""
    broken = [one for one in facts.judged if not one.success]
    findings = tuple(_finding(one, facts.contract, strict=options.strict) for one in broken)
    return findings, tuple(_measurement(one) for one in facts.judged)


def run(options: Options, context: Context) -> StepReport:
    """Judge the data that the options name.

    Raises:
        NothingToJudge: data or contract is missing, unreadable or empty.
        UsageProblem: the contract holds an expectation that nobody can judge.
    """
    began = context.clock.monotonic()
    contract = context.root / options.contract
    shown = files.label(contract, context.root)
    promised = suite.read(contract, shown=shown)
    paths = files.matching(options.path, context.root)
    context.progress.status(f"judging {len(paths)} file{'s' * (len(paths) > 1)} by {len(promised.expectations)} rules")
    with duckdb.open_table(paths) as table:
        facts = Facts(shown, judge(promised, table, context.root))
        tools = {"duckdb": table.version}
    if any(one.engine == GREAT_EXPECTATIONS for one in facts.judged):
        tools["great_expectations"] = great_expectations.version()
    findings, measurements = evaluate(facts, options)
    return StepReport(
        NAME,
        findings=findings,
        measurements=measurements,
        inputs=_inputs(paths, contract, context.root),
        artifacts=(shown,),
        timings={"judge": round(context.clock.monotonic() - began, 3)},
        tools=tools,
    )


def _inputs(paths: tuple[Path, ...], contract: Path, root: Path) -> dict[str, str]:
    data = digest_files((files.label(path, root), path) for path in paths)
    return {"data": data, "contract": digest_file(contract)}


def _finding(judged: Judged, contract: str, *, strict: bool) -> Finding:
    expectation = judged.expectation
    shown = examples(judged)
    first = f"First: {shown}. " if shown else ""
    remedy = f"Correct the data; or, if the contract is wrong, change {contract}:{expectation.line} in a review."
    return Finding(
        BROKEN,
        _SEVERITIES[expectation.severity],
        _effect(expectation.severity, strict=strict),
        title(judged),
        first + remedy,
        Location(contract, line=expectation.line, name=expectation.column),
        judged.evidence(),
    )


def _effect(severity: suite.Severity, *, strict: bool) -> Effect:
    """Return what a broken expectation does: this, and nothing else, decides the verdict."""
    return "blocks" if severity == "critical" or (strict and severity == "warning") else "informs"


def _measurement(judged: Judged) -> Measurement:
    observed = plain(judged.observed_value)
    return Measurement(
        judged.expectation.name,
        judged.expectation.type,
        value=observed if isinstance(observed, int | float) and not isinstance(observed, bool) else None,
        n=judged.element_count,
        method=judged.engine,
        verdict="pass" if judged.success else "fail",
        evidence=judged.evidence(),
    )
