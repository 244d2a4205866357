"""Hostile names and contents: named, counted, escaped; secrets of the environment and the network stay out of reach."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from builders import commit_all, git, git_repository
from integration.scanning import FOLDER, environment, scan, write
from integration.test_scan_defects import GITHUB

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

BAD = "import subprocess\n\n\ndef run(x):\n    subprocess.call(x, shell=True)\n"
NAMES = [
    "-rf.py",
    "--config=x.py",
    "new\nline.py",
    "::error::pwned.py",
    "a b.py",
    "ünï😀.py",
    "$(touch pwned).py",
    "x;y'\".py",
    "##[error]x.py",
    "\x1b[31mred.py",
    "dir/-x/\n::set-output name=verdict::pass\n.py",
    "a: b.py",
    "%0A::error::x.py",
]


@pytest.fixture
def root(scanners: Path, tmp_path: Path) -> Path:
    return git_repository(tmp_path, origin=False)


def test_hostile_names_confuse_nobody(root: Path) -> None:
    write(root, dict.fromkeys(NAMES, BAD))
    write(root, {f"{name}.txt": GITHUB for name in NAMES})
    summary, output = root / "../summary.md", root / "../output.txt"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    found = scan(root, "code", "secrets", env=env)
    assert found.undecided() == []
    rules = [(one["evidence"]["rule"], one["location"]["path"]) for one in found.findings if one["effect"] == "blocks"]
    assert sorted(rules) == sorted(
        [*(("B602", name) for name in NAMES), *(("github-pat", f"{name}.txt") for name in NAMES)]
    )
    commands = [line for line in found.stderr.splitlines() if line.lstrip().startswith(("::", "##["))]
    assert commands
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in commands), commands
    assert "##[error]" not in found.stderr
    assert "\x1b[31m" not in found.stderr + summary.read_text()
    assert [line for line in output.read_text().splitlines() if line.startswith("verdict=")] == ["verdict=fail"]
    assert not [line for line in summary.read_text().splitlines() if line.lstrip().startswith("::")]
    assert not (root / "pwned").exists()


@pytest.mark.parametrize("format_", ["sarif", "html", "markdown"])
def test_every_form_of_the_report_survives_them(root: Path, format_: str) -> None:
    from builders import mlops_ci

    write(root, {**dict.fromkeys(NAMES, BAD), "<script>alert(1)</script>.py": BAD})
    done = mlops_ci(root, "scan", "code", "--format", format_, env=environment(FOLDER), timeout=120)
    assert done.code == 10
    if format_ == "sarif":
        results = json.loads(done.stdout)["runs"][0]["results"]
        assert all("\n" not in one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results)
        assert len({one["partialFingerprints"]["mlopsCi/v1"] for one in results}) == len(results)
    else:
        page = (
            MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(done.stdout)
            if format_ == "markdown"
            else done.stdout
        )
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "\x1b[31m" not in done.stdout


def test_what_cannot_be_read_is_named_and_decides_nothing(root: Path) -> None:
    write(
        root,
        {
            "broken.py": "def f(:\n",
            "infra/broken.tf": 'resource "x" {\n',
            "deploy/broken.yaml": "a: [\n",
            "Dockerfile": "FROM a\nRUNN x\n",
            ".github/workflows/broken.yml": "on: push\njobs: [\n",
            "model.npz": b"PK\x03\x04 and no archive",
            "model.onnx": b"\x42\xff\xff",
            "data.csv": b"a,b\n\xff\xfe,\x00\n",
        },
    )
    found = scan(root)
    named = {one["location"]["path"] for one in found.findings if one["effect"] == "undecided"}
    assert named >= {"broken.py", "infra/broken.tf", "deploy/broken.yaml", "Dockerfile", ".github/workflows/broken.yml",
                     "model.onnx", "data.csv"}  # fmt: skip
    assert found.code in {10, 11}
    assert found.report["verdict"] != "pass"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay rights down")
def test_a_file_without_access_is_named_and_decides_nothing(root: Path) -> None:
    """Root without the right to read everything is a user like any other."""
    write(root, {"app.py": "print(1)\n", "closed.py": BAD, "closed.pkl": b"N.", "folder/inside.py": BAD})
    for name, mode in (("closed.py", 0), ("closed.pkl", 0), ("folder", 0)):
        (root / name).chmod(mode)
    lower = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    argv = [*lower, sys.executable, "-m", "mlops_ci", "scan", "--format", "json"]
    env = os.environ | environment(FOLDER) | {"HOME": str(root.parent)}
    done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, check=False, timeout=280)
    (root / "folder").chmod(0o755)
    report = json.loads(done.stdout)
    named = {one["location"]["path"] for one in report["findings"] if one["effect"] == "undecided"}
    assert named >= {"closed.py", "closed.pkl"}, done.stderr
    assert any(name.startswith("folder") for name in named)
    assert report["verdict"] != "pass"


def test_links_pipes_and_foreign_repositories_are_counted_or_named(root: Path) -> None:
    write(root, {"app.py": "print(1)\n", "inner/x.py": BAD})
    (root / "loop").symlink_to(root)
    (root / "itself").symlink_to("itself")
    (root / "outside").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe.py")
    git(root / "inner", "init", "--quiet")
    name = os.fsencode(root) + b"/not-\xff-utf8.py"
    with open(name, "w") as stream:  # noqa: PTH123 - the name is no text
        stream.write(BAD)
    found = scan(root, "code", "data")
    (whole,) = [one for one in found.report["measurements"] if one["name"] == "everything"]
    assert whole["evidence"]["links not followed"] == 3
    reasons = {one["location"]["path"]: one["message"] for one in found.findings if one["effect"] == "undecided"}
    assert any("repository of its own" in one for one in reasons.values())
    assert any("not UTF-8" in one for one in reasons.values())


def test_binary_junk_and_large_files_end_in_a_verdict(root: Path) -> None:
    junk = {f"junk/{suffix}": os.urandom(200_000) for suffix in ("a.bin", "b.pt", "c.h5", "d.tar", "e.dat")}
    write(root, {**junk, "big.txt": b"word " * 4_000_000 + GITHUB.encode()})
    found = scan(root, "secrets", "models")
    (secrets,) = [one for one in found.report["measurements"] if one["name"] == "trivy secrets"]
    assert secrets["evidence"]["binary"] == 5
    assert found.blocking() == ["MCI-SCAN-003 github-pat big.txt"]


def test_scanners_get_no_secret_and_no_network(root: Path, tmp_path: Path) -> None:
    """A program in a scanner's place writes down what it could see and whom it could reach."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=listener.accept, daemon=True).start()
    tools = tmp_path / "tools"
    (tools / "path").mkdir(parents=True)
    seen, port = tmp_path / "seen", listener.getsockname()[1]
    (tools / "path/bandit").write_text(
        f'#!/bin/bash\ncase "$1" in --version) echo bandit 1.9.4; exit;; esac\n'
        f"env > {seen}.env; pwd > {seen}.pwd; ls -A > {seen}.home\n"
        f"(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && echo reached > {seen}.net\n"
        """echo '{"results": [], "errors": []}'\n"""
    )
    (tools / "path/bandit").chmod(0o755)
    write(root, {"app.py": "print(1)\n"})
    secrets = {"AWS_SECRET_ACCESS_KEY": "hunter2", "MLOPS_CI_GIT_TOKEN": "hunter2", "MLOPS_CI_SIGNING_KEY": "hunter2",
               "HTTPS_PROXY": "http://user:hunter2@proxy", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "hunter2"}  # fmt: skip
    found = scan(root, "code", tools=tools, env=secrets)
    assert found.code == 0, found.stderr
    assert "hunter2" not in Path(f"{seen}.env").read_text() + json.dumps(found.report)
    assert Path(f"{seen}.home").read_text() == ""
    assert found.report["tools"]["network"] == "none for scanners"
    assert not Path(f"{seen}.net").exists()


