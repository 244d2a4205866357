"""A small Sigstore on this machine: it certifies identities, logs signatures, and hands out a job's token.

Each answer has the form of the public services' (Fulcio, Rekor 1, GitHub's token service), with keys made for one test.
It takes every token at its word, as nobody but the test can ask it.
"""

import base64
import hashlib
import json
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from integration.serving import Answering, serving

PROVIDER = "https://token.actions.githubusercontent.com"
WORKFLOW = "acme/flight-delay/.github/workflows/release.yml@refs/heads/main"
IDENTITY = f"https://github.com/{WORKFLOW}"
_LONG_AGO = "2020-01-01T00:00:00Z"
_ISSUER, _TIMESTAMPS = ObjectIdentifier("1.3.6.1.4.1.57264.1.1"), ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_REQUEST_TOKEN = "of-this-job"  # noqa: S105 - made up


class _Sigstore:
    """The keys of one Sigstore, and what it says."""

    def __init__(self) -> None:
        self.authority, self.certificates, self.log = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self.root = self._root()
        self.url = ""

    def _root(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test sigstore")])
        made = _certificate(name, name, self.authority.public_key(), timedelta(days=2))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(_usage(certificates=True), critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key())
        return made.add_extension(identifier, critical=False).sign(self.authority, hashes.SHA256())

    def certify(self, request: x509.CertificateSigningRequest, claims: Mapping[str, str]) -> list[str]:
        """Return the chain, PEM, of a certificate for whom the token names; the certificates' log signed it."""
        made = _certificate(x509.Name([]), self.root.subject, request.public_key(), timedelta(minutes=10))  # type: ignore[arg-type]
        identity = x509.UniformResourceIdentifier(f"https://github.com/{claims['job_workflow_ref']}")
        for extension, critical in (
            (_usage(certificates=False), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
            (x509.SubjectAlternativeName([identity]), True),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key()), False),
            (x509.UnrecognizedExtension(_ISSUER, claims["iss"].encode()), False),
        ):
            made = made.add_extension(extension, critical=critical)
        unlogged = made.sign(self.authority, hashes.SHA256())
        stamped = x509.UnrecognizedExtension(_TIMESTAMPS, self._timestamps(unlogged.tbs_certificate_bytes))
        leaf = made.add_extension(stamped, critical=False).sign(self.authority, hashes.SHA256())
        return [one.public_bytes(Encoding.PEM).decode() for one in (leaf, self.root)]

    def _timestamps(self, entry: bytes) -> bytes:
        """Return the log's promise for a certificate (RFC 6962), as the certificate carries it."""
        issuer, now = _digest(_der(self.authority.public_key())), int(time.time() * 1000)
        signed = struct.pack("!BBQH", 0, 0, now, 1) + issuer + len(entry).to_bytes(3) + entry + b"\0\0"
        signature = self.certificates.sign(signed, ec.ECDSA(hashes.SHA256()))
        head = b"\0" + _digest(_der(self.certificates.public_key())) + struct.pack("!QH", now, 0)
        one = head + b"\4\3" + len(signature).to_bytes(2) + signature
        listed = len(one).to_bytes(2) + one
        content = len(listed).to_bytes(2) + listed
        return b"\4" + (bytes([len(content)]) if len(content) < 128 else b"\x81" + bytes([len(content)])) + content

    def enter(self, proposed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the log's answer to a signed envelope: a tree of this one leaf, and its checkpoint."""
        content = proposed["spec"]["proposedContent"]
        envelope, (verifier,) = json.loads(content["envelope"]), content["verifiers"]
        body = _canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": _digest(content["envelope"].encode()).hex()},
            "payloadHash": {"algorithm": "sha256",
                            "value": _digest(base64.b64decode(envelope["payload"])).hex()},
            "signatures": [{"signature": one["sig"], "verifier": verifier} for one in envelope["signatures"]],
        }})  # fmt: skip
        key = _digest(_der(self.log.public_key()))
        entry = {"body": _text(body), "integratedTime": int(time.time()), "logID": key.hex(), "logIndex": 0}
        root = _digest(b"\0" + body)
        note = f"test sigstore\n1\n{_text(root)}\n"
        seal = _text(key[:4] + self.log.sign(note.encode(), ec.ECDSA(hashes.SHA256())))
        proof = {"checkpoint": f"{note}\n\u2014 test {seal}\n", "hashes": [], "logIndex": 0, "rootHash": root.hex(),
                 "treeSize": 1}  # fmt: skip
        promise = _text(self.log.sign(_canonical(entry), ec.ECDSA(hashes.SHA256())))
        return {"1": entry | {"verification": {"inclusionProof": proof, "signedEntryTimestamp": promise}}}

    def trust(self) -> dict[str, Any]:
        """Return what a client must know to use this Sigstore, and no other."""
        valid = {"start": _LONG_AGO}
        logs = [
            {"baseUrl": self.url, "hashAlgorithm": "SHA2_256", "logId": {"keyId": _text(_digest(der))},
             "publicKey": {"rawBytes": _text(der), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": valid}}
            for der in (_der(self.log.public_key()), _der(self.certificates.public_key()))
        ]  # fmt: skip
        authority = {
            "subject": {"organization": "test", "commonName": "test sigstore"}, "uri": self.url, "validFor": valid,
            "certChain": {"certificates": [{"rawBytes": _text(self.root.public_bytes(Encoding.DER))}]},
        }  # fmt: skip
        service = [{"url": self.url, "majorApiVersion": 1, "validFor": valid, "operator": "test"}]
        return {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": logs[:1], "ctlogs": logs[1:], "certificateAuthorities": [authority],
            },
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": service, "oidcUrls": service, "rekorTlogUrls": service,
                "rekorTlogConfig": {"selector": "ANY"}, "tsaConfig": {"selector": "ANY"},
            },
        }  # fmt: skip


