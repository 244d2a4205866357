from pathlib import Path

import pytest

from mlops_ci.models.base import changed, policy_found
from mlops_ci.settings.gate import GateSettings

ROOT = Path("/repository")
RULES = [{"accuracy": {"no_worse_than": 0.01}}]
SETTINGS = {"golden": "data/golden.parquet", "label": "late", "rules": RULES}
BASE = GateSettings.model_validate(SETTINGS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rules", [{"accuracy": {"no_worse_than": 0.5}}]),
        ("rules", [{"accuracy": {"no_worse_than": "1%"}}]),
        ("golden", "data/easy.parquet"),
        ("label", "other"),
        ("id", "row"),
        ("slices", {"by": ["carrier"], "rule": {"accuracy": {"no_worse_than": 0.01}}}),
        ("flips", {"at_most": "1%"}),
        ("fairness", {"by": "band", "equal_opportunity_gap": {"at_most": 0.05}}),
        ("must_pass", "data/must.jsonl"),
        ("champion", "none"),
        ("environment", "playground"),
        ("decide_on", "estimate"),
    ],
)
def test_every_setting_that_judges_is_named_when_it_changes(name: str, value: object) -> None:
    head = GateSettings.model_validate(SETTINGS | {name: value})
    assert changed(BASE, head, ROOT) == (name,)
    assert changed(head, BASE, ROOT) == (name,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("challenger", "models/other"),
        ("python", "python3"),
        ("timeout", "10s"),
        ("golden", "/repository/data/golden.parquet"),
    ],
)
def test_how_a_challenger_is_asked_does_not_judge(name: str, value: object) -> None:
    assert changed(BASE, GateSettings.model_validate(SETTINGS | {name: value}), ROOT) == ()


def test_the_finding_names_what_changed() -> None:
    found = policy_found(("rules", "golden"), "mlops.yaml", "origin/main")
    assert (found.code, found.effect) == ("MCI-POLICY-001", "informs")
    assert "rules, golden" in found.title
