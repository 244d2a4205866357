from mlops_ci.report import verdict_of
from mlops_ci.settings.register import RegisterSettings
from mlops_ci.steps.register_model import Facts, evaluate

OPTIONS = RegisterSettings()


def test_evidence_that_holds_leaves_nothing_to_say() -> None:
    assert evaluate(Facts(sealed=b"{}"), OPTIONS) == ()


def test_a_fault_blocks_and_is_told() -> None:
    (found,) = evaluate(Facts("it is about another model"), OPTIONS)
    assert (found.code, found.effect) == ("MCI-REGISTER-001", "blocks")
    assert ".mlops-ci/evidence/gate-model.json: it is about another model." in found.message


def test_an_override_informs_loudly() -> None:
    found = evaluate(Facts(sealed=b"{}", override="Ada <a@b.c>: the old one fails"), OPTIONS)
    assert verdict_of(found) == "pass"
    assert (found[0].code, found[0].severity) == ("MCI-REGISTER-002", "high")
    assert "Ada <a@b.c>: the old one fails" in found[0].message
