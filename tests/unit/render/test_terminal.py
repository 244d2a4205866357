from io import StringIO

import pytest
from rich.console import Console

from builders import finding, report
from mlops_ci.render.terminal import Terminal
from mlops_ci.report import Measurement, StepReport


def said(one: StepReport) -> str:
    out = StringIO()
    Terminal(file=Console(file=out, highlight=False, soft_wrap=True)).report(one)
    return out.getvalue()


def test_a_report_begins_with_its_headline() -> None:
    assert said(report(finding(title="worse"))).splitlines()[0].startswith("gate-model FAIL: judged")


@pytest.mark.parametrize("text", ["[red]x[/red]", "[/]", "[link=https://evil.example]x[/link]", "a[1]"])
def test_markup_in_foreign_text_is_shown_as_it_is(text: str) -> None:
    measured = Measurement(text, "accuracy", champion=0.1, challenger=0.2)
    shown = said(report(finding(title=text, message=text, path=text), measurements=(measured,)))
    assert shown.count(text) == 4


def test_nothing_in_a_report_is_a_command_to_the_runner_or_the_terminal() -> None:
    text = "a\n::add-mask::x\n  ::error::y\x1b[2J"
    shown = said(report(finding(title=text, message=text, path=text, name=text)))
    shown += said(StepReport("gate-model", judged=False, error=text, error_code=5))
    assert "\x1b" not in shown
    assert not any(line.strip().startswith("::") for line in shown.splitlines())


def test_many_findings_are_cut_with_a_word() -> None:
    assert "and 5 more" in said(report(*[finding()] * 25))


def test_notes_and_status_do_not_touch_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    terminal.note("hello [red]there[/red]")
    terminal.status("working")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "hello [red]there[/red]\n"
