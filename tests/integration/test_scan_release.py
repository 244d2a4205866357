"""What a release must prove beside its gate: scanned, listed and signed, for exactly its digests."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from builders import Ended, commit_all, git, mlops_ci
from integration import sigstore
from integration.scanning import FOLDER, environment, scan
from integration.test_evidence import EVIDENCE, judged, make, registered, sealed
from integration.test_evidence import write as write_evidence
from mlops_ci.evidence import digest_model

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

BILL = ".mlops-ci/sbom/release.cdx.json"
SIGNATURE = ".mlops-ci/evidence/model.sig"
KEYLESS = ".mlops-ci/evidence/model.sigstore.json"
TRUST = "keys/sigstore.json"
SCAN = ".mlops-ci/evidence/scan.json"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Return what to know of a Sigstore on this machine, and the variables of a job that it certifies."""
    trust = tmp_path_factory.mktemp("sigstore") / "trust.json"
    with sigstore.running(trust) as variables:
        yield trust, variables


@pytest.fixture(scope="module")
def root(scanners: Path, tmp_path_factory: pytest.TempPathFactory, authority: tuple[Path, Mapping[str, str]]) -> Path:
    """Return a repository that demands everything of a release; its gate has passed."""
    made = make(tmp_path_factory.mktemp("release"))
    (made / "mlops.yaml").write_text(
        (made / "mlops.yaml").read_text() + "  demands: [scan, sbom, signature]\n  model_key: keys/model.pem\n"
        f"  model_identity: {sigstore.IDENTITY}\n  sigstore: {TRUST}\n"
    )
    (made / "models/current/requirements.txt").write_text("numpy==2.2.0\n")
    key = ec.generate_private_key(ec.SECP256R1())
    (made / "keys").mkdir()
    shutil.copy(authority[0], made / TRUST)
    (made / "keys/model.pem").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    commit_all(made)
    git(made, "push", "--quiet", "origin", "main")
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (made / "../model-key.pem").write_bytes(private)
    (made / "../home/.cache/mlops-ci").mkdir(parents=True)
    (made / "../home/.cache/mlops-ci/scanners").symlink_to(FOLDER / "scanners")
    report = judged(made)
    report["measurements"] = [
        {"name": "roc_auc (month=7)", "metric": "roc_auc", "value": 0.01, "low": 0.002, "high": None, "challenger": 0.8}
    ]
    (made / ".mlops-ci/reports").mkdir(parents=True, exist_ok=True)
    (made / ".mlops-ci/reports/gate-model.json").write_text(json.dumps(report))
    write_evidence(made, sealed(made, judged(made)))
    return made


@pytest.fixture(scope="module")
def proven(root: Path, authority: tuple[Path, Mapping[str, str]]) -> Path:
    """Return the repository after its model was scanned, and signed by a key and by a job's identity."""
    found = scan(root)
    assert (found.code, found.report["verdict"]) == (0, "pass"), found.stderr
    assert (root / SCAN).is_file(), found.stderr
    assert signed(root, authority[1]).code == 0
    return root


@pytest.fixture
def kept(proven: Path) -> Iterator[Path]:
    """Return the repository; what a test does to its proofs is undone."""
    raw = {name: (proven / name).read_bytes() for name in (BILL, SIGNATURE, KEYLESS, SCAN, EVIDENCE)}
    yield proven
    for name, content in raw.items():
        (proven / name).write_bytes(content)
    for name in ("mlflow.db", "mlartifacts"):
        shutil.rmtree(proven / name, ignore_errors=True)
        (proven / name).unlink(missing_ok=True)


def signed(root: Path, job: Mapping[str, str], key: str = "../model-key.pem") -> Ended:
    words = ("signature", "sign", "--key", key, "--keyless", "--trust-config", TRUST)
    return mlops_ci(root, *words, env=environment(FOLDER) | dict(job))


def released(root: Path, *words: str) -> tuple[int, str]:
    code, _, err = registered(root, *words)
    assert code == 0, err
    try:
        ended = mlops_ci(root, "canary", "run", timeout=120)
        return ended.code, ended.stderr
    finally:
        mlops_ci(root, "canary", "stop")


