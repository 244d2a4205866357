"""What is generated says what the code does, and every finding code has its section."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_generated_page_or_schema_is_stale() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / ".ci/generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.stale() == []
