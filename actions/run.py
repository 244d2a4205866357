"""Run this checkout's mlops-ci with the libraries of the interpreter; the folder that is judged is never imported."""

# ruff: noqa: INP001 - a script beside the actions

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from mlops_ci.cli.main import main

if __name__ == "__main__":
    main()
