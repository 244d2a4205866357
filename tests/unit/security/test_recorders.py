"""A workflow that only counts is rated low, and no workflow that does one thing more is."""

from pathlib import Path

import pytest

from mlops_ci.scanner import Issue
from mlops_ci.security.recorders import rated

(TEMPLATE,) = (Path(__file__).parents[3] / "templates/model-service").glob("*/.github/workflows/record.yml")
NO_FORK = "&& github.event.workflow_run.head_repository.full_name == github.repository"
STEP = "    steps:\n"
DROPPED = "          persist-credentials: false\n"


def severity(folder: Path, text: str, rule: str = "dangerous-triggers") -> str:
    (folder / "w.yml").write_text(text)
    return rated(Issue(rule, "", severity="High", path="w.yml"), folder).severity


def test_the_workflow_that_only_counts_is_rated_low_whatever_commits_it_pins(tmp_path: Path) -> None:
    assert severity(tmp_path, TEMPLATE.read_text()) == "low"
    assert severity(tmp_path, TEMPLATE.read_text().replace("0" * 40, "a" * 40)) == "low"


def test_what_else_is_wrong_with_it_is_rated_as_it_was(tmp_path: Path) -> None:
    assert severity(tmp_path, TEMPLATE.read_text(), "artipacked") == "High"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (STEP, f"{STEP}      - run: make\n"),
        (STEP, f"{STEP}      - uses: actions/setup-python@{'a' * 40}\n"),
        (STEP, f"    env: {{NODE_OPTIONS: --require=./x.js}}\n{STEP}"),
        (STEP, f"    container: evil\n{STEP}"),
        ("permissions: {}", "env: {X: y}\npermissions: {}"),
        (DROPPED, DROPPED.replace("false", "true")),
        (DROPPED, f"{DROPPED}          ref: refs/pull/1/merge\n"),
        ("path: ${{ runner.temp }}/judged", "path: ."),
        ("path: ${{ runner.temp }}/judged", "path: ${{ runner.temp }}/../work"),
        ("0" * 40, "main"),
        (NO_FORK, ""),
        (NO_FORK, f"{NO_FORK} || true"),
        ("  workflow_run:", "  pull_request_target:\n  workflow_run:"),
        ("  workflow_run:", "  pull_request_target:"),
        ("jobs:", "jobs: ["),
    ],
)
def test_one_thing_more_and_it_is_as_dangerous_as_its_trigger(tmp_path: Path, old: str, new: str) -> None:
    text = TEMPLATE.read_text()
    assert old in text
    assert severity(tmp_path, text.replace(old, new, 1)) == "High"
