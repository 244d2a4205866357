"""A pull request's decision is counted by another job, on a real origin: once, and only if it can be true."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import Ended, commit_all, finding, git, git_repository, mlops_ci, report
from mlops_ci.release.ledger import Ledger
from mlops_ci.tools.git import Git

pytestmark = pytest.mark.integration

GOLDEN, OTHER, MODEL, RULES = (f"sha256:{letter * 64}" for letter in "abcd")


class Place:
    """A clone of the default branch, and an origin with a pull request: its head, and its merge."""

    def __init__(self, folder: Path) -> None:
        self.origin = folder / "origin.git"
        author = git_repository(folder)
        git(author, "checkout", "--quiet", "-b", "change")
        (author / "change.txt").write_text("x")
        self.head = commit_all(author)
        git(author, "checkout", "--quiet", "main")
        (author / "base.txt").write_text("x")
        self.base = commit_all(author)
        git(author, "merge", "--quiet", "--no-ff", "--no-edit", "change")
        self.merge = git(author, "rev-parse", "HEAD")
        git(author, "push", "--quiet", "origin", f"{self.base}:main", "change", f"{self.merge}:refs/pull/1/merge")
        self.root = folder / "clone"
        git(folder, "clone", "--quiet", "--depth=1", f"file://{self.origin}", str(self.root))

    def keep(self, **inputs: str) -> None:
        """Leave a report of the gate, as its artifact would be."""
        said = {"model": MODEL, "rules": RULES, "commit": self.merge, "counted": GOLDEN} | inputs
        (self.root / "reports").mkdir(exist_ok=True)
        plain = replace(report(finding()), inputs=said).to_json()
        (self.root / "reports/gate-model.json").write_text(json.dumps(plain))

    def record(self, commit: str = "") -> tuple[Ended, dict[str, Any]]:
        """Run the command, and return how it ended and what it said."""
        ended = mlops_ci(self.root, "record", "--commit", commit or self.head, "--format", "json")
        return ended, json.loads(ended.stdout) if ended.stdout else {}

    def state(self) -> str:
        """Return what the state branch is at; empty where there is none."""
        return git(self.origin, "for-each-ref", "--format=%(objectname)", "refs/heads/mlops-ci/state")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_decision_about_the_merge_of_the_head_is_counted_once(place: Place) -> None:
    place.keep(base_counted=OTHER, counted_version="2026-11")
    ended, said = place.record()
    assert (ended.code, said["counted"]) == (0, 2), ended.stderr
    ledger = Ledger(Git(place.root))
    (decision,) = ledger.read(GOLDEN).decisions
    assert (decision.verdict, decision.commit, decision.question) == ("fail", place.merge, (MODEL, "", RULES))
    assert ledger.read(GOLDEN).version == "2026-11"
    assert len(ledger.read(OTHER).decisions) == 1
    before = place.state()
    ended, said = place.record()
    assert (ended.code, said["counted"], place.state()) == (0, 0, before)
    assert "no further decision" in said["said"]
    assert not (place.root / "change.txt").exists()
    assert git(place.root, "cat-file", "--batch-check", "--batch-all-objects").count(place.head) == 0, "nothing of it"


def test_a_decision_about_the_head_itself_is_counted(place: Place) -> None:
    place.keep(commit=place.head)
    assert place.record()[1]["counted"] == 1


@pytest.mark.parametrize("commit", ["base", "unknown", "head of another run"])
def test_a_decision_about_another_commit_is_refused(place: Place, commit: str) -> None:
    place.keep(commit={"base": place.base, "unknown": "f" * 40}.get(commit, place.merge))
    ended, _ = place.record("e" * 40 if commit == "head of another run" else place.head)
    assert (ended.code, place.state()) == (3, "")
    assert "nor a merge of it" in ended.stderr


def test_a_made_up_report_is_refused_and_nothing_is_written(place: Place) -> None:
    path = place.root / "reports/gate-model.json"
    made_up = [
        {"counted": "sha256:../../deploy/production/x"},
        {"counted": f"sha256:{'A' * 64}"},
        {"model": "x\n::error::y"},
    ]
    for inputs in made_up:
        place.keep(**inputs)
        ended, _ = place.record()
        assert (ended.code, place.state()) == (3, ""), ended.stderr
        assert "\n::error::" not in ended.stderr
    place.keep()
    for text in (path.read_text() + " " * (2 << 20), "not JSON"):
        path.write_text(text)
        ended, _ = place.record()
        assert (ended.code, place.state()) == (3, ""), ended.stderr
        assert "Nothing was counted" in ended.stderr


def test_without_a_report_or_a_verdict_there_is_nothing_to_count(place: Place) -> None:
    ended, said = place.record()
    assert (ended.code, said["counted"]) == (0, 0)
    assert "there is no report of gate-model" in said["said"]
    place.keep()
    path = place.root / "reports/gate-model.json"
    path.write_text(json.dumps(replace(report(), judged=False, error="x", error_code=3).to_json()))
    ended, said = place.record()
    assert (ended.code, place.state()) == (0, "")
    assert "reached no verdict" in said["said"]


def test_a_commit_that_is_none_and_an_origin_that_refuses_or_is_away_are_told(place: Place) -> None:
    place.keep()
    ended, _ = place.record("main")
    assert (ended.code, "--commit is the whole id" in ended.stderr) == (2, True)
    hook = place.origin / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    ended, _ = place.record()
    assert (ended.code, "was not counted" in ended.stderr) == (5, True)
    place.origin.rename(place.origin.with_name("away"))
    ended, _ = place.record()
    assert (ended.code, "cannot be fetched" in ended.stderr) == (5, True), ended.stderr
