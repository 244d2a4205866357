"""Step `gate-model`: judge a challenger against the champion on the golden set; it ships only if every rule passes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops_ci.errors import NothingToJudge
from mlops_ci.evidence import digest_bytes, digest_file, digest_model
from mlops_ci.models import answers, base, gate_words, integrity, interpreters, rulebook
from mlops_ci.models.answers import Arm, Gathered
from mlops_ci.models.rulebook import Rulebook
from mlops_ci.release.branch import StateBranch
from mlops_ci.release.ledger import Decision, Ledger, judge_budget
from mlops_ci.report import Finding, Measurement, StepReport
from mlops_ci.rollout.candidates import Shelf
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
            found = [replace(each, title=f"By the rules of {one.by}: {each.title}") for each in found]
            measured = [replace(each, name=f"{_BASE}: {each.name}") for each in measured]
        findings += found
        measurements += measured
    return tuple(findings), tuple(measurements)


def run(options: Options, context: Context) -> StepReport:
    """Ask both models for their answers to the golden set, and judge them."""
    _evidence(context).unlink(missing_ok=True)  # an earlier verdict's must not survive this one
    must_pass = context.root / options.must_pass if options.must_pass else None
    book = rulebook.read(options, context.root, context.root / options.golden, must_pass)
    if options.training:
        integrity.refuse_training_rows(book.golden, book.columns, options.training, context.root)
    ledger = _ledger(options, context)
    _demand_same_version(book, options, ledger)
    arms = _arms(options, context)
    inputs = _digests(book, arms) | context.commit
    if must_pass:
        inputs["must_pass"] = digest_file(must_pass)
    with TemporaryDirectory() as folder:
        older, remarks = _by_base(options, context, Path(folder))
        others = _arms(older.options, context) if older and not _same_question(older, book) else []
        if refused := _refused([*arms, *others], context):
            return StepReport(NAME, findings=refused, inputs=inputs)
        asked = "both models" if len(arms) > 1 else "the challenger"
        context.progress.status(f"asking {asked} {book.golden.ids.size:,} golden rows")
        latencies = book.latencies | (older.latencies if older else frozenset())
        held = [Held(book, _gathered(book, arms, context, latencies=latencies))]
        if older:
            again = _gathered(older, others, context, latencies=latencies) if others else held[0].gathered
            held.append(Held(older, again, str(options.base)))
        findings, measurements = evaluate(held, remarks)
    report = StepReport(NAME, findings=findings, measurements=measurements, inputs=inputs)
    spent = _recorded(ledger, book, report, context) if ledger else ()
    return _sealed(replace(report, findings=(*findings, *spent)), context)


def _same_question(one: Rulebook, other: Rulebook) -> bool:
    """Say whether both sets of rules are about the same answers of the same models."""
    same = all(getattr(one.options, name) == getattr(other.options, name) for name in ("champion", "environment"))
    rows = one.golden.digest == other.golden.digest and one.columns.key == other.columns.key
    return (
        same and rows and one.columns.label == other.columns.label and one.golden.truth.task == other.golden.truth.task
    )


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
    """Return the champion, where there is one, and the challenger."""
    challenger = _arm("challenger", options.challenger, options.challenger_predictions, context)
    if options.champion_predictions:
        return [_arm("champion", "", options.champion_predictions, context), challenger]
    if options.champion == "none":
        return [challenger]
    if options.champion != "released":
        return [_arm("champion", options.champion, None, context), challenger]
    git = Git(context.root, context.git_token)
    git.demand_origin()
    released = StateBranch(git, options.environment, context.model).read().champion
    if released is None:
        return [challenger]
    registry = Registry(context.tracking_uri, context.root)
    shelf = Shelf(git, registry, context.model, context.workspace / "run", ())
    return [Arm("champion", shelf.model_of(released)), challenger]


def _arm(name: str, place: str, predictions: Path | None, context: Context) -> Arm:
    if predictions is not None:
        return Arm(name, file=context.root / predictions)
    if place.startswith(("http://", "https://")):
        return Arm(name, url=place)
    if place.startswith(("models:/", "runs:/")):
        registry = Registry(context.tracking_uri, context.root)
        folder = digest_bytes(place.encode()).removeprefix("sha256:")[:16]  # the base's champion may be another
        return Arm(name, registry.fetch(place, context.workspace / "models" / folder))
    return Arm(name, context.root / place)


def _refused(arms: Sequence[Arm], context: Context) -> tuple[Finding, ...]:
    """Return a finding for each model that would run code when it is loaded, unless a scan passed exactly it."""
    found = {arm: picklescan.dangerous(arm.folder) for arm in arms if arm.folder}
    scan = context.workspace / "reports" / "scan.json"
    return tuple(
        gate_words.pickle_found(dangerous, arm.name)
        for arm, dangerous in found.items()
        if dangerous and arm.folder and not picklescan.passed(scan, digest_model(arm.folder))
    )


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


def _ledger(options: Options, context: Context) -> Ledger | None:
    """Return the ledger of golden sets; None where the champion is not the released one, so that nothing is counted."""
    if options.champion != "released" or options.champion_predictions:
        return None
    git = Git(context.root, context.git_token)
    git.demand_origin()
    return Ledger(git)


def _demand_same_version(book: Rulebook, options: Options, ledger: Ledger | None) -> None:
    version = options.golden_version
    known = ledger.versions().get(version) if ledger and version else None
    if known is not None and known != book.golden.digest:
        raise NothingToJudge(
            f"{options.golden} changed under the same version {version}: {book.golden.digest} instead of {known}. "
            "Give it a new gate.golden_version, or the old content."
        )


def _recorded(ledger: Ledger, book: Rulebook, report: StepReport, context: Context) -> tuple[Finding, ...]:
    """Count the decision, and return what its golden set's budget says to it."""
    inputs, options = report.inputs, book.options
    model = inputs.get("model") or inputs.get("challenger_predictions") or options.challenger
    question = model, inputs.get("champion", ""), inputs["rules"]
    before = ledger.read(book.golden.digest).others(*question)
    at = datetime.fromtimestamp(context.clock.now(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    decision = Decision(*question, report.verdict or "", at, inputs.get("commit", ""))
    if refused := ledger.record(book.golden.digest, decision, options.golden_version or ""):
        context.progress.note(f"This decision was not counted on the golden set: {refused}")
    found = judge_budget(before, options.budget)
    return (found,) if found else ()


def _digests(book: Rulebook, arms: Sequence[Arm]) -> dict[str, str]:
    names = {"challenger": "model", "champion": "champion"}
    found = {"golden": book.golden.digest, "rules": base.rules_digest(book.options)}
    for arm in arms:
        if arm.folder:
            found[names[arm.name]] = digest_model(arm.folder)
        elif arm.file:
            found[f"{arm.name}_predictions"] = digest_file(arm.file)
    return found


def _sealed(report: StepReport, context: Context) -> StepReport:
    """Return the report with the signed evidence that it is, where it proves something."""
    if not {"model", "commit"} <= report.inputs.keys():
        return report
    kept = context.keyring.keep(report.to_json(), _evidence(context))
    return replace(report, artifacts=(str(kept.relative_to(context.root)),)) if kept else report


def _evidence(context: Context) -> Path:
    return context.workspace / "evidence" / f"{NAME}.json"
