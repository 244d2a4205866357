"""Repositories baked from the template, and programs run in them."""

import os
import subprocess
import sys
from pathlib import Path

from cookiecutter.main import cookiecutter

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "templates/model-service"
PROGRAMS = Path(sys.executable).parent
TYPES = ROOT / ".setup/types"  # mypy's cache: what the libraries' types are is read once for all repositories


def bake(folder: Path, **names: str) -> Path:
    """Return the repository baked into a folder, leaving nothing in the home directory."""
    config = folder / "config.yaml"
    config.write_text(f"cookiecutters_dir: {folder}/templates\nreplay_dir: {folder}/replay\n")
    made = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        extra_context=names,
        output_dir=str(folder / "baked"),
        config_file=str(config),
    )
    return Path(made)


class Runner:
    """Runs programs in a repository, with the interpreter that runs us first on PATH and a home of its own."""

    def __init__(self, repository: Path, home: Path) -> None:
        self.repository = repository
        path = os.pathsep.join([str(PROGRAMS), os.environ["PATH"]])
        self.environment = {"CI": "true", "HOME": str(home), "PATH": path, "PYTHONPATH": "src"}

    def __call__(self, *command: str, code: int = 0) -> str:
        """Return what a program said; fail when it ends with another code."""
        done = subprocess.run(
            command,
            cwd=self.repository,
            env=self.environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=300,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        return said
