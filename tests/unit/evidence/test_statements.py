import copy
import json
from typing import Any

import pytest

from builders import finding, report
from mlops_ci.evidence import find_fault, find_override_fault, state_override, statement_from, to_bytes
from mlops_ci.evidence.statements import OVERRIDE

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
COMMIT = "c" * 40


def passed(**changes: object) -> dict[str, Any]:
    plain: dict[str, Any] = report().to_json() | {"inputs": {"model": DIGEST, "commit": COMMIT}} | changes
    return statement_from(plain)


def test_a_statement_about_a_pass_proves_it() -> None:
    assert find_fault(passed(), step="gate-model", subjects={"model": DIGEST}) is None
    assert find_fault(json.loads(to_bytes(passed())), step="gate-model", subjects={"model": DIGEST}) is None


@pytest.mark.parametrize(
    "statement",
    [
        passed(verdict="fail"),
        passed(verdict=None),
        passed(step="validate-data"),
        passed(inputs={"model": OTHER}),
        passed(inputs={"golden": DIGEST}),
        passed(inputs={"model": DIGEST.upper()}),
        passed(inputs={}),
        {**passed(), "subject": []},
        {**passed(), "predicate": None},
        passed(exit_code=5),
        {**passed(), "_type": "https://in-toto.io/Statement/v0.1"},
        {**passed(), "predicateType": OVERRIDE},
        {"verdict": "pass"},
        [],
        None,
        "pass",
    ],
)
def test_a_statement_about_anything_else_proves_nothing(statement: object) -> None:
    assert find_fault(statement, step="gate-model", subjects={"model": DIGEST})


@pytest.mark.parametrize(
    "subject",
    [
        ["model"],
        [None],
        [{"name": "model"}],
        [{"name": "model", "digest": None}],
        [{"name": "model", "digest": DIGEST}],
        [{"name": "model", "digest": {"sha256": 5}}],
        [{"name": ["model"], "digest": {"sha256": "a" * 64}}],
        {"name": "model"},
    ],
)
def test_nonsense_among_the_subjects_is_a_fault_and_no_crash(subject: object) -> None:
    assert find_fault({**passed(), "subject": subject}, step="gate-model", subjects={"model": DIGEST})


def test_a_report_edited_to_say_pass_contradicts_its_own_findings() -> None:
    failed = report(finding(effect="blocks")).to_json() | {"inputs": {"model": DIGEST}}
    edited = statement_from(copy.deepcopy(failed) | {"verdict": "pass"})
    assert "finding" in str(find_fault(edited, step="gate-model", subjects={"model": DIGEST}))


@pytest.mark.parametrize("inputs", [None, [], "model", {"model": 5}])
def test_a_report_with_nonsense_as_inputs_makes_a_statement_about_nothing(inputs: object) -> None:
    assert statement_from({"inputs": inputs})["subject"] == []


def test_the_commit_is_a_subject_and_another_commit_is_a_fault() -> None:
    assert {"name": "commit", "digest": {"gitCommit": COMMIT}} in passed()["subject"]
    wanted = {"model": DIGEST, "commit": COMMIT}
    assert find_fault(passed(), step="gate-model", subjects=wanted) is None
    said = find_fault(passed(), step="gate-model", subjects=wanted | {"commit": "d" * 40})
    assert "another commit" in str(said)


def test_subjects_that_the_report_itself_does_not_name_prove_nothing() -> None:
    moved = {**passed(), "predicate": passed(inputs={"model": OTHER, "commit": COMMIT})["predicate"]}
    assert "edited" in str(find_fault(moved, step="gate-model", subjects={"model": DIGEST}))


def overridden(reason: str = "the old one is broken", who: str = "Ada <ada@example.org>") -> dict[str, Any]:
    return state_override(DIGEST, COMMIT, reason=reason, who=who, at="2026-11-22T10:00:00+00:00")


def test_an_override_says_who_and_why_about_one_model_and_commit() -> None:
    wanted = {"model": DIGEST, "commit": COMMIT}
    assert find_override_fault(overridden(), subjects=wanted) is None
    assert find_override_fault(overridden(), subjects=wanted | {"model": OTHER})
    assert find_override_fault(overridden(), subjects=wanted | {"commit": "d" * 40})
    assert find_override_fault(overridden(reason=" "), subjects=wanted)
    assert find_override_fault(overridden(who=""), subjects=wanted)
    assert find_override_fault(passed(), subjects=wanted)
    assert find_fault(overridden(), step="gate-model", subjects=wanted), "an override is no verdict"
