"""How many logged ticks a second `canary replay` judges, as a whole process and without its start."""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from _canary_worlds import BOUNDS, World, logs
from mlops_ci.rollout.judge import Policy
from mlops_ci.rollout.replay import Timing, replay
from mlops_ci.rollout.tick_log import ReleaseLog, read

LEAST = 100_000  # ticks a second
STEPS = [(600.0, 5), (600.0, 25), (600.0, 50)]
RELEASES = 1_500
ROUNDS = 3


def main() -> bool:
    """Print the figures; return whether the limit is kept."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ticks.jsonl"
        ticks = _write(path, logs(World(tick=10.0, history=0.0), RELEASES, STEPS, seed=7))
        size = path.stat().st_size / 1e6
        best = min(_seconds(path) for _ in range(ROUNDS))
    print(
        f"{ticks:,} ticks of {RELEASES:,} releases, {size:.0f} MB: {ticks / best:,.0f} ticks a second, read and judged"
    )
    print(f"limit {LEAST:,}: {'holds' if ticks / best >= LEAST else 'MISSED'}")
    return ticks / best >= LEAST


def _seconds(path: Path) -> float:
    began = time.perf_counter()
    found = replay(read(path), Policy(), Timing())
    if len(found) != RELEASES:
        sys.exit("a release has no decision")
    return time.perf_counter() - began


def _write(path: Path, releases: list[ReleaseLog]) -> int:
    """Write the releases as a file of ticks; return how many."""
    names = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
    count = 0
    with path.open("w") as stream:
        for log in releases:
            for at in range(len(log.at)):
                arms = []
                for name, arm in (("champion", log.champion), ("challenger", log.challenger)):
                    cells = arm.latency[at].cumsum().astype(int)
                    buckets = ", ".join(f'"{bound}": {cell}' for bound, cell in zip(names, cells, strict=True))
                    counts = f'"requests": {arm.requests[at]:.0f}, "errors": {arm.errors[at]:.0f}'
                    arms.append(f'"{name}": {{{counts}, "latency_ms_le": {{{buckets}}}}}')
                head = f'"release": "{log.release}", "t": {log.at[at]:g}, "weight": {log.weight[at]:g}'
                stream.write(f'{{{head}, "arms": {{{", ".join(arms)}}}}}\n')
                count += 1
    return count


if __name__ == "__main__":
    main()
