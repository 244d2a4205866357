"""Run this checkout's mlops-ci with the libraries of the interpreter; the folder that is judged is never imported.

An input that is given takes the place of the job's variable; one that is left empty leaves it alone.
"""

# ruff: noqa: INP001 - a script beside the actions

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from mlops_ci.cli.main import main

_INPUT, _VARIABLE = "ACTION__", "MLOPS_CI_"

if __name__ == "__main__":
    for name in [one for one in os.environ if one.startswith(_INPUT)]:
        if value := os.environ.pop(name):
            os.environ[_VARIABLE + name.removeprefix(_INPUT)] = value
    main()
