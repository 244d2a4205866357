"""Step `gate-model`: judge a challenger against the champion on the golden set; it ships only if every rule passes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.evidence import Unproven, digest_bytes, digest_file, digest_model, find_fault, open_
from mlops_ci.models import answers, base, gate_words, integrity, interpreters, recorded, rulebook, spot_check
from mlops_ci.models.answers import Arm, Gathered
from mlops_ci.models.rulebook import Rulebook
from mlops_ci.release import counted
from mlops_ci.release.ledger import Ledger, judge_budget
from mlops_ci.report import Finding, Measurement, StepReport
from mlops_ci.rollout.candidates import Shelf
from mlops_ci.rollout.contenders import contenders, digests
from mlops_ci.rollout.proofs import ANSWERS
from mlops_ci.settings.gate import GateSettings as Options
from mlops_ci.step import Context
from mlops_ci.tools import picklescan
from mlops_ci.tools.git import Git
from mlops_ci.tools.mlflow import Registry

NAME = "gate-model"
_BASE = "base"  # what the base's rules found is told apart by this word


@dataclass(frozen=True, slots=True)
class Held:
    """Rules with the answers that they are held against; `by` says whose rules they are, where not the head's."""

    book: Rulebook
    gathered: Gathered
    by: str = ""


def evaluate(held: Sequence[Held], more: Sequence[Finding]) -> tuple[tuple[Finding, ...], tuple[Measurement, ...]]:
    """Hold every rule against the evidence, the head's first; then the base's, where they differ.

    Raises:
        NothingToJudge: there is no champion, and no rule judges the challenger alone.
    """
    findings, measurements = list(more), list[Measurement]()
    for one in held:
        found, measured = rulebook.judge(one.book, one.gathered)
        if one.by:
            measured = [replace(each, name=f"{_BASE}: {each.name}") for each in measured]
        findings += [_told(one, each) for each in found]
        measurements += measured
    return tuple(findings), tuple(measurements)


def _told(held: Held, found: Finding) -> Finding:
    return replace(found, title=f"By the rules of {held.by}: {found.title}") if held.by else found


def run(options: Options, context: Context) -> StepReport:
    """Ask both models for their answers to the golden set, and judge them."""
    for one in (_evidence(context), _evidence(context).with_name(ANSWERS)):
        one.unlink(missing_ok=True)  # an earlier verdict's must not survive this one
    must_pass = context.root / options.must_pass if options.must_pass else None
    book = rulebook.read(options, context.root, context.root / options.golden, must_pass)
    _demand_integrity(book, context)
    arms = _arms(options, context)
    inputs = {"golden": book.golden.digest, "rules": base.rules_digest(options)}
    inputs |= digests(arms) | context.commit
    if must_pass:
        inputs["must_pass"] = digest_file(must_pass)
    with TemporaryDirectory() as folder:
        older, remarks = _by_base(options, context, Path(folder))
        if older:
            _demand_integrity(older, context)
        others = _arms(older.options, context) if older and _other(older, book) else []
        if refused := _refused([*arms, *others], context):
            return StepReport(NAME, findings=refused, inputs=inputs)
        asked = "both models" if len(arms) > 1 else "the challenger"
        context.progress.status(f"asking {asked} {book.golden.ids.size:,} golden rows")
        latencies = book.latencies | (older.latencies if older else frozenset())
        held = [Held(book, _gathered(book, arms, context, latencies=latencies))]
        if older:
            again = _gathered(older, others, context, latencies=latencies) if others else held[0].gathered
            held.append(Held(older, again, str(options.base)))
        remarks += [spot_check.told(one.name, book.golden.ids.size) for one in arms if one.file and one.folder]
        findings, measurements = evaluate(held, remarks)
    if "model" in inputs:
        inputs["answers"] = _kept(held[0], inputs["model"], context)
    inputs |= _counting(held, inputs)
    report = StepReport(NAME, findings=findings, measurements=measurements, inputs=inputs)
    return _sealed(replace(report, findings=(*findings, *_counted(held, report, context))), context)


def _demand_integrity(book: Rulebook, context: Context) -> None:
    """Refuse golden rows that the challenger was trained on, and a file that changed under its version."""
    options = book.options
    if options.training:
        integrity.refuse_training_rows(book.golden, book.columns, options.training, context.root)
    version = options.golden_version
    known = _ledger(context).versions().get(version) if version and _counts(book) else None
    if known is not None and known != book.golden.digest:
        raise NothingToJudge(
            f"{options.golden} changed under the same version {version}: {book.golden.digest} instead of {known}. "
            "Give it a new gate.golden_version, or the old content."
        )


def _other(one: Rulebook, other: Rulebook) -> bool:
    """Say whether two sets of rules are about other answers, or other models' answers."""

    def asked(book: Rulebook) -> tuple[object, ...]:
        names = book.options.champion, book.options.environment, *book.columns.key, book.columns.label
        return *names, book.golden.digest, book.golden.truth.task

    return asked(one) != asked(other)


def _gathered(book: Rulebook, arms: Sequence[Arm], context: Context, *, latencies: frozenset[str]) -> Gathered:
    return answers.gather(
        interpreters.assign(arms, book.options, context.workspace / "environments"),
        book.golden,
        book.columns,
        timeout=book.options.timeout,
        logs=context.workspace / "logs",
        latencies=latencies,
    )


