"""Ten and a hundred million rows in partitions: memory stays, time grows with the rows."""

import os
import sys
import tempfile
from pathlib import Path

import _tables
from _processes import run

PART = 1_000_000
SIZES = [int(one) * PART for one in os.environ.get("MILLIONS", "1 10 100").split()]
MEMORY, GROWTH = 2_000, 1.3  # MB; time for a row, beside that of the size before
COMMAND = [sys.executable, "-m", "mlops_ci", "validate-data", "--data", "parts", "--contract", "contract.json"]


def main() -> bool:
    """Print time and memory at each size; return whether both limits hold."""
    print("generated partitions of a million rows × 20 columns, 53 expectations, whole processes")
    good, before = True, None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "parts").mkdir()
        _tables.contract(folder / "contract.json")
        made = 0
        for rows in SIZES:
            while made < rows:
                _tables.write(folder / "parts" / f"{made:012d}.parquet", PART, first=made)
                made += PART
            found = run(COMMAND, folder)
            each = found.seconds / rows
            kept = found.code == 0
            small = found.megabytes < MEMORY
            linear = before is None or each <= before * GROWTH
            good = good and kept and small and linear
            print(f"{rows:>12,} rows {found.seconds:8.2f} s {found.megabytes:7.0f} MB"
                  f"  kept: {'holds' if kept else f'MISSED: {found.said}'}"
                  f"  under {MEMORY:,} MB: {'holds' if small else 'MISSED'}"
                  f"  time per row at most {GROWTH} × the size before: {'holds' if linear else 'MISSED'}")  # fmt: skip
            before = each
    return good
