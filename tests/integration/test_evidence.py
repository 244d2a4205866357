"""Only evidence that a trusted key signed about exactly this model and commit registers and releases it."""

import base64
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner

from builders import commit_all, finding, git, git_repository, mlops_ci, report, write_settings
from mlops_ci.evidence import digest_model, seal, state_override, statement_from
from mlops_ci.evidence.keys import load_or_make, public_pem
from mlops_ci.net import free_port
from mlops_ci.report import Effect, Measurement

pytestmark = pytest.mark.integration

SETTINGS = """
    model: flight-delay
    canary:
      environment: staging
      serve: [{python}, service.py]
      port: {port}
"""
SERVICE = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
EVIDENCE = ".mlops-ci/evidence/gate-model.json"
REASON = "the old model fails for a new carrier"


def make(folder: Path) -> Path:
    """Return a repository with a model and a service, all committed and pushed."""
    root = git_repository(folder)
    write_settings(root, SETTINGS.format(python=sys.executable, port=free_port()))
    (root / "dvc.lock").write_text("schema: '2.0'\n")
    (root / "service.py").write_text(SERVICE)
    model = root / "models/current"
    model.mkdir(parents=True)
    (model / "MLmodel").write_text("flavors: {}\n")
    (model / "requirements.txt").write_text("numpy\n")
    commit_all(root)
    git(root, "push", "--quiet", "origin", "main")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository where nothing is registered yet."""
    return make(tmp_path)


def own_key(root: Path) -> CryptoSigner:
    return load_or_make(None, root / ".mlops-ci/keys/evidence.pem")


def judged(root: Path, effect: Effect | None = None, **inputs: str) -> dict[str, Any]:
    """Return what gate-model reports about the model at HEAD."""
    known = {"model": digest_model(root / "models/current"), "commit": git(root, "rev-parse", "HEAD")}
    findings = [finding(effect=effect)] if effect else []
    measured = (Measurement("accuracy", "accuracy", 0.01, challenger=0.9, verdict="pass"),)
    return report(*findings, measurements=measured).to_json() | {"inputs": known | inputs}


def write(root: Path, raw: bytes) -> None:
    path = root / EVIDENCE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)


def sealed(root: Path, plain: Mapping[str, Any], key: CryptoSigner | None = None) -> bytes:
    """Return any report in an envelope, as somebody with a key of the repository could forge it."""
    return seal(statement_from(plain), key or own_key(root))


def registered(root: Path, *words: str, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any], str]:
    ended = mlops_ci(root, "register-model", *words, "--format", "json", env=env)
    return ended.code, json.loads(ended.stdout) if ended.stdout else {}, ended.stderr


def altered(raw: bytes, before: str, after: str) -> bytes:
    """Return an envelope with another text in its payload, and the signature that it had."""
    envelope = json.loads(raw)
    payload = base64.b64decode(envelope["payload"])
    assert before.encode() in payload
    changed = payload.replace(before.encode(), after.encode())
    envelope["payload"] = base64.b64encode(changed).decode()
    return json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def flipped(raw: bytes) -> bytes:
    middle = len(raw) // 2
    return raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]


def stranger() -> CryptoSigner:
    return CryptoSigner.generate_ed25519()


def override_statement(root: Path) -> bytes:
    about = judged(root)["inputs"]
    return seal(
        state_override(about["model"], about["commit"], reason=REASON, who="Eve", at="2026-11-22T10:00:00Z"),
        own_key(root),
    )


Forge = Callable[[Path], bytes]
FORGERIES: dict[str, tuple[Forge, str]] = {
    "hand-written report": (lambda root: json.dumps(judged(root)).encode(), "not a signed envelope"),
    "hand-written statement": (
        lambda root: json.dumps(statement_from(judged(root))).encode(), "not a signed envelope",
    ),
    "one byte altered": (lambda root: flipped(sealed(root, judged(root))), ""),
    "an estimate edited": (
        lambda root: altered(sealed(root, judged(root)), '"challenger": 0.9', '"challenger": 1.0'),
        "signature is wrong: somebody altered it",
    ),
    "a verdict edited": (
        lambda root: altered(sealed(root, judged(root, "blocks")), '"verdict": "fail"', '"verdict": "pass"'),
        "signature is wrong",
    ),
    "an unknown key": (lambda root: sealed(root, judged(root), stranger()), "whose key is not trusted here"),
    "another model": (lambda root: sealed(root, judged(root, model=f"sha256:{'0' * 64}")), "about another model"),
    "another commit": (lambda root: sealed(root, judged(root, commit="0" * 40)), "about another commit"),
    "no commit": (lambda root: sealed(root, judged(root, commit="")), "about another commit"),
    "a failed gate": (lambda root: sealed(root, judged(root, "blocks")), "gate-model: fail, not gate-model: pass"),
    "an inconclusive gate": (lambda root: sealed(root, judged(root, "undecided")), "gate-model: inconclusive"),
    "an inconclusive report edited to pass": (
        lambda root: sealed(root, judged(root, "undecided") | {"verdict": "pass", "exit_code": 0}),
        "its findings do not",
    ),
    "a pass of another step": (lambda root: sealed(root, judged(root) | {"step": "scan"}), "scan: pass"),
    "an override as evidence": (override_statement, "not a statement about a report"),
}  # fmt: skip
FORGED = pytest.mark.parametrize(("forge", "said"), FORGERIES.values(), ids=list(FORGERIES))


@FORGED
def test_forged_evidence_registers_nothing(root: Path, forge: Forge, said: str) -> None:
    own_key(root)
    write(root, forge(root))
    code, found, err = registered(root)
    assert code == 10, err
    assert [one["code"] for one in found["findings"]] == ["MCI-REGISTER-001"]
    assert said in found["findings"][0]["message"]
    assert not (root / "mlflow.db").exists()


def test_evidence_about_an_earlier_commit_registers_nothing(root: Path) -> None:
    write(root, sealed(root, judged(root)))
    (root / "README.md").write_text("more")
    commit_all(root)
    code, found, _ = registered(root)
    assert code == 10
    assert "about another commit" in found["findings"][0]["message"]


def test_evidence_about_the_model_before_it_changed_registers_nothing(root: Path) -> None:
    plain = judged(root)
    (root / "models/current/weights").write_bytes(b"others")
    plain["inputs"]["commit"] = commit_all(root)
    write(root, sealed(root, plain))
    code, found, _ = registered(root)
    assert code == 10
    assert "about another model" in found["findings"][0]["message"]


def test_without_any_key_no_evidence_counts_and_none_is_made(root: Path) -> None:
    write(root, sealed(root, judged(root), stranger()))
    assert registered(root)[0] == 10
    assert not (root / ".mlops-ci/keys").exists()


def trust(root: Path, key: CryptoSigner) -> None:
    """Name a key as the one that the repository trusts, and commit that."""
    (root / "keys").mkdir(exist_ok=True)
    (root / "keys/ci.pem").write_text(public_pem(key))
    settings = root / "mlops.yaml"
    settings.write_text(settings.read_text() + "trusted_keys: [keys/ci.pem]\n")
    commit_all(root)


def test_where_keys_are_named_this_machines_own_does_not_count(root: Path) -> None:
    key = stranger()
    trust(root, key)
    write(root, sealed(root, judged(root)))
    code, found, _ = registered(root)
    assert code == 10
    assert "whose key is not trusted here" in found["findings"][0]["message"]
    write(root, sealed(root, judged(root), key))
    code, _, err = registered(root)
    assert code == 0, err


def test_a_key_that_is_not_committed_is_not_trusted(root: Path) -> None:
    trust(root, stranger())
    git(root, "update-index", "--assume-unchanged", "keys/ci.pem")  # git status does not see the edit
    (root / "keys/ci.pem").write_text(public_pem(own_key(root)))
    write(root, sealed(root, judged(root)))
    code, found, err = registered(root)
    assert code == 10, err
    assert "whose key is not trusted here" in found["findings"][0]["message"]


def test_a_trusted_key_that_the_commit_lacks_is_named(root: Path) -> None:
    settings = root / "mlops.yaml"
    settings.write_text(settings.read_text() + "trusted_keys: [keys/ci.pem]\n")
    commit_all(root)
    write(root, sealed(root, judged(root)))
    code, _, err = registered(root)
    assert code == 2
    assert "names keys/ci.pem, which commit" in err


def test_the_signing_key_comes_from_the_environment_and_is_never_shown(root: Path) -> None:
    key = stranger()
    secret = key.private_bytes.decode()
    write(root, sealed(root, judged(root), key))
    code, found, err = registered(root, env={"MLOPS_CI_SIGNING_KEY": secret})
    assert code == 0, err
    code, broken, err = registered(root, env={"MLOPS_CI_SIGNING_KEY": secret[:60]})
    assert code == 2
    said = json.dumps([found, broken]) + err + (root / ".mlops-ci/reports/register-model.json").read_text()
    assert "MLOPS_CI_SIGNING_KEY is no private key" in said
    assert secret.splitlines()[1][:20] not in said
    assert secret.splitlines()[1][:20] not in mlops_ci(root, "settings", env={"MLOPS_CI_SIGNING_KEY": secret}).stdout


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with one version, registered with evidence that holds."""
    root = make(tmp_path_factory.mktemp("registered"))
    write(root, sealed(root, judged(root)))
    code, found, err = registered(root)
    assert code == 0, err
    assert found["outputs"]["new"] == "true"
    return root


