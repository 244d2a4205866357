"""Drift of 100,000 rows × 20 columns, whole processes, beside evidently: at least ten times as fast, same columns."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from _peers import python

ROWS, ROUNDS, LEAST = 100_000, 3, 10.0
DRIFTED = ["number0", "number1", "text0"]

MLOPS_CI = [sys.executable, "-m", "mlops_ci"]
# Ours has the profile, a file in production, too; evidently compares with the reference data, as it must.
OURS = [*MLOPS_CI, "validate-data", "--data", "current.parquet", "--contract", "contract.json",
        "--profile", "profile.json", "--format", "json"]  # fmt: skip
CONTRACT = {
    "name": "rows",
    "expectations": [{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}, "meta": {}}],
    "meta": {},
}
EVIDENTLY = """
import json, warnings
warnings.simplefilter("ignore")
import pandas
from evidently import Report
from evidently.presets import DataDriftPreset

run = Report([DataDriftPreset()]).run(pandas.read_parquet("current.parquet"), pandas.read_parquet("reference.parquet"))
metrics = json.loads(run.json())["metrics"]
columns = {one["config"]["column"]: one for one in metrics if "column" in one.get("config", {})}
over = [name for name, one in columns.items() if one["value"] >= one["config"].get("threshold", 0.1)]
print(*over)
"""


def main() -> bool:
    """Print both; return whether both name the planted columns and ours is fast enough."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parquet.write_table(data(0, drifted=False), folder / "reference.parquet")
        parquet.write_table(data(1, drifted=True), folder / "current.parquet")
        (folder / "contract.json").write_text(json.dumps(CONTRACT))
        profiled, _ = timed([*MLOPS_CI, "profile", "--data", "reference.parquet", "--out", "profile.json"], folder)
        commands = {"mlops-ci": OURS, "evidently": [python(), "-c", EVIDENTLY]}
        took, said = run(commands, folder)
        size = (folder / "profile.json").stat().st_size
    print(f"drift of {ROWS:,} rows × 20 columns, median of {ROUNDS} whole processes in turn")
    print(f"{'profile, written once':<24}{profiled:8.2f} s   {size / 1024:.0f} KB")
    for who, seconds in took.items():
        print(f"{who:<24}{statistics.median(seconds):8.2f} s   drifted: {', '.join(said[who])}")
    times = statistics.median(their / our for our, their in zip(took["mlops-ci"], took["evidently"], strict=True))
    fast, right = times >= LEAST, all(sorted(said[who]) == DRIFTED for who in said)
    print(f"{times:.1f} × as fast; at least {LEAST:.0f} ×: {'holds' if fast else 'MISSED'}")
    print(f"both name {', '.join(DRIFTED)} and no other: {'holds' if right else 'MISSED'}")
    return fast and right


def data(seed: int, *, drifted: bool) -> pa.Table:
    """Return 14 columns of numbers and 6 of texts; `drifted` moves two of the former and one of the latter."""
    random = np.random.default_rng(seed)
    columns: dict[str, NDArray[np.float64] | list[str]] = {
        f"number{at}": random.normal(10, 3, ROWS) if at % 2 else random.gamma(2, 3, ROWS) for at in range(14)
    }
    names = np.array([f"category {at}" for at in range(20)])
    shares = np.arange(20, 0, -1) / 210
    columns |= {f"text{at}": random.choice(names, ROWS, p=shares).tolist() for at in range(6)}
    if drifted:
        columns |= {
            "number0": random.gamma(2, 4, ROWS),
            "number1": random.normal(11, 3, ROWS),
            "text0": random.choice(names, ROWS).tolist(),
        }
    return pa.table(columns)


def run(commands: dict[str, list[str]], folder: Path) -> tuple[dict[str, list[float]], dict[str, list[str]]]:
    """Return seconds by round, and what each printed at last; the commands take turns."""
    took: dict[str, list[float]] = {who: [] for who in commands}
    said: dict[str, list[str]] = {}
    for _ in range(ROUNDS):
        for who, argv in commands.items():
            seconds, text = timed(argv, folder)
            took[who].append(seconds)
            said[who] = drifted(text) if who == "mlops-ci" else text.split()
    return took, said


def drifted(report: str) -> list[str]:
    """Return the columns that a report's measurements reject."""
    failed = (one for one in json.loads(report)["measurements"] if one["verdict"] == "fail")
    return sorted({one["evidence"]["column"] for one in failed})


def timed(argv: list[str], folder: Path) -> tuple[float, str]:
    """Return wall time and standard output of one process."""
    began = time.perf_counter()
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 10}:  # 10: judged, and drift is found
        sys.exit(f"{' '.join(argv)[:80]} failed:\n{done.stderr}")
    return time.perf_counter() - began, done.stdout


if __name__ == "__main__":
    main()
