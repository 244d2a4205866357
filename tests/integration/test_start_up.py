"""The command line is quick to answer, because it imports what the called command needs and nothing else."""

import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.alone]

HEAVY = ("pydantic", "rich", "duckdb", "mlflow", "pandas", "great_expectations", "numpy", "scipy", "sklearn", "urllib3")
LISTING = f"""
import sys
from mlops_ci.cli.main import invoke
code = invoke(sys.argv[1:])
loaded = sorted({set(HEAVY)!r} & set(sys.modules))
print("LOADED", *loaded)
sys.exit(code)
"""


def loaded_by(*words: str) -> set[str]:
    """Return which heavy libraries a command line imports."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", LISTING, *words], capture_output=True, text=True, timeout=60, check=False
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("LOADED")]
    return set(line.split()[1:])


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("nonsense",), ("--nonsense",)])
def test_help_version_and_typing_errors_import_nothing_heavy(words: tuple[str, ...]) -> None:
    assert loaded_by(*words) == set()


@pytest.mark.parametrize("step", ["validate-data", "gate-model", "register-model", "canary", "rollback"])
def test_the_help_of_a_step_imports_no_library_of_the_step(step: str) -> None:
    assert loaded_by(step, "--help") <= {"pydantic", "rich"}


def quickest(code: str) -> float:
    """Return the shortest of five times that a Python program takes, in seconds."""
    took = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
        took.append(time.perf_counter() - began)
    return min(took)


def test_help_takes_little_longer_than_importing_click() -> None:
    click = quickest("import click")
    ours = quickest("from mlops_ci.cli.main import invoke; assert invoke(['--help']) == 0")
    assert ours < 2.5 * click + 0.1


def test_the_help_of_a_step_answers_within_a_second_or_so() -> None:
    click = quickest("import click")
    ours = quickest("from mlops_ci.cli.main import invoke; assert invoke(['gate-model', '--help']) == 0")
    assert ours < 10 * click + 0.5