@pytest.fixture
def stored(released: Path) -> Iterator[Path]:
    """Return the statement as the registry keeps it; it is put back afterwards."""
    (path,) = (released / "mlartifacts").rglob("evidence/gate-model.json")
    raw = path.read_bytes()
    yield path
    path.write_bytes(raw)


def test_registering_again_changes_nothing(released: Path) -> None:
    code, found, err = registered(released)
    assert code == 0, err
    assert (found["outputs"]["version"], found["outputs"]["new"]) == ("1", "false")


@FORGED
def test_forged_evidence_in_the_registry_releases_nothing(
    released: Path, stored: Path, forge: Forge, said: str
) -> None:
    stored.write_bytes(forge(released))
    ended = mlops_ci(released, "canary", "run")
    assert ended.code == 10, ended.stderr
    assert said in " ".join(ended.stderr.split())
    assert "proves nothing" in " ".join(ended.stderr.split())
    assert git(released.parent / "origin.git", "for-each-ref", "refs/heads/mlops-ci") == ""


def test_a_version_without_evidence_is_not_released(released: Path, stored: Path) -> None:
    raw = stored.read_bytes()
    stored.unlink()
    try:
        ended = mlops_ci(released, "canary", "run")
    finally:
        stored.write_bytes(raw)
    assert ended.code == 10, ended.stderr
    assert "no evidence that it passed" in " ".join(ended.stderr.split())


