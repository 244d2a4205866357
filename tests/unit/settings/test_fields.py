import pytest
from pydantic import TypeAdapter, ValidationError

from mlops_ci.settings.fields import Duration, Margin, MarginField
from mlops_ci.settings.gate import GateSettings


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [("500ms", 0.5), ("10s", 10), ("1.5 m", 90), ("2h", 7200), ("1d", 86400), ("7", 7), (3, 3), (0.25, 0.25)],
)
def test_durations(raw: object, seconds: float) -> None:
    assert TypeAdapter(Duration).validate_python(raw) == pytest.approx(seconds)


@pytest.mark.parametrize("raw", ["", "soon", "10 parsecs", "-5s", "1e3s", "s", "10s 5s", "inf", None, [1]])
def test_what_is_no_duration(raw: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Duration).validate_python(raw)


@pytest.mark.parametrize(
    ("raw", "amount", "relative"), [(0.5, 0.5, False), (0, 0.0, False), ("3%", 0.03, True), ("0.5 %", 0.005, True)]
)
def test_margins(raw: object, amount: float, relative: bool) -> None:  # noqa: FBT001 - a table's column
    margin = TypeAdapter(MarginField).validate_python(raw)
    assert margin.amount == pytest.approx(amount)
    assert margin.relative == relative


@pytest.mark.parametrize("raw", ["3", "three", "%", "-3%", -0.1, True, float("nan"), float("inf"), [1]])
def test_what_is_no_margin(raw: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(MarginField).validate_python(raw)


def test_a_margin_reads_as_it_was_written() -> None:
    assert str(Margin(0.03, relative=True)) == "3 %"
    assert str(Margin(0.005, relative=False)) == "0.005"


def test_a_margin_of_nothing_is_still_a_rule() -> None:
    (rule,) = GateSettings.model_validate(
        {"golden": "g.csv", "label": "y", "rules": [{"accuracy": {"improve_by": 0}}]}
    ).rules
    assert rule["accuracy"].improve_by == Margin(0.0, relative=False)


def test_a_gate_without_rules_is_refused() -> None:
    with pytest.raises(ValidationError):
        GateSettings.model_validate({"golden": "g.csv", "label": "y", "rules": []})
