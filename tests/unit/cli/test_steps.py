import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import finding, report, write_settings
from mlops_ci.catalog import STEPS
from mlops_ci.cli.options import Common
from mlops_ci.cli.steps import run
from mlops_ci.errors import Interrupted, NothingToJudge
from mlops_ci.report import StepReport
from mlops_ci.step import Context

ENTRY = STEPS["validate-data"]
GOOD = "data: {path: d.csv, contract: c.json}\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_settings(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(action: Callable[[Any, Context], StepReport], format_: str = "terminal", **environ: str) -> int:
    return run(ENTRY, lambda: action, Common(None, None, format_, environ), {})


def failing(problem: BaseException) -> Callable[[Any, Context], StepReport]:
    def action(_options: object, _context: Context) -> StepReport:
        raise problem

    return action


def written(root: Path) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads((root / ".mlops-ci/reports/validate-data.json").read_text())
    return plain


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (NothingToJudge("no data"), 3),
        (Interrupted("SIGTERM arrived."), 130),
        (KeyboardInterrupt(), 130),
        (ModuleNotFoundError("No module named 'duckdb'", name="duckdb"), 4),
        (ZeroDivisionError("bug"), 1),
    ],
)
def test_a_step_that_fails_still_leaves_a_report(root: Path, problem: BaseException, code: int) -> None:
    assert call(failing(problem)) == code
    plain = written(root)
    assert (plain["exit_code"], plain["verdict"], plain["judged"]) == (code, None, False)


def test_a_missing_library_names_the_extra(root: Path) -> None:
    call(failing(ModuleNotFoundError("No module named 'duckdb'", name="duckdb")))
    assert "pip install 'mlops-ci[data]'" in written(root)["error"]


def test_wrong_settings_leave_a_report_too(root: Path) -> None:
    write_settings(root, "data: {path: [1]}\n")
    assert call(failing(AssertionError())) == 2
    assert "mlops.yaml:1:8" in written(root)["error"]


def test_a_settings_file_that_does_not_exist_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shared = Common(Path("none/mlops.yaml"), None, "terminal", {})
    assert run(ENTRY, lambda: failing(AssertionError()), shared, {}) == 2
    assert not (tmp_path / "none").exists()


def test_stdout_holds_the_report_and_nothing_else(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(lambda *_: report(finding()), "json") == 10
    captured = capsys.readouterr()
    assert json.loads(captured.out)["verdict"] == "fail"
    assert "FAIL" in captured.err


@pytest.mark.parametrize("format_", ["json", "markdown", "html"])
def test_every_format_renders(root: Path, format_: str, capsys: pytest.CaptureFixture[str]) -> None:
    call(lambda *_: report(finding()), format_)
    assert "gate-model" in capsys.readouterr().out


def test_under_github_actions_all_three_channels_are_written(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output, summary = root / "output", root / "summary"
    hostile = StepReport("validate-data", findings=(finding(),), outputs={"decision": "a\nforged=1"})
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    assert call(lambda *_: hostile, **environ) == 10
    values = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert values["verdict"] == "fail"
    assert values["exit-code"] == "10"
    assert Path(values["report"]).is_file()
    assert Path(values["summary"]).read_text() == summary.read_text()
    assert values["decision"] == "a forged=1"
    assert "forged" not in values
    assert "::error title=MCI-GATE-001" in capsys.readouterr().err


def test_a_report_with_numbers_that_json_does_not_know_is_a_bug_and_says_so(root: Path) -> None:
    assert call(lambda *_: StepReport("validate-data", timings={"judge": float("nan")})) == 1
    assert written(root)["exit_code"] == 1


def test_the_workspace_never_makes_a_work_tree_dirty(root: Path) -> None:
    call(lambda *_: report())
    assert (root / ".mlops-ci/.gitignore").read_text() == "*\n"
