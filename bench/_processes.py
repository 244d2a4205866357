"""Whole processes, timed and weighed: wall time, and the peak of resident memory of the largest of them."""

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One process that has ended: seconds, peak memory in MB, its exit code, and what it printed."""

    seconds: float
    megabytes: float
    code: int
    said: str


def run(argv: Sequence[str | Path], folder: Path) -> Run:
    """Run a program to its end."""
    began = time.perf_counter()
    with subprocess.Popen([str(word) for word in argv], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:  # fmt: skip
        errors: list[str] = []
        reader = threading.Thread(target=lambda: errors.extend(process.stderr or []))
        reader.start()
        said = process.stdout.read() if process.stdout else ""
        reader.join()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    return Run(seconds, used.ru_maxrss / 1024, process.returncode, said or "".join(errors))
