"""Make an environment of the job's own on top of the running one; nothing that the job installs leaves it."""

import os
import platform
import sysconfig
import tempfile
import venv
from pathlib import Path


def main() -> None:
    """Make it, put it on PATH, and say where it is."""
    folder = Path(tempfile.mkdtemp(prefix="python-", dir=os.environ["RUNNER_TEMP"]))
    venv.EnvBuilder(symlinks=True).create(folder)
    beside = Path(sysconfig.get_path("purelib"))
    own = folder / beside.relative_to(beside.parents[2])
    (own / "stand-in.pth").write_text(f"{beside}\n{os.environ['STAND_IN_PIP']}\n")
    python = folder / "bin" / "python"
    programs = Path(os.environ["STAND_IN_PYTHON"]).parent
    append("GITHUB_PATH", str(programs), str(folder / "bin"))  # the last one comes first
    outputs = {"python-version": platform.python_version(), "cache-hit": "false", "python-path": str(python)}
    append("GITHUB_OUTPUT", *(f"{name}={value}" for name, value in outputs.items()))


def append(variable: str, *lines: str) -> None:
    """Add lines to one of the runner's files."""
    with Path(os.environ[variable]).open("a", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main()