def test_the_repositorys_own_settings_silence_nobody(root: Path) -> None:
    write(
        root,
        {
            "app.py": BAD,
            "t.txt": GITHUB,
            ".bandit": "[bandit]\nskips: B602\n",
            ".trivyignore": "github-pat\n",
            "trivy.yaml": "scan:\n  skip-files: ['**/*']\n",
            "trivy-secret.yaml": "disable-rules: [github-pat]\n",
            ".gitleaks.toml": "[allowlist]\npaths = ['.*']\n",
            ".gitleaksignore": "t.txt:github-pat:1\n",
            ".checkov.yaml": "skip-check: [CKV_DOCKER_8]\n",
            ".hadolint.yaml": "ignored: [DL3020]\n",
            "Dockerfile": "FROM debian:12\nADD . /app\nUSER root\n",
        },
    )
    found = scan(root)
    for scanner, rule in (("bandit", "B602"), ("trivy secrets", "github-pat"), ("gitleaks", "github-pat"),
                          ("hadolint", "DL3020"), ("checkov", "CKV_DOCKER_8")):  # fmt: skip
        assert found.of(scanner, rule)["effect"] == "blocks"


def test_what_is_committed_in_our_own_folder_is_looked_at_and_answers_nothing(root: Path) -> None:
    """The name of the base's export could be known beforehand, when it stood in the repository."""
    (root / ".gitignore").unlink()
    base = commit_all(root)
    write(root, {"new.py": BAD, ".mlops-ci/hidden.py": BAD, f".mlops-ci/scan/base/{base}/new.py": BAD})
    commit_all(root)
    found = scan(root, "code", "--base", base)
    assert found.blocking() == [
        "MCI-SCAN-001 B602 .mlops-ci/hidden.py",
        f"MCI-SCAN-001 B602 .mlops-ci/scan/base/{base}/new.py",
        "MCI-SCAN-001 B602 new.py",
    ]


@pytest.mark.nightly
def test_fifty_thousand_files_are_looked_at(root: Path) -> None:
    folders = 500
    for folder in range(folders):
        (root / f"d{folder}").mkdir()
        for index in range(100):
            (root / f"d{folder}/f{index}.txt").write_text(f"{folder} {index}\n")
    write(root, {"d499/f99.txt": GITHUB, "d250/bad.py": BAD})
    found = scan(root)
    (secrets,) = [one for one in found.report["measurements"] if one["name"] == "trivy secrets"]
    assert secrets["n"] > 50_000
    assert found.blocking() == ["MCI-SCAN-001 B602 d250/bad.py", "MCI-SCAN-003 github-pat d499/f99.txt"]
    shutil.rmtree(root)  # pytest would keep it for three runs