def _arms(options: Options, context: Context) -> list[Arm]:
    git = Git(context.root, context.git_token)

    def shelf() -> Shelf:
        registry = Registry(context.tracking_uri, context.root)
        return Shelf(git, registry, context.model, context.workspace / "run", ())

    return contenders(options, context.root, git, context.model, shelf)


def _refused(arms: Sequence[Arm], context: Context) -> tuple[Finding, ...]:
    """Return a finding for each model that would run code when it is loaded, unless a scan passed exactly it."""
    found = {arm: picklescan.dangerous_apart(arm.folder) for arm in arms if arm.folder}
    return tuple(
        gate_words.pickle_found(dangerous, arm.name)
        for arm, dangerous in found.items()
        if dangerous and arm.folder and not _scanned(digest_model(arm.folder), context)
    )


def _scanned(model: str, context: Context) -> bool:
    """Say whether a sealed statement proves that a scan passed the model of this digest: a report can be made up."""
    try:
        sealed = (context.workspace / "evidence" / "scan.json").read_bytes()
        statement = open_(sealed, context.keyring.trusted(Git(context.root).head()))
    except (OSError, Unproven, UsageProblem):
        return False
    return find_fault(statement, step="scan", subjects={"model": model}) is None


def _by_base(options: Options, context: Context, folder: Path) -> tuple[Rulebook | None, list[Finding]]:
    """Return the base's rules where they, or the rows that they are about, differ from the head's; and a word."""
    if options.base is None:
        return None, []
    settings = context.settings_path.name if context.settings_path else "the flags"
    old = base.at(options.base, context.root, context.settings_path, context.chosen_model, options)
    if old is None:
        return None, [base.policy_found(("rules",), settings, f"{options.base}, which has none")]
    files = {name: path for name in ("golden", "must_pass") if (path := getattr(old, name)) is not None}
    got = {
        name: base.file_at(options.base, path, context.root, folder / name / path.name) for name, path in files.items()
    }
    changed = list(base.changed(old, options, context.root))
    for name, path in got.items():
        here = getattr(options, name)
        if name not in changed and path and here and digest_file(path) != digest_file(context.root / here):
            changed.append(name)
    if not changed:
        return None, []
    golden = got["golden"]
    remarks = [base.policy_found(tuple(changed), settings, options.base)]
    if golden is None:
        raise NothingToJudge(
            f"The golden set of {options.base} cannot be had: {old.golden}. Fetch it, with DVC or git."
        )
    return rulebook.read(base.asked_as(old, options), context.root, golden, got.get("must_pass")), remarks


def _ledger(context: Context) -> Ledger:
    git = Git(context.root, context.git_token)
    git.demand_origin()
    return Ledger(git)


def _counts(book: Rulebook) -> bool:
    """Say whether a decision counts on its golden set: one about a champion that is not the released one does not."""
    return book.options.champion == "released" and not book.options.champion_predictions


def _counting(held: Sequence[Held], inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the inputs by which who may push counts this decision, too: the job of a pull request may not."""
    found = dict[str, str]()
    for one in [each for each in held if _counts(each.book)]:
        name = counted.COUNTED[bool(one.by)]
        found |= counted.told(name, one.book.golden.digest, one.book.options.golden_version)
        if not {"model", "challenger_predictions"} & inputs.keys():
            found["service"] = digest_bytes(one.book.options.challenger.encode())
    return found


def _counted(held: Sequence[Held], report: StepReport, context: Context) -> list[Finding]:
    """Count the decision on each golden set that led to it, and return what their budgets say to it."""
    found = dict[str, Finding]()
    at = datetime.fromtimestamp(context.clock.now(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    counting = [each for each in held if _counts(each.book)]
    for one, entry in zip(counting, counted.entries(report, at), strict=True):
        ledger = _ledger(context)
        before = ledger.read(entry.golden).others(*entry.decision.question)
        if refused := ledger.record(entry.golden, entry.decision, entry.version):
            later = "; the workflow `record` counts it" if context.workflow_run else ""
            context.progress.note(f"This decision was not counted here{later}. {refused}")
        if spent := judge_budget(before, one.book.options.budget):
            found.setdefault(spent.code, _told(one, spent))
    return list(found.values())


def _sealed(report: StepReport, context: Context) -> StepReport:
    """Return the report with the signed evidence that it is, where it proves something."""
    if not {"model", "commit"} <= report.inputs.keys():
        return report
    if kept := context.keyring.keep(report.to_json(), _evidence(context)):
        return replace(report, artifacts=(str(kept.relative_to(context.root)),))
    if report.verdict == "pass":
        context.progress.note("No evidence was written: files differ from the commit. Commit them, and judge again.")
    return report


def _kept(held: Held, model: str, context: Context) -> str:
    """Keep the challenger's answers beside its evidence, which names their digest; return that."""
    said = recorded.to_bytes(model, held.book.golden, held.gathered.arms["challenger"].predictions)
    path = _evidence(context).with_name(ANSWERS)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(said)
    return digest_bytes(said)


def _evidence(context: Context) -> Path:
    return context.workspace / "evidence" / f"{NAME}.json"
