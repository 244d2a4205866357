import pytest

from builders import finding, report
from mlops_ci.render.words import headline, where, worst_first
from mlops_ci.report import Finding, Location, StepReport
from mlops_ci.shown import interval, number, printable


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (report(), "gate-model PASS: judged, and it passes"),
        (report(finding(effect="informs")), "gate-model PASS: judged, and it passes: 1 for information"),
        (
            report(finding(), finding(), finding(effect="undecided")),
            "gate-model FAIL: judged, and it does not pass: 2 blocking, 1 undecided",
        ),
        (
            report(finding(effect="undecided")),
            "gate-model INCONCLUSIVE: judged, but the evidence does not decide: 1 undecided",
        ),
        (
            StepReport("gate-model", judged=False, error="x", error_code=3),
            "gate-model NOT PASSED: nothing was judged: there is nothing to judge",
        ),
        (
            StepReport("gate-model", judged=False, error="x", error_code=1),
            "gate-model NOT PASSED: mlops-ci has a bug; nothing was judged",
        ),
    ],
)
def test_the_headline_says_whether_a_judgement_was_made(one: StepReport, said: str) -> None:
    assert headline(one) == said


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 10, 11, 130])
def test_every_error_code_has_a_headline_even_when_other_modules_add_classes(code: int) -> None:
    from mlops_ci.tools.git import PushRefused
    from mlops_ci.traffic.engine import NeverReady

    assert PushRefused.exit_code == 5
    assert NeverReady.exit_code == 10
    assert "NOT PASSED" in headline(StepReport("canary", judged=False, error="x", error_code=code))


def test_blocking_findings_come_first_otherwise_their_order_stays() -> None:
    found = (finding("A", "informs"), finding("B", "blocks"), finding("C", "undecided"), finding("D", "blocks"))
    assert [one.code for one in worst_first(found)] == ["B", "D", "C", "A"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (None, ""),
        (Location(), ""),
        (Location("a.yaml", 3, 5), "a.yaml:3:5"),
        (Location("a.yaml"), "a.yaml"),
        (Location("a.yaml", 3, None, "column"), "a.yaml:3 column"),
        (Location(name="slow"), "slow"),
    ],
)
def test_a_place_in_words(place: Location | None, said: str) -> None:
    assert where(Finding("C", "high", "blocks", "t", "m", place)) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "–"), (0.0, "0"), (0.123456, "0.1235"), (-0.5, "-0.5"), (1234.5, "1,234"), (12345.6, "12,346")],
)
def test_numbers_for_reading(value: float | None, said: str) -> None:
    assert number(value) == said


def test_bounds_in_words() -> None:
    assert interval(None, None) == "–"
    assert interval(0.1, 0.2) == "0.1 … 0.2"
    assert interval(0.1, None) == "0.1 … –"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain\ntext\twith ünïcode", "plain\ntext\twith ünïcode"),
        ("::error::forged", ": :error::forged"),
        ("a\n   ::add-mask::x", "a\n   : :add-mask::x"),
        ("a\r::error::x", "a\n: :error::x"),
        ("a ##[error]forged", "a # #[error]forged"),
        ("\x1b[31mred\x07", "�[31mred�"),
        ("a::b", "a::b"),
    ],
)
def test_foreign_text_is_no_command_to_a_terminal_or_a_runner(text: str, said: str) -> None:
    assert printable(text) == said
