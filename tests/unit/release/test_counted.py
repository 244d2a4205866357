from dataclasses import replace

from builders import finding, report
from mlops_ci.release.counted import entries
from mlops_ci.release.ledger import judge_budget
from mlops_ci.report import StepReport

AT = "2026-11-22T10:00:00Z"
GOLDEN, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
INPUTS = {"model": "sha256:m", "champion": "sha256:c", "rules": "sha256:r", "commit": "c" * 40, "golden": GOLDEN}


def judged(one: StepReport, **more: str) -> StepReport:
    return replace(one, inputs={**INPUTS, **more})


def test_a_decision_stands_on_the_page_of_each_golden_set_that_led_to_it() -> None:
    one = judged(report(), counted=GOLDEN, counted_version="2", base_counted=OTHER)
    head, base = entries(one, AT)
    assert (head.golden, head.version, base.golden, base.version) == (GOLDEN, "2", OTHER, "")
    assert head.decision == base.decision
    assert head.decision.question == ("sha256:m", "sha256:c", "sha256:r")
    assert (head.decision.verdict, head.decision.at, head.decision.commit) == ("pass", AT, "c" * 40)


def test_a_decision_about_no_released_champion_is_not_counted() -> None:
    assert list(entries(judged(report()), AT)) == []


def test_what_the_budget_says_is_no_verdict_of_the_golden_set() -> None:
    spent = judge_budget(1, 1)
    assert spent
    (one,) = entries(judged(report(spent), counted=GOLDEN), AT)
    assert one.decision.verdict == "pass"
    (one,) = entries(judged(report(spent, finding()), counted=GOLDEN), AT)
    assert one.decision.verdict == "fail"


def test_a_file_of_answers_or_a_service_is_judged_where_there_is_no_model() -> None:
    no_model = {name: value for name, value in INPUTS.items() if name != "model"} | {"counted": GOLDEN}
    (one,) = entries(replace(report(), inputs=no_model | {"challenger_predictions": "sha256:f"}), AT)
    assert one.decision.model == "sha256:f"
    (one,) = entries(replace(report(), inputs=no_model | {"service": "sha256:s"}), AT)
    assert one.decision.model == "sha256:s"
