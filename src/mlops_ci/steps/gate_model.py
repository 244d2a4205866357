"""Step `gate-model`: judge a challenger against the champion on the golden set; it ships only if every rule passes."""

from pathlib import Path

from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.evidence import digest_bytes, digest_model
from mlops_ci.models import answers, golden, rules
from mlops_ci.models.answers import Arm
from mlops_ci.models.metrics import LATENCIES, demand_known
from mlops_ci.models.rules import Facts
from mlops_ci.release.branch import StateBranch
from mlops_ci.report import Finding, Location, Measurement, StepReport
from mlops_ci.rollout.candidates import Shelf
from mlops_ci.settings.gate import GateSettings as Options
from mlops_ci.step import Context
from mlops_ci.tools.git import Git
from mlops_ci.tools.mlflow import Registry

NAME = "gate-model"


def evaluate(facts: Facts, options: Options) -> tuple[tuple[Finding, ...], tuple[Measurement, ...]]:
    """Hold every rule against the evidence.

    Raises:
        NothingToJudge: there is no champion, and no rule judges the challenger alone.
    """
    on_estimate = options.decide_on == "estimate"
    pairs = [(metric, bound) for rule in options.rules for metric, bound in rule.items()]
    measured = [rules.judge(metric, bound, facts, on_estimate=on_estimate) for metric, bound in pairs]
    if all(one.verdict is None for one in measured):
        raise NothingToJudge(
            "There is no champion yet, and no rule judges a challenger alone. Add one with at_least or at_most."
        )
    findings = [_finding(one) for one in measured if one.verdict in {"fail", "inconclusive"}]
    if facts.champion is None:
        findings.append(
            Finding(
                "MCI-GATE-003",
                "info",
                "informs",
                "First release: nothing to compare with",
                "No champion is released yet, so only rules about the challenger alone were judged.",
            )
        )
    if on_estimate:
        findings.append(
            Finding(
                "MCI-GATE-004",
                "low",
                "informs",
                "Judged by the estimates alone",
                "A challenger that is a little worse passes about half of the time. "
                "Set gate.decide_on to interval to be sure.",
            )
        )
    return tuple(findings), tuple(measured)


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
    rows = golden.load(context.root / options.golden, options.id, options.label)
    challenger = Arm("challenger", context.root / options.challenger)
    inputs = {"model": digest_model(challenger.folder), "golden": rows.digest, "rules": _rules_digest(options)}
    champion = _champion(options, context)
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
    findings, measurements = evaluate(facts, options)
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
    return digest_bytes(options.model_dump_json(include={"rules", "decide_on", "id", "label"}).encode())
