"""A scanner that is missing, old, broken or slow, or has no good database, is not one that found nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from builders import git_repository
from integration.scanning import FOLDER, Scanned, environment, scan, write, write_database
from integration.test_scan_defects import GITHUB

pytestmark = pytest.mark.integration

CLEAN = {"app.py": "print(1)\n", "requirements.txt": "requests==2.20.0\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = git_repository(tmp_path, origin=False)
    write(made, CLEAN)
    return made


@pytest.fixture
def tools(scanners: Path, tmp_path: Path) -> Path:
    """Return a folder with Trivy and its database, and without the other scanners."""
    folder = tmp_path / "tools"
    (folder / "path").mkdir(parents=True)
    (folder / "path/trivy").symlink_to(scanners / "path/trivy")
    write_database(folder)
    return folder


def script(tools: Path, name: str, text: str) -> None:
    """Put a program in place of a scanner: what is tested is what we make of one that behaves so."""
    path = tools / "path" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def assert_could_not_judge(found: Scanned, code: int, scanner: str, why: str) -> None:
    assert (found.code, found.report["verdict"]) == (code, "inconclusive"), found.stderr
    (finding,) = [one for one in found.findings if one["code"] == "MCI-SCAN-011"]
    assert finding["location"]["name"] == scanner
    assert why in found.report["error"]
    assert why in found.stderr


def test_a_missing_scanner_is_exit_4(root: Path, tools: Path) -> None:
    assert_could_not_judge(scan(root, "code", tools=tools), 4, "bandit", "mlops-ci tools install bandit")


def test_the_others_findings_are_still_shown(root: Path, tools: Path) -> None:
    write(root, {"token.txt": GITHUB})
    found = scan(root, "code", "secrets", tools=tools)
    assert (found.code, found.report["verdict"], found.report["error_code"]) == (10, "fail", 4)
    assert found.blocking() == ["MCI-SCAN-003 github-pat token.txt"]
    assert found.undecided() == ["MCI-SCAN-011 bandit None"]
    assert "bandit was not found" in found.stderr


def test_an_outdated_scanner_is_exit_4(root: Path, tools: Path) -> None:
    script(tools, "bandit", "echo bandit 1.2.0")
    assert_could_not_judge(scan(root, "code", tools=tools), 4, "bandit", "bandit 1.2.0 is too old; 1.8.0 is needed")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("exit 70", "ended with code 70"),
        ("kill -9 $$", "ended with code -9"),
        ("echo Segmentation fault", "printed what is no JSON"),
        ("true", "printed what is no JSON"),
        ("""echo '{"results": [{"test_id": 1}]}'""", "printed what its version does not promise"),
        ("""echo '{"unknown": []}'""", "printed what its version does not promise"),
        ("sleep 60", "did not finish within 2 s"),
    ],
)
def test_a_scanner_that_crashes_hangs_or_talks_nonsense_is_exit_5(root: Path, tools: Path, text: str, why: str) -> None:
    script(tools, "bandit", f'case "$1" in --version) echo bandit 1.9.4;; *) {text};; esac')
    found = scan(root, "code", tools=tools, TIME_LIMIT="2s")
    assert_could_not_judge(found, 5, "bandit", why)


def test_an_interrupted_scan_ends_at_once_and_leaves_no_scanner(root: Path, tools: Path, tmp_path: Path) -> None:
    mark = tmp_path / "running"
    script(tools, "bandit", f'case "$1" in --version) echo bandit 1.9.4;; *) echo $$ > {mark}; sleep 60;; esac')
    env = os.environ | environment(tools) | {"HOME": str(tmp_path)}  # where nothing is remembered
    process = subprocess.Popen([sys.executable, "-m", "mlops_ci", "scan", "code"], cwd=root, env=env)
    try:
        deadline = time.monotonic() + 30
        while not (mark.exists() and mark.read_text().strip()) and time.monotonic() < deadline:
            time.sleep(0.05)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert time.monotonic() - began < 10
    finally:
        process.kill()
    assert not psutil.pid_exists(int(mark.read_text()))


def test_a_binary_in_somebody_elses_wheel_is_refused(root: Path, tools: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "wheel/bin"
    wheel.mkdir(parents=True)
    (wheel.parent / "pyvenv.cfg").touch()
    os.link((FOLDER / "path/trivy").resolve(), wheel / "trivy")
    found = scan(root, "dependencies", tools=tools, env={"PATH": f"{wheel}:{os.environ['PATH']}"})
    assert_could_not_judge(found, 4, "trivy packages", "is not what trivy's vendor released")


def test_without_a_database_nothing_is_judged(root: Path, tools: Path) -> None:
    for one in (tools / "trivy/db").iterdir():
        one.unlink()
    found = scan(root, "dependencies", tools=tools)
    assert_could_not_judge(found, 4, "trivy packages", "There is no vulnerability database")


def test_an_old_database_decides_nothing(root: Path, tools: Path) -> None:
    write_database(tools, hours=49)
    found = scan(root, "dependencies", tools=tools)
    assert_could_not_judge(found, 4, "trivy packages", "is 49 h old; the policy allows 48 h")


def test_a_small_database_decides_nothing(root: Path, tools: Path) -> None:
    found = scan(root, "dependencies", tools=tools, DATABASE_MIN_MB="100")
    assert_could_not_judge(found, 4, "trivy packages", "has 0.1 MB; the policy demands 100")


def test_a_database_that_is_none_is_exit_5(root: Path, tools: Path) -> None:
    (tools / "trivy/db/trivy.db").write_bytes(os.urandom(100_000))
    assert_could_not_judge(scan(root, "dependencies", tools=tools), 5, "trivy packages", "trivy")


@pytest.mark.parametrize(("hours", "code"), [(40, 0), (49, 5)])
def test_a_database_that_cannot_be_renewed_is_used_as_long_as_the_policy_allows(
    root: Path, tools: Path, hours: int, code: int
) -> None:
    write_database(tools, hours=hours)
    nowhere = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    found = scan(root, "dependencies", tools=tools, OFFLINE="false", OFF="pip-audit", env=nowhere)
    assert found.code == code
    assert "proxyconnect" in found.stderr
    if code:
        assert_could_not_judge(found, 5, "trivy packages", "proxyconnect")


def test_pip_audit_finds_something_or_says_that_it_could_not_look(scanners: Path, root: Path) -> None:
    """Where its service does not answer it prints "no known vulnerabilities", which is not what we make of it."""
    write(root, {"requirements.txt": "requests==2.19.0\nnumpy>=1\n"})
    found = scan(root, "dependencies", OFFLINE="false")
    judged = next(one for one in found.report["measurements"] if one["name"] == "pip-audit")
    assert found.code == 10  # Trivy finds it in any case
    if judged["value"] is None:
        assert found.undecided() == ["MCI-SCAN-011 pip-audit None"]
    else:
        assert set(found.of("trivy packages", "CVE-2018-18074")["evidence"]["sources"]) == {
            "pip-audit",
            "trivy packages",
        }


def test_the_report_names_the_databases_date_and_size(root: Path, tools: Path) -> None:
    found = scan(root, "dependencies", tools=tools)
    assert (found.code, found.blocking()) == (0, []), found.stderr
    (told,) = [one for one in found.report["measurements"] if one["name"] == "vulnerability database"]
    assert told["evidence"]["size"] == 65536
    assert told["evidence"]["updated"].startswith("20")
    assert told["value"] < 1


def test_an_old_database_is_noticed_although_the_answer_is_remembered(root: Path, tools: Path) -> None:
    assert scan(root, "dependencies", tools=tools).code == 0
    assert scan(root, "dependencies", tools=tools, DATABASE_MAX_AGE="1ms").code == 4


def test_a_failure_is_not_remembered(root: Path, tools: Path) -> None:
    assert scan(root, "code", tools=tools).code == 4
    (tools / "scanners").symlink_to(FOLDER / "scanners")
    assert scan(root, "code", tools=tools).code == 0


def test_a_scanner_that_is_turned_off_is_told(root: Path, tools: Path) -> None:
    found = scan(root, "code", "workflows", "secrets", tools=tools, OFF="bandit")
    assert found.code == 0
    assert [one["title"] for one in found.findings] == ["bandit is turned off"]


def test_nothing_to_look_at_is_exit_3(scanners: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = scan(tmp_path / "empty")
    assert (found.code, found.report["verdict"]) == (3, None)


def test_an_unknown_group_is_a_usage_error(scanners: Path, root: Path) -> None:
    assert scan(root, "cloud").code == 2
    assert scan(root, "--only", "cloud").code == 2
    assert "there is no group 'cloud'" in scan(root, "--only", "cloud").stderr
