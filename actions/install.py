"""Make the private environment in which an action runs mlops-ci, and tell the next step its interpreter.

It holds the libraries of the one extra that the step needs, as wheels, each checked against its hash, and nothing
of this checkout: `run.py` adds that, so action and command line are always the same commit, and an environment
serves every commit with the same requirements. With `--on-path`, later steps of the job find `mlops-ci` on PATH.
Standard library only, and any Python 3 may read this file: it says itself when the interpreter is too old.
"""

# ruff: noqa: INP001, T201 - a script beside the actions; what it prints is the job's log

import fcntl
import hashlib
import os
import platform
import shlex
import subprocess  # noqa: TID251 - it runs before mlops-ci is there
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTALLER = ROOT / "requirements" / "uv.txt"
OLDEST = (3, 11)
USAGE = 2
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
            venv.EnvBuilder(clear=True).create(folder)
            install(python, requirements)
            stamp.touch()
    return python


def install(python: Path, requirements: Path) -> None:
    """Install wheels, every one with its hash; end the job's step when that fails.

    uv is several times as fast. What it cannot have, pip tries: an index or a certificate that only pip knows.
    """
    options = ["install", "--quiet", "--only-binary=:all:", "--require-hashes", "--requirement", str(requirements)]
    code = 1
    if requirements != INSTALLER:
        uv = create(folder_beside(python, INSTALLER), INSTALLER).with_name("uv")
        code = call([str(uv), "pip", *options, "--python", str(python)])
    code = code and call([*pip_for(python), *options])
    if code:
        print(f"mlops-ci: nothing was judged: pip ended with code {code}; its words stand above.", file=sys.stderr)
        sys.exit(INSTALL_FAILED)


def pip_for(python: Path) -> "list[str]":
    """Return the words that run pip for an environment: our interpreter's, as one of its own takes seconds to make."""
    options = ["-I", "-m", "pip", "--no-input", "--disable-pip-version-check"]
    if find_spec("pip"):
        return [sys.executable, *options, "--python", str(python)]
    call([str(python), "-I", "-m", "ensurepip"])
    return [str(python), *options]


def folder_beside(python: Path, requirements: Path) -> Path:
    """Return where another environment is, beside the one of an interpreter."""
    return python.parents[2] / environment(Path(), requirements).name


def call(argv: "list[str]") -> int:
    """Run a program that manages packages; return its code."""
    return subprocess.run(argv, check=False).returncode  # noqa: S603 - an argv list of our own words


def requirements_for(name: str) -> Path:
    """Return the locked requirements of a step or of an extra; end with 2 when there are none."""
    sys.path.insert(0, str(ROOT / "src"))
    from mlops_ci.catalog import STEPS

    path = ROOT / "requirements" / f"{STEPS[name].extra if name in STEPS else name}.txt"
    known = sorted({*STEPS, "core"})
    if name not in {*known, *(entry.extra for entry in STEPS.values())}:
        print(f"mlops-ci: there is no step {name!r}; choose one of: {', '.join(known)}.", file=sys.stderr)
        sys.exit(USAGE)
    return path


def put_on_path(python: Path) -> Path:
    """Write the program `mlops-ci` into a folder of this job, which later steps have on their PATH; return it."""
    program = Path(os.environ["RUNNER_TEMP"]) / "mlops-ci-bin" / "mlops-ci"
    program.parent.mkdir(parents=True, exist_ok=True)
    words = [str(python), "-I", str(Path(__file__).resolve().with_name("run.py"))]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    tell("GITHUB_PATH", str(program.parent))
    return program


def tell(variable: str, line: str) -> None:
    """Add a line to one of the runner's files, where there is a runner."""
    if os.environ.get(variable):
        with Path(os.environ[variable]).open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")


def main() -> None:
    """Make the environment of one extra and hand its interpreter to the next step."""
    if sys.version_info < OLDEST:
        print("mlops-ci needs Python 3.11 or newer; put actions/setup-python before this step.", file=sys.stderr)
        sys.exit(NO_PYTHON)
    requirements = requirements_for(sys.argv[-1])
    python = create(environment(base_folder(os.environ), requirements), requirements)
    print(python)
    tell("GITHUB_OUTPUT", f"python={python}")
    if "--on-path" in sys.argv:
        tell("GITHUB_OUTPUT", f"path={put_on_path(python)}")


if __name__ == "__main__":
    main()
