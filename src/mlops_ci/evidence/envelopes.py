"""Signed envelopes: what one holds is known to be what a trusted key signed, to the byte."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_ci.evidence.statements import find_fault, statement_from, to_bytes

if TYPE_CHECKING:  # the library is needed only where something is signed or checked
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import Key, Signer

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Unproven(ValueError):
    """An envelope, or what was to be sealed in one, proves nothing; the message says why."""


def seal(statement: Mapping[str, Any], key: "Signer") -> bytes:
    """Return a statement in a signed envelope (DSSE): canonical JSON, so that one content has one byte form.

    Source: https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
    """
    from securesystemslib.dsse import Envelope

    envelope = Envelope(to_bytes(statement), PAYLOAD_TYPE, {})
    envelope.sign(key)
    return _written(envelope)


def seal_report(report: Mapping[str, Any], key: "Signer") -> bytes:
    """Return the sealed statement that a report (as JSON) makes about its model and its commit.

    Raises:
        Unproven: the report is no pass, or does not name a model and a commit.
    """
    statement = statement_from(report)
    inputs = report.get("inputs") or {}
    subjects = {name: str(inputs.get(name) or "none") for name in ("model", "commit")}
    if fault := find_fault(statement, step=str(report.get("step")), subjects=subjects):
        raise Unproven(fault)
    return seal(statement, key)


def open_(raw: bytes, trusted: Sequence["Key"]) -> dict[str, Any]:
    """Return the statement in an envelope that one of the trusted keys signed.

    Raises:
        Unproven: it is no envelope, differs in any byte from what was sealed, or no trusted key signed it.
    """
    from securesystemslib.exceptions import VerificationError

    envelope = _parsed(raw)
    signers = set(envelope.signatures)
    if not signers & {key.keyid for key in trusted}:
        said = ", ".join(sorted(keyid[:16] for keyid in signers)) or "nobody"
        raise Unproven(f"it is signed by {said}, whose key is not trusted here")
    try:
        envelope.verify(list(trusted), 1)
    except VerificationError as wrong:
        raise Unproven("its signature is wrong: somebody altered it after it was signed") from wrong
    try:
        statement = json.loads(envelope.payload)
    except ValueError as problem:
        raise Unproven("it holds no statement") from problem
    if envelope.payload_type != PAYLOAD_TYPE or not isinstance(statement, dict):
        raise Unproven("it holds no statement")
    return statement


def _parsed(raw: bytes) -> "Envelope":
    from securesystemslib.dsse import Envelope

    try:
        envelope = Envelope.from_dict(json.loads(raw))
        same = _written(envelope) == raw
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise Unproven("it is not a signed envelope: only a gate can write one") from problem
    if not same:
        raise Unproven("it is not in the form in which it was sealed: somebody altered it")
    return envelope


def _written(envelope: "Envelope") -> bytes:
    return json.dumps(envelope.to_dict(), sort_keys=True, separators=(",", ":")).encode() + b"\n"
