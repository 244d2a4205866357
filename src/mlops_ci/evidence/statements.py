"""Statements about digests in the form of in-toto, and whether one says what it must."""

import json
from collections.abc import Mapping
from typing import Any

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://github.com/mlops-ci/mlops-ci/report/v1"
OVERRIDE = "https://github.com/mlops-ci/mlops-ci/override/v1"


def statement_from(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return an in-toto statement: this report (as JSON), about exactly the digests and the commit it names."""
    inputs = report.get("inputs")
    pairs = inputs.items() if isinstance(inputs, Mapping) else ()
    subjects = {
        name: str(value) for name, value in pairs if str(value).startswith("sha256:") or (name == "commit" and value)
    }
    return state_about(subjects, PREDICATE, report)


def state_override(model: str, commit: str, *, reason: str, who: str, at: str) -> dict[str, Any]:
    """Return the statement that a person released a model (its digest, its commit) without proof, and why."""
    predicate = {"overridden": True, "reason": reason, "who": who, "at": at}
    return state_about({"model": model, "commit": commit}, OVERRIDE, predicate)


def state_about(subjects: Mapping[str, str], predicate_type: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    """Return an in-toto statement (v1) about subjects: name → `sha256:<hex>`, or the id of a git commit.

    Source: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
    """
    named = [{"name": name, "digest": _digest(value)} for name, value in sorted(subjects.items())]
    return {"_type": STATEMENT, "subject": named, "predicateType": predicate_type, "predicate": dict(predicate)}


def _digest(value: str) -> dict[str, str]:
    """Return a digest under the name that in-toto has for its kind."""
    return {"sha256": value.removeprefix("sha256:")} if value.startswith("sha256:") else {"gitCommit": value}


def find_fault(raw: object, *, step: str, subjects: Mapping[str, str]) -> str | None:
    """Return why a statement does not prove that `step` passed for these subjects; None when it does.

    Args:
        raw: the decoded statement.
        step: the step that must have judged.
        subjects: name → digest (or commit) that must be a subject, and an input of the report.
    """
    match raw:
        case {
            "_type": str(kind),
            "predicateType": str(about),
            "predicate": {"step": judged, "verdict": verdict, **rest},
            "subject": list(named),
        } if (kind, about) == (STATEMENT, PREDICATE):
            pass
        case _:
            return "it is not a statement about a report"
    if judged != step or verdict != "pass":
        return f"it says {judged}: {verdict}, not {step}: pass"
    if any(effect != "informs" for effect in _effects(rest.get("findings"))):
        return "it says pass, but its findings do not: somebody edited it"
    if (code := rest.get("exit_code")) != 0:
        return f"it says pass, but it ended with code {code}"
    return _other_subject(named, subjects) or _other_input(rest.get("inputs"), subjects)


def find_override_fault(raw: object, *, subjects: Mapping[str, str]) -> str | None:
    """Return why a statement is no override of the gate for these subjects; None when it is one."""
    match raw:
        case {
            "_type": str(kind),
            "predicateType": str(about),
            "predicate": {"overridden": True, "reason": str(reason), "who": str(who)},
            "subject": list(named),
        } if (kind, about) == (STATEMENT, OVERRIDE):
            pass
        case _:
            return "it is not a statement about an override"
    if not reason.strip() or not who.strip():
        return "it does not say who overrode the gate, and why"
    return _other_subject(named, subjects)


def _other_subject(named: list[object], subjects: Mapping[str, str]) -> str | None:
    found = dict(_subject(one) for one in named)
    for name, digest in subjects.items():
        if found.get(name) != digest:
            return f"it is about another {name} ({found.get(name, 'none')}, not {digest})"
    return None


def _other_input(inputs: object, subjects: Mapping[str, str]) -> str | None:
    known = inputs if isinstance(inputs, Mapping) else {}
    differing = [name for name, digest in subjects.items() if known.get(name) != digest]
    return f"its report is about another {differing[0]}: somebody edited it" if differing else None


def _effects(findings: object) -> list[object]:
    """Return the findings' effects; None for what is no finding."""
    raw = findings if isinstance(findings, list | tuple) else [findings] if findings else []
    return [one.get("effect") if isinstance(one, Mapping) else None for one in raw]


def _subject(raw: object) -> tuple[str, str]:
    """Return name and digest of a subject; what is no subject has no name."""
    match raw:
        case {"name": str(name), "digest": {"sha256": str(digest)}}:
            return name, f"sha256:{digest}"
        case {"name": str(name), "digest": {"gitCommit": str(commit)}}:
            return name, commit
        case _:
            return "", "none"


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the one byte form in which statements are stored and digested."""
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"
