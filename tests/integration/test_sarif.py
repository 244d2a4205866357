"""GitHub's own rules for SARIF, as the validator of its authors applies them, over a log that we made."""

import hashlib
import json
import os
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from builders import finding, report
from mlops_ci.render import sarif
from mlops_ci.report import Finding, Location, Severity, StepReport

pytestmark = pytest.mark.integration

PACKAGE = "@microsoft/sarif-multitool-linux@5.7.0"


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the validator's program, unpacked from its package, whose digest the registry vouches for."""
    folder = tmp_path_factory.mktemp("sarif")
    packed = subprocess.run(
        ["npm", "pack", "--json", PACKAGE], cwd=folder, capture_output=True, text=True, check=True, timeout=120
    )
    (about,) = json.loads(packed.stdout)
    archive = folder / about["filename"]
    kind, digest = about["integrity"].split("-", 1)
    assert hashlib.new(kind, archive.read_bytes()).digest() == b64decode(digest)
    subprocess.run(["tar", "--extract", "--file", archive], cwd=folder, check=True)
    program = folder / "package/Sarif.Multitool"
    program.chmod(0o755)
    return program


def complaints(program: Path, text: str, folder: Path) -> list[str]:
    """Return each error that the validator prints."""
    path = folder / "log.sarif"
    path.write_text(text)
    done = subprocess.run(
        [program, "validate", path, "--rule-kind", "Sarif;Ghas"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
    )
    assert "1 files scanned" in done.stdout, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if ": error " in line]


def test_github_takes_what_we_write(validator: Path, tmp_path: Path) -> None:
    found = report(
        finding(path="contracts/c d.json", line=7, name='a "b"'),
        finding(effect="informs", title="::error:: <b>\n|"),
        finding(code="MCI-DATA-001", effect="undecided", path="/etc/passwd"),
    )
    text = sarif.render(found)
    assert complaints(validator, text, tmp_path) == []
    spoiled = json.loads(text)
    del spoiled["runs"][0]["results"][0]["locations"]
    assert complaints(validator, json.dumps(spoiled), tmp_path)


def test_github_takes_a_scan_with_rules_of_others_and_hostile_names(validator: Path, tmp_path: Path) -> None:
    rules: dict[str, Severity] = {"B602": "high", "CVE-2018-18074": "critical", "template-injection[x]": "low"}
    found = [
        Finding("MCI-SCAN-001", severity, "blocks", f"{rule}: wrong", "Correct it.", Location(path, 3), evidence)
        for rule, severity in rules.items()
        for path in ("new\nline.py", "::error::x.py", "-rf %41.py", "image://srv/token", "ünï😀.py")
        for evidence in ({"rule": rule, "fingerprint": f"{rule}{path}", "url": "https://example.org/a_(b)"},)
    ]
    text = sarif.render(StepReport("scan", findings=tuple(found)))
    assert complaints(validator, text, tmp_path) == []
    run = json.loads(text)["runs"][0]
    assert [one["id"] for one in run["tool"]["driver"]["rules"]] == [
        "MCI-SCAN-001/CVE-2018-18074", "MCI-SCAN-001/B602", "MCI-SCAN-001/template-injection[x]"
    ]  # fmt: skip
    scores = [one["properties"]["security-severity"] for one in run["tool"]["driver"]["rules"]]
    assert scores == ["9.5", "8.0", "2.0"]
