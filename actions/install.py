"""Make the private environment in which an action runs mlops-ci, and tell the next step its interpreter.

It holds the libraries of the one extra that the step needs, as wheels, each checked against its hash, and nothing
of this checkout: `run.py` adds that, so action and command line are always the same commit, and an environment
serves every commit with the same requirements.
Standard library only, and any Python 3 may read this file: it says itself when the interpreter is too old.
"""

# ruff: noqa: INP001, T201 - a script beside the actions; what it prints is the job's log

import fcntl
import hashlib
import os
import platform
import subprocess  # noqa: TID251 - it runs before mlops-ci is there
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
NO_PYTHON = 4
INSTALL_FAILED = 5


def environment(base: Path, requirements: Path) -> Path:
    """Return the folder whose name stands for everything that decides what the environment holds."""
    decides = [sys.version, platform.machine(), requirements.read_text(encoding="utf-8")]
    digest = hashlib.sha256("\0".join(decides).encode()).hexdigest()
    return base / "mlops-ci" / f"{requirements.stem}-{digest[:16]}"


def base_folder(environ: "os._Environ[str] | dict[str, str]") -> Path:
    """Return MLOPS_CI_ENVIRONMENTS if set, else the tool cache (it may outlive the job), else RUNNER_TEMP."""
    for name in ("MLOPS_CI_ENVIRONMENTS", "RUNNER_TOOL_CACHE", "RUNNER_TEMP"):
        folder = environ.get(name)
        if folder and os.access(folder, os.W_OK):
            return Path(folder)
    sys.exit("mlops-ci: nothing was judged: neither RUNNER_TOOL_CACHE nor RUNNER_TEMP names a writable folder.")


def create(folder: Path, requirements: Path) -> Path:
    """Return the interpreter of the environment in `folder`, made now unless a whole one is there.

    A lock keeps two jobs on one machine apart; the stamp is written last, so half an environment is made again.
    """
    python, stamp = folder / "bin" / "python", folder / "installed"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file():
            print(f"Installing the libraries in {requirements.name} …", flush=True)
            venv.EnvBuilder(clear=True, with_pip=True).create(folder)
            install(python, requirements)
            stamp.touch()
    return python


def install(python: Path, requirements: Path) -> None:
    """Install wheels, every one with its hash; end the job's step when that fails."""
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--only-binary=:all:", "--require-hashes"]
    argv = [str(python), "-I", "-m", "pip", "install", *options, "--requirement", str(requirements)]
    code = subprocess.run(argv, check=False).returncode  # noqa: S603 - an argv list of our own words
    if code:
        print(f"mlops-ci: nothing was judged: pip ended with code {code}; its words stand above.", file=sys.stderr)
        sys.exit(INSTALL_FAILED)


def main() -> None:
    """Make the environment of one extra and hand its interpreter to the next step."""
    if sys.version_info < OLDEST:
        print("mlops-ci needs Python 3.11 or newer; put actions/setup-python before this step.", file=sys.stderr)
        sys.exit(NO_PYTHON)
    requirements = ROOT / "requirements" / f"{sys.argv[1]}.txt"
    python = create(environment(base_folder(os.environ), requirements), requirements)
    print(python)
    if os.environ.get("GITHUB_OUTPUT"):
        with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
            outputs.write(f"python={python}\n")


if __name__ == "__main__":
    main()
