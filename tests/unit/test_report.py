import json
from dataclasses import FrozenInstanceError
from importlib.resources import files

import jsonschema
import pytest

from builders import finding, report
from mlops_ci.report import Effect, Measurement, StepReport, Verdict, verdict_of


@pytest.mark.parametrize(
    ("effects", "verdict"),
    [
        ((), "pass"),
        (("informs",), "pass"),
        (("informs", "undecided"), "inconclusive"),
        (("undecided", "blocks"), "fail"),
        (("informs", "blocks"), "fail"),
    ],
)
def test_the_verdict_follows_from_the_effects_alone(effects: tuple[Effect, ...], verdict: Verdict) -> None:
    found = tuple(finding(effect=effect) for effect in effects)
    assert verdict_of(found) == verdict_of(found[::-1]) == verdict


def test_nobody_can_set_a_verdict() -> None:
    one = report(finding())
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        one.verdict = "pass"  # type: ignore[misc]
    with pytest.raises(TypeError):
        StepReport("gate-model", verdict="pass")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (report(), 0),
        (report(finding(effect="informs")), 0),
        (report(finding(effect="blocks")), 10),
        (report(finding(effect="undecided")), 11),
        (StepReport("gate-model", judged=False, error="no file", error_code=3), 3),
        (StepReport("gate-model", findings=(finding(effect="blocks"),), error="late", error_code=5), 10),
        (StepReport("gate-model", findings=(finding(effect="undecided"),), error="late", error_code=5), 5),
        (StepReport("gate-model", findings=(finding(effect="blocks"),), error="bug", error_code=1), 1),
    ],
)
def test_the_exit_code_is_the_worst_of_error_and_verdict(one: StepReport, code: int) -> None:
    assert one.exit_code == code


def test_nothing_judged_has_no_verdict() -> None:
    assert StepReport("gate-model", judged=False).verdict is None


def test_a_finding_leads_to_its_section_of_the_docs() -> None:
    assert finding("MCI-GATE-001").docs.endswith("findings.md#mci-gate-001")


@pytest.mark.parametrize(
    "one",
    [
        report(),
        report(finding(path="mlops.yaml", line=3, name="delayed"), finding(effect="informs")),
        StepReport("canary", judged=False, error="interrupted", error_code=130),
        StepReport(
            "gate-model",
            measurements=(Measurement("auc", "roc_auc", 0.01, -0.01, 0.03, n=900, verdict="pass", evidence={"a": 1}),),
            inputs={"model": "sha256:00"},
            outputs={"decision": "promote"},
            artifacts=("a.html",),
            timings={"total": 0.5},
            tools={"mlflow": "3"},
            timeline=({"t": 0.5, "event": "step"},),
        ),
    ],
)
def test_every_report_fits_its_json_schema(one: StepReport) -> None:
    schema = json.loads(files("mlops_ci").joinpath("resources/report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(one.to_json())), schema, jsonschema.Draft202012Validator)


def test_the_schema_refuses_what_is_no_report() -> None:
    schema = json.loads(files("mlops_ci").joinpath("resources/report.schema.json").read_text())
    good = json.loads(json.dumps(report(finding()).to_json()))
    for wrong in (
        {**good, "verdict": "great"},
        {**good, "surprise": 1},
        {key: value for key, value in good.items() if key != "findings"},
        {**good, "findings": [{**good["findings"][0], "effect": "hides"}]},
        {**good, "schema": "mlops-ci.report/v2"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema, jsonschema.Draft202012Validator)
