import pytest

from builders import finding, report
from mlops_ci.render import annotations
from mlops_ci.report import StepReport

HOSTILE = [
    "a\n::error::forged",
    "a\r\n::add-mask::x",
    "x::stop-commands::token",
    "title=forged,file=/etc/passwd",
    "100%0A::error::forged",
    ",line=5::forged",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_inside_its_command(text: str) -> None:
    one = report(finding(title=text, message=text, path=text, line=3))
    (line,) = annotations.render(one).splitlines()
    command, properties, *message = line.removeprefix("::").split("::", 1)[0], line, line.split("::", 2)[2]
    assert command.startswith("error ")
    assert [part.split("=", 1)[0] for part in command.removeprefix("error ").split(",")] == ["title", "file", "line"]
    assert ("\n" in text) == ("%0A" in message[0]) or "%250A" in properties


def test_a_percent_sign_cannot_smuggle_a_newline() -> None:
    assert "100%250A" in annotations.render(report(finding(message="100%0A")))


def test_only_the_worst_ten_are_shown() -> None:
    many = [finding(effect="informs", title=f"i{number}") for number in range(20)]
    lines = annotations.render(report(*many, finding(title="the worst"))).splitlines()
    assert len(lines) == 10
    assert "the worst" in lines[0]


@pytest.mark.parametrize(("effect", "level"), [("blocks", "error"), ("undecided", "warning"), ("informs", "notice")])
def test_each_effect_has_its_level(effect: str, level: str) -> None:
    assert annotations.render(report(finding(effect=effect))).startswith(f"::{level} ")  # type: ignore[arg-type]


def test_an_error_is_one_annotation() -> None:
    one = StepReport("gate-model", judged=False, error="first\n::error::second", error_code=3)
    (line,) = annotations.render(one).splitlines()
    assert line.startswith("::error title=gate-model NOT PASSED")


def test_nothing_found_says_nothing() -> None:
    assert annotations.render(report()) == ""