@contextmanager
def running(trust: Path) -> Iterator[dict[str, str]]:
    """Run a Sigstore, write what clients must know of it, and yield the variables of a job of `WORKFLOW`."""
    sigstore = _Sigstore()

    class Handler(Answering):
        def get(self) -> None:
            if self.path.startswith("/token"):
                assert self.headers["Authorization"].lower() == f"bearer {_REQUEST_TOKEN}"
                self.say({"value": token(parse_qs(self.path.partition("?")[2])["workflow"][0])})
            else:
                self.say({f"{one}_endpoint": f"{sigstore.url}/{one}" for one in ("authorization", "token")})

        def post(self) -> None:
            given = self.given()
            if self.path == "/api/v1/log/entries":
                self.say(sigstore.enter(given))
                return
            request = x509.load_pem_x509_csr(base64.b64decode(given["certificateSigningRequest"]))
            claims = self.headers["Authorization"].split(".")[1]
            claimed = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
            self.say({"signedCertificateEmbeddedSct": {"chain": {"certificates": sigstore.certify(request, claimed)}}})

    with serving(Handler) as sigstore.url:
        trust.write_text(json.dumps(sigstore.trust()))
        yield {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{sigstore.url}/token?workflow={WORKFLOW}",
               "ACTIONS_ID_TOKEN_REQUEST_TOKEN": _REQUEST_TOKEN}  # fmt: skip


def token(workflow: str = WORKFLOW) -> str:
    """Return what says that a job is of a workflow; nobody signed it."""
    now = int(time.time())
    claims = {"iss": PROVIDER, "aud": "sigstore", "sub": "repo:acme/flight-delay", "iat": now, "nbf": now,
              "exp": now + 300, "job_workflow_ref": workflow}  # fmt: skip
    parts = (base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode()
             for one in ({"alg": "RS256", "typ": "JWT"}, claims))  # fmt: skip
    return ".".join((*parts, "bm90LXNpZ25lZA"))


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, lasts: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC) - timedelta(seconds=5)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return made.serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + lasts)


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates, key_cert_sign=certificates, crl_sign=certificates, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _der(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
