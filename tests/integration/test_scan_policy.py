"""One policy: what is new blocks, waivers count as long as they say, and rules do not move with the work."""

import pickle
import shutil
from pathlib import Path
from textwrap import dedent

import pytest

from builders import commit_all, git, git_repository, write_settings
from integration.scanning import FOLDER, Scanned, scan, write
from integration.test_scan_defects import GITHUB, SLACK

pytestmark = pytest.mark.integration

BAD = "import subprocess\n\n\ndef run(x):\n    subprocess.call(x, shell=True)\n"
RULE = "MCI-SCAN-001 B602"
WAIVER = """
    waivers:
      - rule: B602
        path: old.py
        reason: It runs our own words only.
        owner: ann@example.org
        expires: {expires}
    """


@pytest.fixture
def root(scanners: Path, tmp_path: Path) -> Path:
    """Return a repository whose base has a problem already; the commit is tagged `base`."""
    made = git_repository(tmp_path, origin=False)
    write(made, {"old.py": BAD})
    commit_all(made)
    git(made, "tag", "base")
    return made


def waive(root: Path, expires: str = "2099-12-31", text: str = WAIVER) -> None:
    write(root, {"security/waivers.yaml": dedent(text).format(expires=expires)})


def codes(found: Scanned) -> list[str]:
    return [one["code"] for one in found.findings]


def test_what_the_base_has_is_listed_and_does_not_block(root: Path) -> None:
    write(root, {"new.py": BAD})
    commit_all(root)
    assert scan(root, "code").blocking() == [f"{RULE} new.py", f"{RULE} old.py"]
    found = scan(root, "code", "--base", "base")
    assert (found.code, found.blocking()) == (10, [f"{RULE} new.py"])
    (old,) = [one for one in found.findings if one["evidence"].get("excuse") == "the base has it already"]
    assert old["location"]["path"] == "old.py"
    assert scan(root, "code", "--base", "base", "--no-only-new").blocking() == [f"{RULE} new.py", f"{RULE} old.py"]


def test_an_old_problem_stays_old_when_its_lines_move_or_its_file_is_renamed(root: Path) -> None:
    text = (root / "old.py").read_text()
    write(root, {"moved/older.py": f'"""Moved."""\n\n# a comment\n{text}'})
    (root / "old.py").unlink()
    commit_all(root)
    found = scan(root, "code", "--base", "base")
    assert (found.code, found.blocking()) == (0, []), found.stderr
    write(root, {"moved/older.py": f"{text}    subprocess.call(x, shell=True)\n"})  # the same once more
    assert scan(root, "code", "--base", "base").blocking() == [f"{RULE} moved/older.py"]


def test_a_waiver_counts_until_it_expires(root: Path) -> None:
    waive(root)
    found = scan(root, "code")
    assert (found.code, codes(found).count("MCI-SCAN-012")) == (0, 0), found.stderr
    (waived,) = [one for one in found.findings if one["evidence"].get("excuse")]
    assert "Waived by ann@example.org until 2099-12-31: It runs our own words only." in waived["message"]
    waive(root, "2020-01-01")
    found = scan(root, "code")
    assert (found.code, found.blocking()) == (10, [f"{RULE} old.py"])
    assert "MCI-SCAN-012" in codes(found)


def test_a_waiver_that_covers_nothing_is_told(root: Path) -> None:
    waive(root)
    (root / "old.py").unlink()
    write(root, {"fine.py": "print(1)\n"})
    found = scan(root, "code")
    assert (found.code, codes(found)) == (0, ["MCI-SCAN-012"])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("rule: B602", "lacks rule"),
        ("path: old.py", "lacks path or package"),
        ("reason: It runs our own words only.", "lacks reason"),
        ("owner: ann@example.org", "lacks owner"),
        ("expires: {expires}", "lacks expires"),
    ],
)
def test_a_waiver_that_does_not_say_everything_is_refused(root: Path, line: str, why: str) -> None:
    kept = [one for one in WAIVER.splitlines() if one.strip().removeprefix("- ") != line]
    if line.startswith("rule"):
        kept = [one.replace("  path", "- path") for one in kept]
    waive(root, text="\n".join(kept))
    found = scan(root, "code")
    assert found.code == 2, found.stderr
    assert why in found.stderr
    assert "security/waivers.yaml:" in found.stderr