def test_the_bill_of_materials_is_valid_and_has_the_model_with_its_data_and_metrics(proven: Path) -> None:
    text = (proven / BILL).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    components = {one["type"]: one for one in json.loads(text)["components"]}
    model = components["machine-learning-model"]
    digest = digest_model(proven / "models/current").removeprefix("sha256:")
    assert model["hashes"] == [{"alg": "SHA-256", "content": digest}]
    (metric,) = model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert metric["confidenceInterval"] == {"lowerBound": "0.002"}
    assert metric["slice"] == "roc_auc (month=7)"
    assert components["data"]["name"] == "dvc.lock"
    assert any(one["name"] == "numpy" and one["version"] == "2.2.0" for one in json.loads(text)["components"])


def test_a_release_that_proves_everything_gets_traffic(kept: Path) -> None:
    code, err = released(kept)
    assert code == 0, err


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        (SCAN, None, "has no evidence that it was scanned"),
        (BILL, b'"version"', "has no bill of materials that its scan wrote"),
        (SIGNATURE, None, "is not signed"),
        (KEYLESS, None, "is not signed by an identity"),
    ],
)
def test_a_proof_that_is_missing_or_altered_gets_no_traffic(
    kept: Path, name: str, change: bytes | None, why: str
) -> None:
    path = kept / name
    if change is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes().replace(change, change.replace(b'"', b'"x'), 1))
    code, err = released(kept)
    assert code == 10, err
    assert why in err


def test_an_image_that_the_scan_did_not_look_at_gets_no_traffic(kept: Path) -> None:
    image = f"ghcr.io/acme/flight-delay@sha256:{'0' * 64}"
    code, err = released(kept, "--image", image)
    assert code == 10, err
    assert f"did not look at its image {image}" in " ".join(err.split())


def test_an_image_is_registered_by_its_digest_and_not_by_a_tag(kept: Path) -> None:
    code, _, err = registered(kept, "--image", "ghcr.io/acme/flight-delay:latest")
    assert code == 2, err
    assert "register.image" in err


def test_a_gates_statement_is_no_scans(kept: Path) -> None:
    (kept / SCAN).write_bytes((kept / EVIDENCE).read_bytes())
    code, err = released(kept)
    assert code == 10
    assert "it says gate-model: pass, not scan: pass" in err


def test_a_model_that_somebody_else_signed_gets_no_traffic(
    kept: Path, tmp_path: Path, authority: tuple[Path, Mapping[str, str]]
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    other = tmp_path / "other.pem"
    other.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    assert signed(kept, authority[1], str(other)).code == 0
    code, err = released(kept)
    assert code == 10, err
    assert "does not fit the model" in err


def test_a_model_that_another_workflow_signed_gets_no_traffic(
    kept: Path, authority: tuple[Path, Mapping[str, str]]
) -> None:
    other = {name: text.replace("release.yml", "other.yml") for name, text in authority[1].items()}
    assert signed(kept, other).code == 0
    code, err = released(kept)
    assert code == 10, err
    assert "SANs do not match" in " ".join(err.split())


def test_a_changed_model_does_not_fit_its_signature(kept: Path) -> None:
    verify = ("signature", "verify", "--key", "keys/model.pem")
    assert mlops_ci(kept, *verify, env=environment(FOLDER)).code == 0
    requirements = kept / "models/current/requirements.txt"
    before = requirements.read_text()
    requirements.write_text("numpy==2.2.1\n")
    try:
        ended = mlops_ci(kept, *verify, env=environment(FOLDER))
        assert (ended.code, "does not fit the model" in ended.stderr) == (10, True), ended.stderr
    finally:
        requirements.write_text(before)


def test_a_scan_of_some_groups_proves_nothing(kept: Path) -> None:
    found = scan(kept, "code", "workflows", "secrets")
    assert found.code == 0
    assert not {"model", "image"} & found.report["inputs"].keys()
    assert not (kept / SCAN).exists()
    found = scan(kept, "models")
    assert "model" in found.report["inputs"]
    assert not (kept / SCAN).exists()


def test_a_scan_that_does_not_pass_leaves_no_evidence(kept: Path) -> None:
    (kept / "app.py").write_text("import subprocess\n\n\ndef run(x):\n    subprocess.call(x, shell=True)\n")
    try:
        assert scan(kept, "code").code == 10
        assert not (kept / SCAN).exists()
    finally:
        (kept / "app.py").unlink()
