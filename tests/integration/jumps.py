"""`mlops-ci …` on a machine whose clock is off by the seconds in a file: `python jumps.py FILE words…`."""

import sys
import time
from pathlib import Path

from mlops_ci.cli.main import main

FILE = Path(sys.argv[1])
_real = time.time


def _off() -> float:
    return _real() + float(FILE.read_text() or 0)


time.time = _off
sys.argv[1:] = sys.argv[2:]
main()
