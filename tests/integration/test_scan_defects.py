"""Every scanner catches what was planted for it, of each severity it knows; look-alikes that are fine stay clean."""

import json
import pickle
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import git_repository
from integration.scanning import Scanned, scan, write

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1"


class _Payload:
    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        import os

        return os.system, ("echo pwned",)


def archive(**members: bytes) -> bytes:
    """Return a zip archive; `__` in a name is a slash, and the last `_` a dot."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as stream:
        for name, content in members.items():
            stream.writestr(".".join(name.replace("__", "/").rsplit("_", 1)), content)
    return packed.getvalue()


def array(values: np.ndarray[Any, Any]) -> bytes:
    stream = BytesIO()
    np.save(stream, values, allow_pickle=True)
    return stream.getvalue()


def onnx(domain: str) -> bytes:
    """Return a model that imports one set of operators: field 8 of the model, field 1 of the set."""
    name = domain.encode()
    operators = b"\x0a" + bytes([len(name)]) + name + b"\x10\x01"
    return b"\x08\x08\x42" + bytes([len(operators)]) + operators


def keras(layer: str) -> bytes:
    config = {"class_name": "Sequential", "config": {"layers": [{"class_name": layer, "config": {}}]}}
    return archive(config_json=json.dumps(config).encode(), metadata_json=b"{}")


# Written apart, so that nobody finds a secret in this file.
GITHUB = "ghp" + "_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"
SLACK = "https://hooks.slack" + ".com/services/T0000000A/B0000000B/abcdefghijklmnopqrstuvwx"
KEY = (
    "-----BEGIN RSA "
    "PRIVATE KEY-----\nMIIEpAIBAAKCAQEAabcdefghijklmnopqrstuvwxyz0123456789\n-----END RSA PRIVATE KEY-----"
)
FACEBOOK = 'facebook_secret = "' + "a1b2c3d4" * 4 + '"'

DEFECTS: dict[str, str | bytes] = {
    "app.py": "import subprocess\n\n\ndef run(x):\n"
    "    subprocess.call(x, shell=True)  # nosec\n    eval(x)\n    assert x\n",
    "requirements.txt": "pyyaml==3.13\nrequests==2.19.0\njinja2==2.4.1\ncryptography==41.0.3\nnumpy>=1\n",
    "tests/tokens.py": f'T = "{GITHUB}"\n',
    "node_modules/x/hook.svg": f"<svg>{SLACK}</svg>\n",
    "docs/key.md": f"{KEY}\n",
    "dev/facebook.txt": f"{FACEBOOK}\n",
    "Dockerfile": "FROM python:latest\n# hadolint ignore=DL3020\nADD . /app\n"
    "RUN apt-get update && apt-get install -y curl\n"
    "RUN sudo ls\nUSER root\n",
    ".deploy/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  hostNetwork: true\n  containers:\n"
    "    - name: c\n      image: nginx:1.27\n      securityContext:\n        privileged: true\n",
    "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
    "chart/values.yaml": "privileged: true\n",
    "chart/templates/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n    - name: c\n"
    "      image: nginx:1.27\n      securityContext:\n        privileged: {{ .Values.privileged }}\n",
    "infra/main.tf": 'resource "aws_security_group" "a" {\n  #checkov:skip=CKV_AWS_24:we know\n'
    "  ingress {\n    from_port = 22\n"
    '    to_port = 22\n    protocol = "tcp"\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n',
    "compose.yaml": "services:\n  a:\n    image: nginx:1.27\n    privileged: true\n",
    ".github/workflows/w.yml": "on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
    f"      - uses: actions/checkout@{COMMIT} # v7.0.1\n        with:\n"
    "          ref: ${{ github.event.pull_request.head.sha }}\n"
    '      - run: echo "${{ github.event.pull_request.title }}" # zizmor: ignore[template-injection]\n'
    "      - uses: actions/cache/../cache@v4\n",
    "models/bad.pkl": pickle.dumps(_Payload()),
    "models/weights.pt": archive(archive__data_pkl=pickle.dumps(_Payload(), 2)),
    "models/objects.npy": array(np.array([{"a": 1}], dtype=object)),
    "models/lambda.keras": keras("Lambda"),
    "models/custom.onnx": onnx("com.acme"),
    "models/with_code/model.py": "print(1)\n",
    "data/hidden": pickle.dumps(_Payload()),
    "data/people.csv": "id,name,contact\n1,=cmd|' /C calc'!A0,ann@example.org\n2,Bob,bob@example.org\n",
}

# (scanner, its rule, severity, whether it blocks)
EXPECTED = [
    ("bandit", "B602", "high", True),
    ("bandit", "B307", "medium", False),
    ("bandit", "B101", "low", False),
    ("trivy packages", "CVE-2017-18342", "critical", True),
    ("trivy packages", "CVE-2018-18074", "high", True),
    ("trivy packages", "CVE-2020-28493", "medium", False),
    ("trivy packages", "GHSA-v8gr-m533-ghj9", "low", False),
    ("pins", "not-pinned", "low", False),
    ("trivy secrets", "github-pat", "critical", True),
    ("trivy secrets", "private-key", "high", True),
    ("trivy secrets", "slack-web-hook", "medium", False),
    ("trivy secrets", "facebook-token", "low", False),
    ("gitleaks", "github-pat", "critical", True),
    ("hadolint", "DL3020", "high", True),
    ("hadolint", "DL3004", "critical", True),  # which Trivy rates higher
    ("hadolint", "DL3008", "medium", False),
    ("hadolint", "DL3009", "info", False),
    ("checkov", "CKV_AWS_24", "high", True),  # although a comment skips it
    ("checkov", "CKV_K8S_16", "high", True),
    ("checkov", "CKV_K8S_38", "medium", False),
    ("checkov", "CKV_K8S_8", "low", False),
    ("trivy configuration", "AVD-AWS-0107", "high", True),
    ("trivy configuration", "KSV017", "high", True),
    ("trivy configuration", "KSV012", "medium", False),
    ("trivy configuration", "KSV011", "low", False),
    ("trivy configuration", "DS010", "critical", True),
    ("trivy compose", "MCI-COMPOSE", "high", True),
    ("zizmor", "dangerous-triggers", "high", True),
    ("zizmor", "template-injection", "high", True),  # although a comment ignores it
    ("zizmor", "artipacked", "medium", False),
    ("zizmor", "obfuscation", "low", False),
    ("actionlint", "untrusted-expression", "high", True),
    ("picklescan", "dangerous-pickle", "critical", True),
    ("modelscan", "PickleUnsafeOpScan", "critical", True),
    ("fickling", "LIKELY_OVERTLY_MALICIOUS", "critical", True),
    ("formats", "pickle", "high", True),
    ("formats", "torch", "high", True),
    ("formats", "numpy-objects", "high", True),
    ("formats", "keras-lambda", "high", True),
    ("formats", "onnx-custom-ops", "high", True),
    ("formats", "python", "high", True),
    ("data files", "csv-formula", "high", True),
    ("data files", "personal-data", "medium", False),
]

NEAR_MISSES: dict[str, str | bytes] = {
    "app.py": "import ast\nimport hashlib\n\n\ndef run(x):\n"
    "    hashlib.md5(b'', usedforsecurity=False)\n    return ast.literal_eval(x)\n",
    "requirements.txt": "pyyaml==5.1\nrequests==2.20.0\njinja2==2.11.3\ncryptography==41.0.4\n",
    "settings.py": 'TOKEN = "ghp_example"\nFACEBOOK = "https://facebook.com/somebody"\n',
    "key.md": "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
    "Dockerfile": "FROM python:3.12-slim\nCOPY requirements.txt /\nRUN useradd --uid 10001 service\nUSER 10001\n"
    'HEALTHCHECK CMD ["python", "-c", "1"]\nCMD ["python", "-m", "app"]\n',
    "compose.yaml": "services:\n  a:\n    image: nginx:1.27\n    privileged: false\n    volumes: ['./data:/data']\n",
    "infra/main.tf": 'variable "name" {\n  type        = string\n  description = "A name."\n}\n',
    ".github/workflows/w.yml": "name: w\non:\n  push:\n    branches: [main]\npermissions: {}\n"
    "jobs:\n  a:\n    name: a\n    runs-on: ubuntu-24.04\n    steps:\n"
    f"      - uses: actions/checkout@{COMMIT} # v7.0.1\n        with:\n          persist-credentials: false\n"
    '      - env:\n          TITLE: ${{ github.event.head_commit.message }}\n        run: echo "$TITLE"\n',
    "models/numbers.npy": array(np.arange(3)),
    "models/dense.keras": keras("Dense"),
    "models/plain.onnx": onnx("ai.onnx.ml"),
    "models/weights.json": '{"weights": [1, 2]}\n',
    "data/prices.csv": "id,change,note,card\n1,-5,- none,1234567890123456\n2,+3.5,@home,1234567890123457\n3,=,= 5,1\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def planted(scanners: Path, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    root = git_repository(tmp_path_factory.mktemp("planted"), origin=False)
    write(root, DEFECTS)
    return scan(root, MODELS='["models/with_code"]')


@pytest.fixture(scope="module")
def clean(scanners: Path, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    root = git_repository(tmp_path_factory.mktemp("clean"), origin=False)
    write(root, NEAR_MISSES)
    return scan(root)


@pytest.mark.parametrize(("scanner", "rule", "severity", "blocks"), EXPECTED)
def test_what_was_planted_is_caught(planted: Scanned, scanner: str, rule: str, severity: str, *, blocks: bool) -> None:
    found = planted.of(scanner, rule)
    assert (found["severity"], found["effect"]) == (severity, "blocks" if blocks else "informs")


def test_it_is_rejected_and_nothing_was_unread(planted: Scanned) -> None:
    assert (planted.code, planted.report["verdict"], planted.undecided()) == (10, "fail", [])


def test_what_is_templated_by_helm_is_caught(planted: Scanned) -> None:
    assert any(one.endswith("chart/templates/pod.yaml") and "KSV017" in one for one in planted.blocking())


def test_a_pickle_among_data_is_caught_whatever_it_is_called(planted: Scanned) -> None:
    assert "MCI-SCAN-007 dangerous-pickle data/hidden" in planted.blocking()


@pytest.mark.parametrize(
    ("path", "scanners_"),
    [
        ("Dockerfile", {"checkov", "hadolint", "trivy configuration"}),
        (".github/workflows/w.yml", {"actionlint", "zizmor"}),
        ("models/bad.pkl", {"fickling", "modelscan", "picklescan"}),
        ("tests/tokens.py", {"gitleaks", "trivy secrets"}),
        ("infra/main.tf", {"checkov", "trivy configuration"}),
    ],
)
def test_what_several_scanners_find_is_one_finding(planted: Scanned, path: str, scanners_: set[str]) -> None:
    there = [one for one in planted.findings if (one["location"] or {}).get("path") == path]
    assert any(set(one["evidence"].get("sources", ())) == scanners_ for one in there)


def test_every_scanner_looked(planted: Scanned) -> None:
    silent = {one["name"]: one["method"] for one in planted.report["measurements"] if one["value"] is None}
    assert set(silent) <= {"vulnerability database"}


def test_fixed_versions_and_look_alikes_are_clean(clean: Scanned) -> None:
    assert (clean.blocking(), clean.undecided()) == ([], [])
    assert (clean.code, clean.report["verdict"]) == (0, "pass"), clean.stderr
    assert not [one for one in clean.findings if one["code"] in {"MCI-SCAN-002", "MCI-SCAN-003", "MCI-SCAN-009"}]
