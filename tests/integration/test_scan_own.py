"""Our own repository, and one that was generated from the template, pass our own scan."""

import subprocess
from pathlib import Path

import pytest

from builders import PROGRAMS, commit_all, git
from integration.scanning import ROOT, scan
from mlops_ci.journeys.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.alone, pytest.mark.timeout(600)]


def test_our_own_repository_passes(scanners: Path, tmp_path: Path) -> None:
    """It is judged as it is in a clone: what is not committed yet counts, what git ignores does not."""
    clone = tmp_path / "clone"
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(None, listed):
        source = ROOT / name
        if source.is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            (clone / name).write_bytes(source.read_bytes())
    git(clone, "init", "--quiet")
    found = scan(clone)
    assert (found.blocking(), found.undecided()) == ([], []), found.stderr
    assert (found.code, found.report["verdict"]) == (0, "pass")
    timings = found.report["timings"]
    whole = timings.pop("scan")
    timings.pop("total")
    slowest = max(timings.values())
    assert whole <= 1.2 * slowest + 1.5, (whole, slowest)  # the others run beside it; other tests may, too


def test_a_generated_repository_passes(scanners: Path, tmp_path: Path) -> None:
    words = ["--directory", "templates/model-service", "--no-input", "--output-dir", str(tmp_path)]
    subprocess.run([PROGRAMS / "cookiecutter", ROOT, *words], check=True, capture_output=True, timeout=120)
    (root,) = (one for one in tmp_path.iterdir() if (one / "mlops.yaml").is_file())
    git(root, "init", "--quiet")
    git(root, "config", "user.name", "Ann")
    git(root, "config", "user.email", "ann@example.org")
    commit_all(root)
    found = scan(root)
    assert (found.blocking(), found.undecided()) == ([], []), found.stderr
    assert (found.code, found.report["verdict"]) == (0, "pass")


def test_a_generated_repository_with_a_trained_model_passes(scanners: Path, workshop: Workshop) -> None:
    found = scan(workshop.root)
    assert (found.blocking(), found.undecided()) == ([], []), found.stderr
    assert (found.code, found.report["verdict"]) == (0, "pass")
    assert found.report["inputs"].keys() >= {"commit", "model", "sbom", "tree"}
