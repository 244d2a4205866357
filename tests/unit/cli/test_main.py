import os
import signal
from collections.abc import Iterator

import click
import pytest

from mlops_ci import errors
from mlops_ci.catalog import STEPS
from mlops_ci.cli import main as cli
from mlops_ci.errors import MlopsCiError
from mlops_ci.tools.git import PushRefused

KINDS = [MlopsCiError, *(kind for kind in MlopsCiError.__subclasses__() if kind.__module__ == errors.__name__)]


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Put the signal handlers back that the command line replaces."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def raising(monkeypatch: pytest.MonkeyPatch, what: BaseException | int | None) -> None:
    """Let `mlops-ci anything` raise something, or return it."""

    def callback() -> int | None:
        if isinstance(what, BaseException):
            raise what
        return what

    monkeypatch.setattr(cli.LazyCommands, "get_command", lambda *_: click.Command("anything", callback=callback))


@pytest.mark.parametrize("kind", KINDS)
def test_each_class_has_its_code_and_its_first_line(
    kind: type[MlopsCiError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, kind("What to do."))
    assert cli.invoke(["anything"]) == kind.exit_code
    captured = capsys.readouterr()
    first, second = captured.err.splitlines()
    assert first == f"mlops-ci: {kind.headline}"
    assert second == "What to do."
    assert captured.out == ""


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (PushRefused("no", moved=True), 5),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (click.UsageError("no such option"), 2),
        (click.FileError("a", "gone"), 2),
        (None, 0),
        (0, 0),
        (10, 10),
        (11, 11),
    ],
)
def test_everything_else_leaves_through_the_same_funnel(
    what: BaseException | int | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(monkeypatch, what)
    assert cli.invoke(["anything"]) == code


def test_a_bug_is_exit_1_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, ZeroDivisionError("division by zero"))
    assert cli.invoke(["anything"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("mlops-ci: mlops-ci has a bug; nothing was judged\nPlease report this:\n")
    assert "ZeroDivisionError" in said


def test_what_a_program_printed_is_no_command_to_the_runner(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, errors.ProgramFailed("train ended with code 1.\n::add-mask::forged"))
    cli.invoke(["anything"])
    assert not any(line.startswith("::") for line in capsys.readouterr().err.splitlines())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gate-modle"], "No such command 'gate-modle'. Did you mean 'gate-model'?"),
        (["zzzzzz"], "No such command 'zzzzzz'. See 'mlops-ci --help'."),
        (["--nonsense"], "No such option"),
        (["gate-model", "--nonsense"], "No such option"),
        (["gate-model", "extra"], "No such command 'extra'"),
        (["gate-model", "--format", "poem"], "'poem' is not one of"),
        (["gate-model", "--golden"], "Option '--golden' requires an argument"),
    ],
)
def test_usage_errors(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("mlops-ci: nothing was judged: usage or settings are wrong\n")
    assert said in captured.err
    assert captured.out == ""


def test_without_arguments_it_shows_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke([]) == 2
    captured = capsys.readouterr()
    assert "Steps of a pipeline" in captured.err
    assert captured.out == ""


def test_help_lists_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for entry in STEPS.values():
        assert entry.name in shown
        assert entry.summary in shown


@pytest.mark.parametrize("name", cli.LazyCommands().list_commands(click.Context(cli.root)))
def test_every_listed_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke([name, "--help"]) == 0
    assert f"Usage: mlops-ci {name}" in capsys.readouterr().out


def test_main_exits_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, errors.Rejected("no"))
    with pytest.raises(SystemExit) as caught:
        cli.main(["anything"])
    assert caught.value.code == 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_exit_130_and_a_second_one_does_not_disturb_the_clean_up(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cleaned = []

    def callback() -> None:
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append(True)

    monkeypatch.setattr(cli.LazyCommands, "get_command", lambda *_: click.Command("anything", callback=callback))
    assert cli.invoke(["anything"]) == 130
    assert cleaned == [True]
    assert f"{number.name} arrived." in capsys.readouterr().err
