"""A Python environment with given requirements, made once and kept."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from mlops_ci import process
from mlops_ci.errors import ProgramMissing

_TIMEOUT = 1200.0  # seconds


def make(requirements: Sequence[str], folder: Path) -> Path:
    """Return the interpreter of an environment that has the requirements; a folder that is there is taken as it is.

    Raises:
        ProgramFailed: they cannot be installed.
    """
    python, stamp = folder / "bin" / "python", folder / "installed"
    if stamp.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)  # half an environment; programs in a whole one know where they stand
    folder.parent.mkdir(parents=True, exist_ok=True)
    listed = folder.with_name(f"{folder.name}.txt")
    listed.write_text("\n".join(requirements) + "\n", encoding="utf-8")
    _install(folder, listed)
    stamp.touch()
    return python


def _install(folder: Path, listed: Path) -> None:
    """Install with uv where it is there, for it is ten times as fast, and with pip otherwise."""
    made = folder / "bin" / "python"
    try:
        uv = process.resolve("uv")
    except ProgramMissing:
        process.run([sys.executable, "-m", "venv", folder], timeout=_TIMEOUT)
        process.run([made, "-m", "pip", "install", "--quiet", "-r", listed], timeout=_TIMEOUT)
        return
    process.run([uv, "venv", "--quiet", "--python", sys.executable, folder], timeout=_TIMEOUT)
    process.run([uv, "pip", "install", "--quiet", "--python", made, "-r", listed], timeout=_TIMEOUT)
