"""Defects of a model, of what it is judged by, and of the proof: made around the model that stands there today."""

import base64
import json
import random
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mlops_ci.contracts import files
from mlops_ci.errors import NothingToJudge
from mlops_ci.journeys import selftest_data as spoilt
from mlops_ci.journeys.selftest_defect import Defect
from mlops_ci.journeys.selftest_model import poison, spoil
from mlops_ci.journeys.selftest_scratch import Found, Scratch
from mlops_ci.settings.gate import GateSettings
from mlops_ci.settings.register import RegisterSettings
from mlops_ci.settings.tree import Path_, edit

_WORSE = 0.3  # of the golden rows are answered wrongly
_LATE = 0.05  # seconds, at least
_MORE = ("slices", "fairness", "flips", "must_pass")  # rules beside `rules`
_CLASSES = 50  # more different labels than this are numbers
_ANYTHING = {"at_least": {"at_least": -1e9}, "at_most": {"at_most": 1e9}}  # otherwise no_worse_than a million


def gate_defects(options: GateSettings, section: Path_) -> list[Defect]:
    """Return what `gate-model` must stop; `section` is where its settings stand in the file."""
    gate = _Gate(options, section)
    return [
        Defect("worse model", "gate-model", gate.worse, lambda one: one.code in {"MCI-GATE-001", "MCI-GATE-005"}),
        Defect("slower model", "gate-model", gate.slower, lambda one: "latency" in one.title),
        Defect("unfair slice", "gate-model", gate.unfair, _about_a_group),
        Defect("must-pass case wrong", "gate-model", gate.must, lambda one: one.code == "MCI-GATE-007"),
        Defect("model that runs code", "gate-model", gate.poisoned, lambda one: one.code == "MCI-GATE-020"),
        Defect("rules loosened", "gate-model", gate.loosened, _by_base),
        Defect("golden set tampered with", "gate-model", gate.tampered, _by_base),
    ]


def _by_base(one: Found) -> bool:
    return one.title.startswith("By the rules of ")


def _about_a_group(one: Found) -> bool:
    return one.code == "MCI-GATE-005" or "_gap" in one.title


class _Gate:
    def __init__(self, options: GateSettings, section: Path_) -> None:
        self.options, self.section = options, section
        self.unit = options.query or options.id  # the column whose values are answered wrongly: all rows of a query

    def worse(self, scratch: Scratch) -> Sequence[str]:
        return self._judged(scratch, self._some(self._ids(scratch)))

    def slower(self, scratch: Scratch) -> Sequence[str]:
        limits = [bound for rule in self.options.rules for name, bound in rule.items() if name.startswith("latency")]
        if not limits:
            raise NothingToJudge("no rule is about latency")
        most = max(bound.at_most or 0.0 for bound in limits) / 1000
        return self._judged(scratch, [], seconds=max(_LATE, 1.5 * most))

    def unfair(self, scratch: Scratch) -> Sequence[str]:
        slices, fairness = self.options.slices, self.options.fairness
        by = slices or fairness
        if by is None:
            raise NothingToJudge("there are neither gate.slices nor gate.fairness")
        column = by.by if isinstance(by.by, str) else by.by[0]
        groups = spoilt.texts(scratch.root / self.options.golden, column)
        counts = Counter(groups)
        # Small enough that the average hardly shows it, large enough to be shown.
        group = min(counts, key=lambda one: (counts[one] < 2 * by.min_rows, counts[one]))
        return self._judged(scratch, [id_ for id_, its in zip(self._ids(scratch), groups, strict=True) if its == group])

    def must(self, scratch: Scratch) -> Sequence[str]:
        if self.options.must_pass is None or self.options.query:
            raise NothingToJudge("there is no gate.must_pass")
        lines = (scratch.root / self.options.must_pass).read_text(encoding="utf-8").splitlines()
        cases = [str(json.loads(line)[self.options.id]) for line in lines if line.strip()]
        return self._judged(scratch, cases)

    def poisoned(self, scratch: Scratch) -> Sequence[str]:
        made = poison(champion(scratch), self._place(scratch))
        return ["gate-model", "--challenger", str(made)]

    def loosened(self, scratch: Scratch) -> Sequence[str]:
        words = self.worse(scratch)
        pairs = [pair for rule in self.options.rules for pair in rule.items()]
        kinds = [(name, next(iter(bound.model_dump(exclude_none=True)))) for name, bound in pairs]
        rules = [{name: _ANYTHING.get(kind, {"no_worse_than": 1e6})} for name, kind in kinds]
        edit(scratch.settings, self.section, {"rules": rules} | dict.fromkeys(_MORE))
        scratch.commit("Rules that anything meets")
        return [*words, "--base", scratch.base]

    def tampered(self, scratch: Scratch) -> Sequence[str]:
        words, wrong = self.worse(scratch), self._some(self._ids(scratch))
        golden = scratch.root / self.options.golden
        spoilt.rewrite([golden], spoilt.only_rows(self.unit, wrong, kept=False))
        scratch.commit("A golden set without the rows that are wrong")
        return [*words, "--base", scratch.base]

    def _judged(self, scratch: Scratch, wrong: Sequence[str], seconds: float = 0.0) -> Sequence[str]:
        labels = sorted(set(spoilt.texts(scratch.root / self.options.golden, self.options.label)))
        made = spoil(
            champion(scratch),
            self._place(scratch),
            id_=self.unit,
            ids=wrong,
            labels=labels if len(labels) <= _CLASSES else (),
            seconds=seconds,
        )
        return ["gate-model", "--challenger", str(made)]

    def _ids(self, scratch: Scratch) -> list[str]:
        return spoilt.texts(scratch.root / self.options.golden, self.unit)

    def _some(self, ids: Sequence[str]) -> list[str]:
        different = sorted(set(ids))
        return random.Random(0).sample(different, round(len(different) * _WORSE))  # noqa: S311 - rows, no secret

    def _place(self, scratch: Scratch) -> Path:
        number = sum(1 for _ in scratch.folder.glob("model-*"))
        return scratch.folder / f"model-{number}"


