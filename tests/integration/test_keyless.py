"""Models signed by a job's identity: a Sigstore on this machine signs, and what the public one signed is verified."""

import base64
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from builders import Ended, mlops_ci
from integration import sigstore
from integration.scanning import FOLDER, environment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SIGNED = Path(__file__).parents[1] / "data/signed-by-the-public-sigstore"
BUNDLE = ".mlops-ci/evidence/model.sigstore.json"


@dataclass(frozen=True)
class Job:
    """A folder with a model that a job signed."""

    root: Path
    variables: Mapping[str, str]

    def run(self, *words: str, **more: str) -> Ended:
        return mlops_ci(self.root, "signature", *words, env=environment(FOLDER) | more)

    def verify(self, *words: str, identity: str = sigstore.IDENTITY, trust: str = "trust.json") -> Ended:
        return self.run("verify", "--signature", BUNDLE, "--identity", identity, "--trust-config", trust, *words)


@pytest.fixture(scope="module")
def job(scanners: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """Return a folder whose model was signed with a key and by the job's identity."""
    root = tmp_path_factory.mktemp("job")
    (root / "models/current").mkdir(parents=True)
    (root / "models/current/MLmodel").write_text("flavors: {}\n")
    with sigstore.running(root / "trust.json") as variables:
        made = Job(root, variables)
        ended = made.run("sign", "--keyless", "--trust-config", "trust.json", **variables)
        assert ended.code == 0, ended.stderr
        yield made


def test_the_identity_that_signed_is_verified_and_the_key_as_well(job: Job) -> None:
    assert job.verify().code == 0
    assert job.run("verify", "--key", ".mlops-ci/evidence/model.pub.pem").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--identity", sigstore.IDENTITY.replace("release", "other")), "SANs do not match"),
        (("--identity-provider", "https://elsewhere.example"), "OIDCIssuer"),
    ],
)
def test_another_identity_or_provider_is_refused(job: Job, words: tuple[str, ...], said: str) -> None:
    ended = job.verify(*words)
    assert (ended.code, said in ended.stderr) == (10, True), ended.stderr


def test_a_changed_model_is_refused(job: Job) -> None:
    file = job.root / "models/current/MLmodel"
    before = file.read_text()
    file.write_text("flavors: {changed: {}}\n")
    try:
        ended = job.verify()
    finally:
        file.write_text(before)
    assert (ended.code, "Hash mismatch" in ended.stderr) == (10, True), ended.stderr


def test_what_another_sigstore_certified_is_refused(job: Job) -> None:
    with sigstore.running(job.root / "other.json"):
        ended = job.verify(trust="other.json")
    assert (ended.code, "does not fit the model" in ended.stderr) == (10, True), ended.stderr


def test_a_job_that_cannot_say_who_it_is_signs_nothing_and_is_told_what_it_lacks(job: Job) -> None:
    (job.root / BUNDLE).rename(job.root / "kept")
    try:
        ended = job.run("sign", "--keyless", "--trust-config", "trust.json")
        assert (ended.code, "id-token: write" in ended.stderr) == (2, True), ended.stderr
        assert not (job.root / BUNDLE).exists()
        ended = job.verify()
        assert (ended.code, "does not exist" in ended.stderr) == (3, True), ended.stderr
    finally:
        (job.root / "kept").rename(job.root / BUNDLE)


def test_a_token_that_another_service_gave_the_job_will_do(job: Job) -> None:
    words = ("sign", "--keyless", "--trust-config", "trust.json", "--signature", "elsewhere/model.sig")
    ended = job.run(*words, SIGSTORE_ID_TOKEN=sigstore.token())
    assert ended.code == 0, ended.stderr
    assert job.verify("--signature", "elsewhere/model.sigstore.json").code == 0


def test_a_key_and_an_identity_or_neither_is_no_question(job: Job) -> None:
    assert job.run("verify").code == 2
    assert job.verify("--key", "trust.json").code == 2
    assert job.verify(trust="missing.json").code == 2


def test_what_the_public_sigstore_signed_is_verified_by_its_own_root(job: Job, tmp_path: Path) -> None:
    """The root is the one that the pinned program carries; this machine need not reach the service."""
    (stored,) = FOLDER.glob("scanners/model-signing-*/lib/python*/site-packages/sigstore/_store/*sigstore.dev")
    trust = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": json.loads((stored / "trusted_root.json").read_text()),
        "signingConfig": json.loads((stored / "signing_config.v0.2.json").read_text()),
    }
    (job.root / "public.json").write_text(json.dumps(trust))
    model = shutil.copytree(SIGNED / "model", tmp_path / "model")
    bundle = SIGNED / "model.sigstore.json"
    raw = json.loads(bundle.read_text())["verificationMaterial"]["certificate"]["rawBytes"]
    names = x509.load_der_x509_certificate(base64.b64decode(raw)).extensions
    (signer,) = names.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.RFC822Name)
    words = ("verify", str(model), "--signature", str(bundle), "--trust-config", "public.json",
             "--identity-provider", "https://sigstore.verify.ibm.com/oauth2", "--identity")  # fmt: skip
    assert job.run(*words, signer).code == 0
    assert job.run(*words, f"not-{signer}").code == 10
    (model / "signme-1").write_text("changed")
    assert job.run(*words, signer).code == 10
