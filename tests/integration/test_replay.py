"""`canary replay` as a user calls it: real files, both formats, settings, others' rules, and its speed."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from builders import mlops_ci, write_settings
from unit.rollout.ticklogs import release, write

pytestmark = pytest.mark.integration
CLIMB = [5] * 60 + [25] * 60 + [50] * 300


def answers(folder: Path, *flags: str) -> list[dict[str, Any]]:
    ended = mlops_ci(folder, "canary", "replay", "ticks.jsonl", "--format", "json", *flags)
    assert ended.code == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_one_json_object_a_release_without_any_settings(tmp_path: Path) -> None:
    write(tmp_path / "ticks.jsonl", release("good", CLIMB), release("bad", CLIMB, ratio=10.0))
    good, bad = answers(tmp_path)
    assert list(good) == ["release", "decision", "t", "step", "guardrail", "evidence"]
    assert (good["release"], good["decision"]) == ("good", "promote")
    assert (bad["decision"], bad["guardrail"], bad["step"]) == ("rollback", "errors", 1)
    assert [one["decision"] for one in answers(tmp_path, "--rule", "argo")] == ["rollback", "rollback"]


def test_named_settings_are_the_rules(tmp_path: Path) -> None:
    write(tmp_path / "ticks.jsonl", release("r", [5] * 200))
    assert answers(tmp_path)[0]["decision"] == "hold"
    write_settings(tmp_path, "model: m\ncanary: {serve: [serve], steps: [5], slow_ms: 250}\n")
    assert answers(tmp_path, "--settings", "mlops.yaml")[0]["decision"] == "promote"
    assert answers(tmp_path)[0]["decision"] == "hold"


def test_a_table_for_people_and_plain_words_for_what_is_wrong(tmp_path: Path) -> None:
    write(tmp_path / "ticks.jsonl", *(release(f"r{at}", [5] * 3, seed=at) for at in range(30)))
    shown = mlops_ci(tmp_path, "canary", "replay", "ticks.jsonl")
    assert shown.stdout.startswith("hold: 30\n")
    assert "and 10 more" in shown.stdout
    missing = mlops_ci(tmp_path, "canary", "replay", "nothing.jsonl")
    assert (missing.code, missing.stdout) == (3, "")
    assert "nothing.jsonl does not exist" in missing.stderr
    (tmp_path / "ticks.jsonl").write_text('{"t": 1}\n')
    broken = mlops_ci(tmp_path, "canary", "replay", "ticks.jsonl", "--format", "json")
    assert (broken.code, broken.stdout) == (3, "")
    assert "ticks.jsonl:1 is no tick: 'weight' is missing" in broken.stderr


def test_many_ticks_are_a_matter_of_seconds(tmp_path: Path) -> None:
    """The benchmark measures a hundred thousand ticks a second; a busy machine may take twelve times as long."""
    lines = release("r0", CLIMB * 5)
    texts = [json.dumps(line).removeprefix('{"release": "r0"') for line in lines]
    with (tmp_path / "ticks.jsonl").open("w") as stream:
        for at in range(50):
            stream.writelines(f'{{"release": "r{at}"{text}\n' for text in texts)
    began = time.monotonic()
    assert len(answers(tmp_path)) == 50
    assert time.monotonic() - began < 50 * len(texts) / 8_000