def champion(scratch: Scratch) -> Path:
    """Return where the copy's champion is: the model that stands in the original today."""
    return scratch.folder / "champion"


def prepare(scratch: Scratch, options: GateSettings, section: Path_) -> None:
    """Make the model that stands there today the champion of the copy, and let the settings say so.

    Raises:
        NothingToJudge: it is not a model folder of this repository.
    """
    model = scratch.original / options.challenger
    if "://" in options.challenger or not (model / "MLmodel").is_file():
        raise NothingToJudge(f"gate.challenger, {options.challenger}, is no MLflow model folder here; train it first")
    shutil.copytree(model, champion(scratch))
    scratch.bring([one for one in (options.golden, options.must_pass) if one])
    scratch.bring(files.matching(options.training, scratch.original).paths if options.training else ())
    python = scratch.original / options.python
    values = {
        "champion": str(champion(scratch)),
        "champion_predictions": None,
        "challenger_predictions": None,
        "budget": 1_000_000,  # nothing that is judged here is a decision
        "python": str(python) if "/" in options.python and python.is_file() else options.python,
    }
    edit(scratch.settings, section, values)


def clean(scratch: Scratch) -> Sequence[str]:
    """Return the command that judges the champion against itself."""
    same = scratch.folder / "same"
    if not same.is_dir():
        shutil.copytree(champion(scratch), same)
    return ["gate-model", "--challenger", str(same)]


def prepare_register(scratch: Scratch, options: RegisterSettings) -> None:
    """Bring what `register-model` reads; raise NothingToJudge where there is no model."""
    if not (scratch.original / options.path / "MLmodel").is_file():
        raise NothingToJudge(f"register.path, {options.path}, is no MLflow model folder here; train it first")
    scratch.bring([options.data])


def register_defects(path: Path) -> list[Defect]:
    """Return what `register-model` must stop."""

    def by_hand(scratch: Scratch) -> Sequence[str]:
        evidence = scratch.folder / "evidence.json"
        statement = {"predicateType": "mlops-ci.report/v1", "predicate": {"step": "gate-model", "verdict": "pass"}}
        payload = base64.b64encode(json.dumps(statement).encode()).decode()
        signed = {"keyid": "0" * 64, "sig": base64.b64encode(b"by hand").decode()}
        sealed = {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": [signed]}
        evidence.write_text(json.dumps(sealed), encoding="utf-8")
        return ["register-model", "--evidence", str(evidence), "--path", str(scratch.original / path)]

    return [
        Defect("evidence written by hand", "register-model", by_hand, lambda one: one.code == "MCI-REGISTER-001"),
    ]
