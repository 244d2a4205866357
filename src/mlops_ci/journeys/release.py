"""One release as a workflow makes it: approved where that is required, and under made requests where nobody asks."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from mlops_ci.errors import UsageProblem
from mlops_ci.journeys.load import Load
from mlops_ci.report import Finding, Location, StepReport
from mlops_ci.settings import document
from mlops_ci.settings.canary import CanarySettings as Options
from mlops_ci.settings.data import DataSettings
from mlops_ci.settings.gate import GateSettings
from mlops_ci.settings.load import Cascade
from mlops_ci.step import Context
from mlops_ci.steps import canary
from mlops_ci.tools import github


def run(options: Options, context: Context) -> StepReport:
    """Release a registered version, and report how that ended.

    Raises:
        UsageProblem: the environment has no reviewers and must have some, or made requests are to reach production.
    """
    if options.approval:
        _demand_reviewers(options.environment, context)
    told = _told(options)
    if not options.rehearse:
        return _with(canary.run(options, context), told)
    if options.environment == "production":
        raise UsageProblem("A rehearsal makes requests up, and production has users. Name another --environment.")
    rows = requests(context)
    load = Load(f"http://{options.host}:{options.port}{options.rehearsal_path}", rows, rate=options.rehearsal_rate)
    parts = canary.assemble(options, context)
    try:
        with load:
            report = canary.run(options, context)
        if report.outputs["decision"] == "hold":
            parts.hand_over()
    finally:
        parts.engine().stop()  # nobody else uses what ran here
    context.progress.note(load.describe())
    return _with(report, (*told, _rehearsed(options, load, len(rows))))


def start(options: Options, context: Context) -> StepReport:
    """Begin a canary and leave it at its first step; raises as `run` does."""
    if options.approval:
        _demand_reviewers(options.environment, context)
    return _with(canary.start(options, context), _told(options))


def requests(context: Context) -> list[dict[str, Any]]:
    """Return the golden rows as requests: without what names, weighs and labels them, and is known in training only.

    Raises:
        UsageProblem: the settings have no golden set.
    """
    if context.settings_path is None:
        raise UsageProblem("A rehearsal sends golden rows, and no settings file names any. Write `gate` in mlops.yaml.")
    cascade = Cascade(document.read(context.settings_path), {}, context.chosen_model)
    gate = cascade.section("gate", GateSettings, {})
    data = cascade.section("data", DataSettings, {"contract": Path()})  # which not everybody has, and nobody reads here
    unknown = {gate.id, gate.label, gate.weight, gate.cluster, gate.query and gate.item, *data.training_only}
    from mlops_ci.tools.duckdb import open_table  # only a rehearsal needs it

    with open_table([context.root / gate.golden]) as table:
        rows = table.to_arrow().to_pylist()
    return [{name: _plain(value) for name, value in row.items() if name not in unknown} for row in rows]


def _plain(value: object) -> object:
    """Return a value as JSON has it: no NaN, and times as text."""
    if isinstance(value, date):
        return value.isoformat()
    return None if value != value else value  # noqa: PLR0124 - NaN


def _demand_reviewers(environment: str, context: Context) -> None:
    if context.forge is None:
        raise UsageProblem(
            "`canary.approval` needs GitHub, which knows who approves; here is none. Release from the workflow."
        )
    if not github.reviewers(context.forge, environment, context.git_token):
        raise UsageProblem(
            f"Nobody has to approve a release: the environment {environment} of {context.forge.repository} has no "
            "reviewers. Add some under Settings, Environments, Required reviewers."
        )


def _told(options: Options) -> tuple[Finding, ...]:
    """Return that less is demanded of production than could be."""
    lacking = {"scan", "sbom", "signature"} - set(options.demanded)
    if options.environment != "production" or not lacking:
        return ()
    return (
        Finding(
            "MCI-CANARY-010", "medium", "informs", "Less is demanded of this release than could be",
            f"`canary.demands` leaves out {', '.join(sorted(lacking))}. Take the line out of mlops.yaml.",
            Location(name=options.environment),
        ),
    )  # fmt: skip


def _rehearsed(options: Options, load: Load, rows: int) -> Finding:
    where, numbers = Location(name=options.environment), {"answers": load.by_status()}
    if load.refused and not load.answers:
        return Finding(
            "MCI-CANARY-012", "high", "undecided", "The rehearsal's requests were all refused",
            f"{load.describe()} So it says nothing about this version. Send one golden row by hand to see what is "
            "wrong with it; columns that a request lacks belong in `data.training_only`.",
            where, numbers,
        )  # fmt: skip
    return Finding(
        "MCI-CANARY-011", "low", "informs", "This was a rehearsal",
        f"{rows:,} golden rows were sent {options.rehearsal_rate:g} times a second: they show errors and slowness, and "
        f"nothing that only users bring. {load.describe()}",
        where, numbers,
    )  # fmt: skip


def _with(report: StepReport, told: tuple[Finding, ...]) -> StepReport:
    return replace(report, findings=(*report.findings, *told)) if told else report
