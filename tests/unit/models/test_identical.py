"""A challenger that is the champion again must get through the template's own rules: a gate that blocks all is none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Template
from ruamel.yaml import YAML

from gate_builders import answered, binary
from mlops_ci.models.latency import Rounds
from mlops_ci.models.metrics.known import METRICS
from mlops_ci.models.rules import Facts, judge
from mlops_ci.settings.gate import GateSettings

PROJECT = Path(__file__).parents[3] / "templates/model-service/{{cookiecutter.project_slug}}"
PAIRS = 500


def template_settings() -> GateSettings:
    names = {"problem": "binary", "project_slug": "flights", "package": "flights"}
    text = Template((PROJECT / "mlops.yaml").read_text()).render(cookiecutter=names)
    return GateSettings.model_validate(YAML(typ="safe").load(text)["gate"])


def rounds(draw: np.random.Generator) -> Rounds:
    """Return latencies of a model of three milliseconds on a machine that is sometimes busy."""
    level = 3 * np.exp(draw.normal(0, 0.05, (12, 1)))
    single = level * np.exp(draw.normal(0, 0.1, (12, 25))) + 5 * (draw.random((12, 25)) < 0.01)
    return Rounds(single, single[:, :3])


def test_an_identical_challenger_passes_the_templates_rules_four_times_out_of_five() -> None:
    settings, passed = template_settings(), 0
    labels = pd.read_parquet(PROJECT / "problem/binary/data/golden.parquet")[settings.label].to_numpy(dtype=bool)
    draw = np.random.default_rng(0)
    for _ in range(PAIRS):
        scores = np.clip(0.2 + 0.2 * labels + draw.normal(0, 0.15, labels.size), 0.01, 0.99)
        # Trained again on the same data: nearly the same scores.
        again = np.clip(scores + draw.normal(0, 0.01, labels.size), 0.01, 0.99)
        ours, theirs = (replace(answered(one), latencies=rounds(draw)) for one in (again, scores))
        facts = Facts(binary(labels), ours, theirs, METRICS, (rounds(draw), rounds(draw)))
        verdicts = {judge(name, bound, facts).verdict for rule in settings.rules for name, bound in rule.items()}
        passed += verdicts == {"pass"}
    assert passed / PAIRS >= 0.8
