"""Step `scan`: many scanners, one verdict; a scanner that could not look is never taken for one that found nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from mlops_ci.errors import MlopsCiError, worst
from mlops_ci.evidence import digest_bytes
from mlops_ci.report import Finding, Measurement, StepReport
from mlops_ci.scanner import isolation
from mlops_ci.security import assembly, base, known, policy, scan_words, waivers
from mlops_ci.security.policy import Policy
from mlops_ci.security.problems import Problem
from mlops_ci.security.running import Outcome
from mlops_ci.security.tree import Tree
from mlops_ci.security.waivers import Waiver
from mlops_ci.settings.scan import ScanSettings as Options
from mlops_ci.step import Context

NAME = "scan"
BILL = ".mlops-ci/sbom/release.cdx.json"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was gathered: what each scanner saw, and what it amounts to."""

    tree: Tree
    outcomes: Sequence[Outcome]
    problems: Sequence[Problem]
    policies: Sequence[Policy]  # the head's first; then the base's
    today: datetime
    waivers: Sequence[Waiver] = ()
    new_waivers: Sequence[Waiver] = ()
    remarks: Sequence[Finding] = ()
    database: Mapping[str, float | str] = field(default_factory=dict)


def evaluate(facts: Facts, options: Options) -> tuple[tuple[Finding, ...], tuple[Measurement, ...]]:
    """Return what to know, and a measurement for each scanner."""
    head = facts.policies[0]
    told = [one for one in facts.problems if any(policy.relevant(one, each) for each in facts.policies)]
    judged = [policy.judge_by_both(one, facts.policies) for one in told]
    used = [one for one in facts.waivers if any(one.covers(problem) for problem in facts.problems)]
    findings = [policy.finding(one) for one in judged]
    findings += [
        scan_words.unread(one, name, known=known.unread_key(name, one) in head.known)
        for name, one in assembly.unread(facts.tree, facts.outcomes)
    ]
    findings += [scan_words.failed(one) for one in facts.outcomes if one.failure and not one.absent]
    findings += [scan_words.turned_off(one) for one in options.off]
    shown = options.waivers.as_posix()
    findings += waivers.remarks(facts.waivers, used, facts.new_waivers, facts.today.date(), shown)
    return (*findings, *facts.remarks), scan_words.measurements(facts.tree, facts.outcomes, judged, facts.database)


def run(options: Options, context: Context) -> StepReport:
    """Look at everything that is there, with all that applies.

    Raises:
        NothingToJudge: there is nothing to look at.
        UsageProblem: a waiver is refused, or the base names no commit.
    """
    began = context.clock.monotonic()
    _evidence(context).unlink(missing_ok=True)  # an earlier verdict's must not survive this one
    look, facts = _gathered(options, context)
    findings, measurements = evaluate(facts, options)
    failures = [one.failure for one in look.outcomes if one.failure and not one.absent]
    bills: dict[str, str] = {}
    if isinstance(look.bill, MlopsCiError):
        failures.append(look.bill)
        findings = (*findings, scan_words.no_bill(look.bill))
    elif look.bill:
        bills = {"sbom": _written(look.bill, context)}
    report = StepReport(
        NAME,
        error="\n".join(dict.fromkeys(str(one) for one in failures)) or None,
        error_code=worst([one.exit_code for one in failures]),
        findings=findings,
        measurements=measurements,
        inputs={**look.inputs, **bills, "rules": _rules(options, facts.waivers), **context.commit},
        artifacts=(BILL,) if bills else (),
        timings={one.job.name: one.seconds for one in look.outcomes}
        | {"scan": round(context.clock.monotonic() - began, 3)},
        tools={one.job.name: one.version for one in look.outcomes if one.version}
        | {"network": "none for scanners" if isolation() else "not taken away: unshare is not allowed here"},
    )
    return report if options.only else _sealed(report, context)  # some groups are no scan of a release


def _gathered(options: Options, context: Context) -> tuple[assembly.Seen, Facts]:
    """Return what the scanners see, and that with what it is judged by."""
    today = datetime.fromtimestamp(context.clock.now(), UTC)
    here = waivers.read(context.root / options.waivers, options.waivers.as_posix())
    before = base.at(options, context.root, context.settings_path, context.chosen_model) if options.base else None
    marked = assembly.sensitive(context.settings_path, context.chosen_model)
    place = assembly.Place(context.root, context.workspace, context.clock, context.progress, marked, context.model)
    look = assembly.look(options, place, before)
    return look, Facts(
        look.tree,
        look.outcomes,
        look.problems,
        assembly.policies(options, here, before, look, today.date()),
        today,
        here,
        waivers.added(here, before.waivers) if before else (),
        _remarks(before, options, context),
        look.database,
    )


def _written(bill: Mapping[str, object], context: Context) -> str:
    """Write the bill of materials; return its digest."""
    content = json.dumps(bill, indent=1, sort_keys=True).encode() + b"\n"
    path = context.root / BILL
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return digest_bytes(content)


def _remarks(before: base.Base | None, options: Options, context: Context) -> list[Finding]:
    if before is None or not (names := base.changed(before, options)):
        return []
    return [base.policy_found(before, names, context.settings_path.name if context.settings_path else "the flags")]


def _rules(options: Options, here: Sequence[Waiver]) -> str:
    return digest_bytes(f"{options.model_dump_json()}{[one.words for one in here]}".encode())


def _sealed(report: StepReport, context: Context) -> StepReport:
    """Return the report with the signed evidence that it is, where it proves something."""
    if not {"model", "commit"} <= report.inputs.keys():
        return report
    try:
        kept = context.keyring.keep(report.to_json(), _evidence(context))
    except MlopsCiError as problem:
        context.progress.note(f"The verdict was not signed: {problem}")
        return report
    return replace(report, artifacts=(*report.artifacts, str(kept.relative_to(context.root)))) if kept else report


def _evidence(context: Context) -> Path:
    return context.workspace / "evidence" / f"{NAME}.json"
