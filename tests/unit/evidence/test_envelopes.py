import base64
import json
import re
from typing import Any

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

from builders import finding, report
from mlops_ci.evidence import Unproven, open_, seal, seal_report, state_about
from mlops_ci.report import Effect

DIGEST, COMMIT = f"sha256:{'a' * 64}", "c" * 40
KEY, OTHER = CryptoSigner.generate_ed25519(), CryptoSigner.generate_ed25519()
STATEMENT = state_about({"model": DIGEST}, "https://example.org/v1", {"said": "ü"})
SEALED = seal(STATEMENT, KEY)
TRUSTED = (KEY.public_key,)


def test_what_a_trusted_key_sealed_can_be_opened() -> None:
    assert open_(SEALED, TRUSTED) == STATEMENT
    assert open_(SEALED, (OTHER.public_key, KEY.public_key)) == STATEMENT


def test_the_same_statement_has_the_same_bytes() -> None:
    assert seal(dict(reversed(STATEMENT.items())), KEY) == SEALED


def test_every_changed_byte_is_refused() -> None:
    for place in range(len(SEALED)):
        for changed in {SEALED[place] ^ 1, ord(" "), ord("A")} - {SEALED[place]}:
            with pytest.raises(Unproven):
                open_(SEALED[:place] + bytes([changed]) + SEALED[place + 1 :], TRUSTED)


def test_bytes_that_are_added_or_missing_are_refused() -> None:
    for raw in (SEALED[:-1], SEALED + b"\n", b" " + SEALED, SEALED[1:], SEALED * 2):
        with pytest.raises(Unproven):
            open_(raw, TRUSTED)


def test_an_unknown_key_is_refused_and_named() -> None:
    with pytest.raises(Unproven, match=f"signed by {OTHER.public_key.keyid[:16]}, whose key is not trusted"):
        open_(seal(STATEMENT, OTHER), TRUSTED)
    with pytest.raises(Unproven, match="not trusted"):
        open_(SEALED, ())


def rewritten(**changes: Any) -> bytes:  # noqa: ANN401 - any JSON
    return json.dumps(json.loads(SEALED) | changes, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def test_another_statement_under_the_same_signature_is_refused() -> None:
    payload = base64.b64encode(json.dumps(STATEMENT | {"predicate": {"verdict": "pass"}}).encode()).decode()
    with pytest.raises(Unproven, match="altered"):
        open_(rewritten(payload=payload), TRUSTED)


def test_a_signature_under_a_trusted_name_by_another_key_is_refused() -> None:
    ((theirs),) = json.loads(seal(STATEMENT, OTHER))["signatures"]
    with pytest.raises(Unproven, match="signature is wrong"):
        open_(rewritten(signatures=[theirs | {"keyid": KEY.public_key.keyid}]), TRUSTED)


@pytest.mark.parametrize("signatures", [[], None, {}, [{}], ["x"], [{"keyid": KEY.public_key.keyid, "sig": ""}]])
def test_an_envelope_without_a_signature_is_refused(signatures: object) -> None:
    with pytest.raises(Unproven):
        open_(rewritten(signatures=signatures), TRUSTED)


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"null", b"pass", b"\xff", b'{"verdict": "pass"}', b"[" * 100_000])
def test_what_is_no_envelope_is_refused(raw: bytes) -> None:
    with pytest.raises(Unproven, match="not a signed envelope"):
        open_(raw, TRUSTED)


@pytest.mark.parametrize("payload", [b"", b"no JSON", b"[]", b"\xff"])
def test_a_signed_payload_that_is_no_statement_is_refused(payload: bytes) -> None:
    envelope = Envelope(payload, "application/vnd.in-toto+json", {})
    envelope.sign(KEY)
    raw = json.dumps(envelope.to_dict(), sort_keys=True, separators=(",", ":")).encode() + b"\n"
    with pytest.raises(Unproven, match="no statement"):
        open_(raw, TRUSTED)


def test_a_signed_payload_of_another_type_is_refused() -> None:
    envelope = Envelope(json.dumps(STATEMENT).encode(), "application/json", {})
    envelope.sign(KEY)
    raw = json.dumps(envelope.to_dict(), sort_keys=True, separators=(",", ":")).encode() + b"\n"
    with pytest.raises(Unproven, match="no statement"):
        open_(raw, TRUSTED)


def passed(effect: Effect | None = None, **changes: object) -> dict[str, Any]:
    findings = [finding(effect=effect)] if effect else []
    return report(*findings).to_json() | {"inputs": {"model": DIGEST, "commit": COMMIT}} | changes


def test_a_report_that_passed_is_sealed_about_its_model_and_commit() -> None:
    statement = open_(seal_report(passed("informs"), KEY), TRUSTED)
    assert [one["name"] for one in statement["subject"]] == ["commit", "model"]
    assert statement["predicate"]["verdict"] == "pass"


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        (passed("blocks"), "gate-model: fail"),
        (passed("undecided"), "gate-model: inconclusive"),
        (passed("undecided") | {"verdict": "pass", "exit_code": 0}, "its findings do not"),
        (passed(verdict=None), "gate-model: None"),
        (passed(inputs={"commit": COMMIT}), "another model (none, not none)"),
        (passed(inputs={"model": DIGEST}), "another commit (none, not none)"),
        (passed(inputs=None), "another model"),
    ],
)
def test_a_report_that_proves_nothing_is_not_sealed(plain: dict[str, Any], said: str) -> None:
    with pytest.raises(Unproven, match=re.escape(said)):
        seal_report(plain, KEY)
