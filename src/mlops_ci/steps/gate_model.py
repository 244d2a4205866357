"""Step `gate-model`: judge a challenger against the champion on the golden set; it ships only if every rule passes."""

from pathlib import Path

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.evidence import digest_bytes, digest_file, digest_model
from mlops_ci.models import answers, golden, parts, rules
from mlops_ci.models.answers import Arm
from mlops_ci.models.golden import GoldenSet
from mlops_ci.models.metrics import LATENCIES, demand_known
from mlops_ci.models.rules import Facts
from mlops_ci.release.branch import StateBranch
from mlops_ci.report import Effect, Finding, Location, Measurement, StepReport
from mlops_ci.rollout.candidates import Shelf
from mlops_ci.settings.gate import GateSettings as Options
from mlops_ci.step import Context
from mlops_ci.tools.git import Git
from mlops_ci.tools.mlflow import Registry

NAME = "gate-model"


def evaluate(
    facts: Facts, options: Options, rows: GoldenSet, cases: list[str]
) -> tuple[tuple[Finding, ...], tuple[Measurement, ...]]:
    """Hold every rule against the evidence.

    Raises:
        NothingToJudge: there is no champion, and no rule judges the challenger alone.
    """
    on_estimate = options.decide_on == "estimate"
    pairs = [(metric, bound) for rule in options.rules for metric, bound in rule.items()]
    measured = [rules.judge(metric, bound, facts, on_estimate=on_estimate) for metric, bound in pairs]
    if options.flips and (flips := parts.judge_flips(options.flips, rows, facts)):
        measured.append(flips)
    if all(one.verdict is None for one in measured):
        raise NothingToJudge(
            "There is no champion yet, and no rule judges a challenger alone. Add one with at_least or at_most."
        )
    findings = [_finding(one) for one in measured if one.verdict in {"fail", "inconclusive"}]
    slices = parts.judge_slices(options.slices, rows, facts) if options.slices else []
    findings += [_slice(one, options) for one in slices if one.verdict in {"fail", "inconclusive"}]
    findings += [_case(one) for one in parts.failed_cases(cases, rows, facts)]
    return (*findings, *_remarks(facts, on_estimate=on_estimate)), (*measured, *slices)


def _remarks(facts: Facts, *, on_estimate: bool) -> list[Finding]:
    """Return what a reader of the verdict must know beside it."""
    found = []
    if facts.champion is None:
        found.append(
            Finding(
                "MCI-GATE-003",
                "info",
                "informs",
                "First release: nothing to compare with",
                "No champion is released yet, so only rules about the challenger alone were judged.",
            )
        )
    if on_estimate:
        found.append(
            Finding(
                "MCI-GATE-004",
                "low",
                "informs",
                "Judged by the estimates alone",
                "A challenger that is a little worse passes about half of the time. "
                "Set gate.decide_on to interval to be sure.",
            )
        )
    return found


def _slice(one: Measurement, options: Options) -> Finding:
    """Return the finding about a slice; an undecided one blocks only where safety must be proved."""
    name = str(one.evidence["slice"])
    place = Location(name=name)
    seen = f"measured {_number(one.value)} on {one.n:,} rows; 95 % bounds {_number(one.low)} and {_number(one.high)}"
    if one.verdict == "fail":
        message = f"{seen}, limit {_number(one.threshold)}. Look at these rows before you train again."
        return Finding("MCI-GATE-005", "critical", "blocks", f"{name}: {one.metric} is worse", message, place)
    needs_proof = options.slices is not None and options.slices.prove == "safety"
    effect: Effect = "undecided" if needs_proof else "informs"
    message = f"{seen}. These rows show effects of {_number(one.detectable)} with 80 % power: add more of them."
    return Finding("MCI-GATE-006", "medium", effect, f"{name}: {one.metric} not decided", message, place)


def _case(case: str) -> Finding:
    return Finding(
        "MCI-GATE-007",
        "critical",
        "blocks",
        f"The must-pass case {case} is wrong",
        "This row must be right whatever the averages say. Train a model that knows it.",
        Location(name=case),
    )


def _finding(one: Measurement) -> Finding:
    place = Location(name=one.metric)
    seen = f"measured {_number(one.value if one.value is not None else one.challenger)}"
    limits = f"95 % bounds {_number(one.low)} and {_number(one.high)}, limit {_number(one.threshold)}"
    bounds = f"{limits}, n = {one.n:,}"
    if one.verdict == "fail":
        message = f"{seen}; {bounds}. The challenger does not ship; train a better one."
        return Finding("MCI-GATE-001", "critical", "blocks", f"{one.name}: not met", message, place)
    message = (
        f"{seen} by {one.method}; {bounds}. "
        f"This golden set shows effects of {_number(one.detectable)} with 80 % power: "
        "add golden rows, or widen the limit."
    )
    return Finding("MCI-GATE-002", "high", "undecided", f"{one.name}: not decided", message, place)


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4g}"


def run(options: Options, context: Context) -> StepReport:
    """Ask both models for their answers to the golden set, and judge them."""
    metrics = [metric for rule in options.rules for metric in rule]
    for metric in metrics:
        demand_known(metric)
    columns = options.slices.by if options.slices else []
    rows = golden.load(context.root / options.golden, options.id, options.label, columns)
    cases = parts.read_cases(context.root / options.must_pass, rows) if options.must_pass else []
    challenger = Arm("challenger", context.root / options.challenger)
    inputs = {"model": digest_model(challenger.folder), "golden": rows.digest, "rules": _rules_digest(options)}
    champion = _champion(options, context)
    if options.must_pass:
        inputs["must_pass"] = digest_file(context.root / options.must_pass)
    if champion:
        inputs["champion"] = digest_model(champion.folder)
    context.progress.status(f"asking {'both models' if champion else 'the challenger'} {rows.ids.size:,} golden rows")
    found = answers.gather(
        [champion, challenger] if champion else [challenger],
        rows,
        options.label,
        python=options.python,
        timeout=options.timeout,
        logs=context.workspace / "logs",
        with_latency=any(metric in LATENCIES for metric in metrics),
    )
    facts = Facts(rows.labels, found["challenger"], found.get("champion"))
    findings, measurements = evaluate(facts, options, rows, cases)
    return StepReport(NAME, findings=findings, measurements=measurements, inputs=inputs | _commit(context.root))


def _champion(options: Options, context: Context) -> Arm | None:
    """Return the champion's model: what the state branch names, or what the settings do."""
    if options.champion == "none":
        return None
    if options.champion != "released":
        return Arm("champion", context.root / options.champion)
    git = Git(context.root, context.git_token)
    git.demand_origin()
    released = StateBranch(git, options.environment, context.model).read().champion
    if released is None:
        return None
    registry = Registry(context.tracking_uri, context.root)
    shelf = Shelf(git, registry, context.model, context.workspace / "run", ())
    return Arm("champion", shelf.model_of(released))


def _commit(root: Path) -> dict[str, str]:
    try:
        return {"commit": Git(root).head()}
    except UsageProblem:
        return {}


def _rules_digest(options: Options) -> str:
    return digest_bytes(
        options.model_dump_json(include={"rules", "decide_on", "id", "label", "slices", "flips"}).encode()
    )
