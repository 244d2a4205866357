"""Make `.venv/` with mlops-ci, every extra and the development tools; nothing outside this folder changes.

uv lives in a private environment of its own, `.setup/`. Every package is checked against its hash. When the
requirements have not changed since the last time, this takes no time.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".setup" / "bin" / "uv"
VENV = ROOT / ".venv"
STAMP = VENV / "installed.sha256"
INPUTS = [ROOT / name for name in ("requirements/uv.txt", "requirements/all.txt", "pyproject.toml")]


def wanted() -> str:
    """Return one digest over everything that decides what the environment holds."""
    parts = [sys.version, str(ROOT), *(path.read_text() for path in INPUTS)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def call(*argv: str | Path) -> None:
    """Run a program; end with its code when it fails."""
    code = subprocess.run([str(word) for word in argv], cwd=ROOT, check=False).returncode
    if code:
        sys.exit(f"Set-up failed: {Path(argv[0]).name} ended with code {code}. What it printed stands above.")


def main() -> None:
    """Install what is missing."""
    if sys.version_info < (3, 11):
        sys.exit(f"mlops-ci needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12")
    if STAMP.is_file() and STAMP.read_text() == wanted():
        return
    print("Setting up .venv/ (about a minute the first time) …", flush=True)
    if not UV.exists():
        call(sys.executable, "-m", "venv", ROOT / ".setup")
    pip = (
        ROOT / ".setup" / "bin" / "python",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
    )
    call(*pip, "--require-hashes", "-r", ROOT / "requirements" / "uv.txt")
    call(UV, "venv", "--quiet", "--allow-existing", "--python", sys.executable, VENV)
    install = (UV, "pip", "install", "--quiet", "--python", VENV / "bin" / "python")
    call(*install, "--compile-bytecode", "--require-hashes", "-r", ROOT / "requirements" / "all.txt")
    call(*install, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    STAMP.write_text(wanted())


if __name__ == "__main__":
    main()
