"""What is generated says what the code does, and every finding code has its section."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def check(root: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(root / ".ci/generate.py"), "--check"]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_no_generated_page_or_schema_is_stale() -> None:
    said = check(ROOT)
    assert (said.returncode, said.stderr) == (0, "")


def test_a_page_of_an_action_that_says_something_else_is_seen(tmp_path: Path) -> None:
    for name in (".ci", "actions", "docs", "src"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    page = tmp_path / "actions/canary/README.md"
    page.write_text(page.read_text().replace("| `3600 s` |", "| `1800 s` |"))
    said = check(tmp_path)
    assert (said.returncode, said.stderr.strip()) == (1, "actions/canary/README.md is stale. Run: make docs")