def test_evidence_that_replaces_forged_evidence_is_a_new_version(root: Path) -> None:
    write(root, sealed(root, judged(root)))
    assert registered(root)[0] == 0
    (path,) = (root / "mlartifacts").rglob("evidence/gate-model.json")
    path.write_bytes(flipped(path.read_bytes()))
    code, found, err = registered(root)
    assert code == 0, err
    assert found["outputs"]["version"] == "2"


@pytest.mark.parametrize("reason", ["", "short", "          x   "])
def test_an_override_without_a_reason_is_a_mistake(root: Path, reason: str) -> None:
    code, _, err = registered(root, "--override-reason", reason)
    assert code == 2, err
    assert "--override-reason" in err
    assert not (root / "mlflow.db").exists()


def test_an_override_names_its_author(root: Path) -> None:
    git(root, "config", "--unset", "user.name")
    code, _, err = registered(root, "--override-reason", REASON)
    assert code == 2, err
    assert "git config user.name" in err


def test_an_override_needs_a_trusted_key(root: Path) -> None:
    trust(root, stranger())
    code, _, err = registered(root, "--override-reason", REASON)
    assert code == 2, err
    assert "MLOPS_CI_SIGNING_KEY" in err
    assert not (root / "mlflow.db").exists()


def test_a_reason_changes_nothing_where_evidence_holds(root: Path) -> None:
    write(root, sealed(root, judged(root)))
    code, found, err = registered(root, "--override-reason", REASON)
    assert code == 0, err
    assert found["findings"] == []
    assert not list((root / "mlartifacts").rglob("override.json"))


def test_an_override_is_signed_recorded_and_seen_wherever_the_model_goes(root: Path) -> None:
    code, found, err = registered(root, "--override-reason", REASON)
    assert code == 0, err
    assert [(one["code"], one["effect"]) for one in found["findings"]] == [("MCI-REGISTER-002", "informs")]
    assert f"Someone <someone@example.org>: {REASON}" in found["findings"][0]["message"]
    assert "OVERRIDDEN" in err
    code, found, err = registered(root, "--override-reason", REASON)
    assert (code, found["outputs"]["new"]) == (0, "false"), err
    try:
        ended = mlops_ci(root, "canary", "run", "--format", "json")
        assert ended.code == 0, ended.stderr
        assert [one["code"] for one in json.loads(ended.stdout)["findings"]] == ["MCI-REGISTER-002"]
        assert REASON in mlops_ci(root, "canary", "status").stdout
    finally:
        mlops_ci(root, "canary", "stop")
    digest = digest_model(root / "models/current").removeprefix("sha256:")
    kept = git(root.parent / "origin.git", "show", f"mlops-ci/state:evidence/override/{digest}.json")
    assert json.loads(base64.b64decode(json.loads(kept)["payload"]))["predicate"]["reason"] == REASON
    write(root, sealed(root, judged(root)))
    code, found, err = registered(root)
    assert (code, found["outputs"]["version"]) == (0, "2"), "evidence replaces an override"


def test_an_altered_override_releases_nothing(root: Path) -> None:
    assert registered(root, "--override-reason", REASON)[0] == 0
    (path,) = (root / "mlartifacts").rglob("evidence/override.json")
    path.write_bytes(altered(path.read_bytes(), REASON, "nothing to see here, all is well"))
    ended = mlops_ci(root, "canary", "run")
    assert ended.code == 10, ended.stderr
    assert "signature is wrong" in " ".join(ended.stderr.split())


def test_a_pair_of_keys_is_made_and_its_public_half_is_trusted(root: Path, tmp_path: Path) -> None:
    private = tmp_path / "ci.key"
    (root / "keys").mkdir()
    ended = mlops_ci(root, "keys", "--private", str(private), "--public", "keys/ci.pem")
    assert ended.code == 0, ended.stderr
    assert private.stat().st_mode & 0o777 == 0o600
    settings = root / "mlops.yaml"
    settings.write_text(settings.read_text() + "trusted_keys: [keys/ci.pem]\n")
    commit_all(root)
    write(root, sealed(root, judged(root), load_or_make(None, private)))
    code, _, err = registered(root)
    assert code == 0, err