def test_a_waiver_that_comes_with_what_it_covers_is_shown_and_does_not_count_yet(root: Path) -> None:
    write(root, {"new.py": BAD})
    waive(root, text=WAIVER.replace("old.py", "new.py"))
    commit_all(root)
    found = scan(root, "code", "--base", "base")
    assert (found.code, found.blocking()) == (10, [f"{RULE} new.py"])
    (shown,) = [one for one in found.findings if one["code"] == "MCI-SCAN-013"]
    assert "ann@example.org accepts B602 in new.py until 2099-12-31" in shown["message"]
    git(root, "tag", "merged")
    assert scan(root, "code", "--base", "merged", "--no-only-new").blocking() == [f"{RULE} old.py"]


@pytest.mark.parametrize(
    "settings", ["fail_on: critical", "severities: {B602: low}", "exclude: [new.py]", "off: [bandit]"]
)
def test_a_change_that_loosens_the_policy_is_judged_by_the_old_one_too(root: Path, settings: str) -> None:
    write(root, {"new.py": BAD, "other.py": "print(1)\n"})
    write_settings(root, f"scan: {{{settings}}}\n")
    commit_all(root)
    assert "B602 new.py" not in str(scan(root, "code", "secrets").blocking())
    found = scan(root, "code", "--base", "base")
    assert (found.code, found.blocking()) == (10, [f"{RULE} new.py"])
    (told,) = [one for one in found.findings if one["code"] == "MCI-POLICY-001"]
    assert f"scan.{settings.partition(':')[0]}" in told["message"]


def test_a_secret_that_was_committed_and_removed_again_is_found(root: Path) -> None:
    write(root, {"token.txt": GITHUB, "hook.bin": f"{SLACK}\n".encode() + b"\0"})
    commit_all(root)
    (root / "token.txt").unlink()
    commit_all(root)
    found = scan(root, "secrets", "--base", "base")
    assert found.code == 10
    assert found.blocking() == ["MCI-SCAN-003 github-pat token.txt"]
    (leaked,) = [one for one in found.findings if one["effect"] == "blocks"]
    assert leaked["location"]["name"].startswith("commit ")
    assert scan(root, "secrets").code == 0


def test_a_severity_can_be_set_for_a_rule(root: Path) -> None:
    write_settings(root, "scan: {severities: {B602: medium}}\n")
    assert scan(root, "code").code == 0
    write_settings(root, "scan: {fail_on: low}\n")
    assert len(scan(root, "code").blocking()) == 2


@pytest.mark.alone
def test_an_unchanged_subject_costs_less_than_a_second(root: Path) -> None:
    write(root, {f"package/module_{index}.py": f"VALUE = {index}\n" for index in range(200)})
    first, again = (scan(root).report["timings"] for _ in range(2))
    assert again["bandit"] < first["bandit"]
    assert again["total"] < 1.0, again


def test_a_changed_file_is_looked_at_again(root: Path) -> None:
    assert scan(root, "code").code == 10
    write(root, {"old.py": "print(1)\n"})
    assert scan(root, "code").code == 0
    write(root, {"old.py": BAD})
    assert scan(root, "code").code == 10


def test_a_format_is_refused_until_it_is_allowed_by_name(root: Path) -> None:
    write(root, {"old.py": "print(1)\n", "model.pkl": pickle.dumps({"weights": [1.0]})})
    assert scan(root, "models").blocking() == ["MCI-SCAN-008 pickle model.pkl"]
    write_settings(root, "scan: {formats: [pickle]}\n")
    assert scan(root, "models").code == 0
    shutil.copy(FOLDER / "path/trivy", root / "model.bin")  # no model, and no pickle either
    assert scan(root, "models").code == 0


def test_code_beside_a_model_is_refused_unless_it_is_the_repositorys_own(root: Path) -> None:
    write(root, {"old.py": "print(1)\n", "src/made/features.py": "VALUE = 1\n", ".gitignore": "models/\n"})
    write(root, {"models/current/code/made/features.py": "VALUE = 1\n", "models/current/MLmodel": "flavors: {}\n"})
    assert scan(root, "models").code == 0
    write(root, {"models/current/code/made/features.py": "VALUE = 2\n"})
    assert scan(root, "models").blocking() == ["MCI-SCAN-008 python models/current/code/made/features.py"]
