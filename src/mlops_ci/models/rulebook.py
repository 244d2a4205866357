"""One set of rules with the golden set that they are about: read once, held against both models' answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import NothingToJudge
from mlops_ci.models import cases, fairness, flips, gate_words, golden, rules, slices
from mlops_ci.models.answers import Gathered
from mlops_ci.models.cases import Case
from mlops_ci.models.golden import Columns, GoldenSet
from mlops_ci.models.metrics import known
from mlops_ci.models.metrics.metric import Metric
from mlops_ci.models.rules import Facts
from mlops_ci.report import Effect, Finding, Measurement
from mlops_ci.settings.gate import GateSettings

Judgement = tuple[list[Finding], list[Measurement]]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Settings, the metrics that they name, and the rows that decide."""

    options: GateSettings
    metrics: Mapping[str, Metric]
    golden: GoldenSet
    columns: Columns
    cases: tuple[Case, ...]

    @property
    def latencies(self) -> frozenset[str]:
        """Return the latencies that rules are about."""
        return frozenset(metric for rule in self.options.rules for metric in rule if metric in known.LATENCIES)


def read(options: GateSettings, root: Path, golden_file: Path, must_pass: Path | None) -> Rulebook:
    """Read the golden set and the cases for these settings.

    Raises:
        NothingToJudge: a file is missing, unreadable or empty, or cannot decide anything.
        UsageProblem: a metric or a column is unknown, or labels are not what the metrics need.
    """
    named = [metric for rule in options.rules for metric in rule] + list(options.slices.rule if options.slices else ())
    metrics = {name: found for name in named if (found := known.find(name, root))}
    by = [*(options.slices.by if options.slices else []), *([options.fairness.by] if options.fairness else [])]
    columns = Columns(
        options.id, options.label, options.positive, options.weight, options.cluster, options.query, options.item,
        tuple(dict.fromkeys(by)),
    )  # fmt: skip
    task = known.task_of(list(metrics.values()), has_queries=options.query is not None)
    rows = golden.load(golden_file, columns, task)
    must = cases.read_cases(must_pass, rows) if must_pass else []
    return Rulebook(options, metrics, rows, columns, tuple(must))


def judge(book: Rulebook, gathered: Gathered) -> Judgement:
    """Hold every rule against the answers; what decides nothing is a finding, too.

    Raises:
        NothingToJudge: there is no champion, and no rule judges the challenger alone.
    """
    options, arms = book.options, gathered.arms
    facts = Facts(book.golden.truth, arms["challenger"], arms.get("champion"), book.metrics, gathered.noise)
    on_estimate = options.decide_on == "estimate"
    pairs = [(metric, bound) for rule in options.rules for metric, bound in rule.items()]
    measured = [rules.judge(metric, bound, facts, on_estimate=on_estimate) for metric, bound in pairs]
    if options.fairness:
        measured += fairness.judge_fairness(options.fairness, book.golden, facts)
    if options.flips and (flipped := flips.judge_flips(options.flips, book.golden, facts)):
        measured.append(flipped)
    if all(one.verdict is None for one in measured):
        raise NothingToJudge(
            "There is no champion yet, and no rule judges a challenger alone. Add one with at_least or at_most."
        )
    findings = [gate_words.rule_found(one) for one in measured if one.verdict in {"fail", "inconclusive"}]
    parts = slices.judge_slices(options.slices, book.golden, facts) if options.slices else []
    undecided: Effect = "undecided" if options.slices and options.slices.prove == "safety" else "informs"
    findings += [
        gate_words.slice_found(one, undecided=undecided) for one in parts if one.verdict in {"fail", "inconclusive"}
    ]
    findings += [gate_words.case_found(one.id) for one in cases.failed_cases(book.cases, book.golden, facts)]
    findings += gate_words.remarks(has_champion=facts.champion is not None, on_estimate=on_estimate)
    return findings, [*measured, *parts]
