"""How often a canary's judge is wrong, and how soon it is right, beside Argo's, Flagger's and Kayenta's rules.

Simulated traffic, fixed seed. `RELEASES=500 make bench ONLY=canary_errors` is a quick look.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from multiprocessing.pool import Pool

import numpy as np
from scipy import stats

from _canary_worlds import BINS, BOUNDS, Traffic, World, known, logs, tick
from mlops_ci.rollout.judge import Judge, Policy
from mlops_ci.rollout.peer_rules import argo, flagger, kayenta
from mlops_ci.rollout.replay import Decision, Timing, replay
from mlops_ci.rollout.tick_log import ReleaseLog

SEED, ALPHA = 7, 0.01
RELEASES = int(os.environ.get("RELEASES", "10000"))  # of each line; a tenth where nothing is rare
CHUNK = 500  # releases drawn at once
STEPS, LIMIT = (5, 25, 50), 3_600.0  # percent; seconds until a hold is a time-out
TIMED = [(600.0, 5), (600.0, 25), (600.0, 50)]
CLEAN = World()
INCIDENT = World(incident=(300.0, 480.0, 0.1))


@dataclass(frozen=True)
class Ends:
    """How releases ended, and when."""

    kind: np.ndarray  # of "rollback", "promote", "invalid", "hold"
    at: np.ndarray  # seconds since the first tick; infinite for a hold

    def part(self, kind: str) -> float:
        """Return the part of releases that ended so."""
        return float(np.mean(self.kind == kind))

    def median(self, kind: str) -> float:
        """Return the median time to this end in seconds; infinite when fewer than half end so."""
        return float(np.median(np.where(self.kind == kind, self.at, np.inf)))

    def bound(self, kind: str) -> float:
        """Return the upper 95 % bound of the part (Clopper & Pearson 1934)."""
        count = int(np.sum(self.kind == kind))
        return float(stats.beta.ppf(0.95, count + 1, max(len(self.kind) - count, 1)))


# line: world; what must hold of its ends
EQUAL: dict[str, tuple[World, dict[str, float]]] = {
    "clean": (CLEAN, {"minutes": 20, "timeout": 0.05}),
    "errors 0": (replace(CLEAN, base=0.0), {"minutes": 15, "timeout": 0.05}),
    "errors 0.01 %": (replace(CLEAN, base=0.0001), {"minutes": 15, "timeout": 0.05}),
    "errors 0.1 %": (replace(CLEAN, base=0.001), {"minutes": 15, "timeout": 0.05}),
    "errors 1.2 %": (replace(CLEAN, base=0.012), {"minutes": 20, "timeout": 0.05}),
    "shared incident of 3 min": (INCIDENT, {"minutes": 25, "timeout": 0.05}),
    "metrics down over a step": (replace(CLEAN, outage=(180.0, 480.0)), {"timeout": 0.05}),
    "cold start, 3 × slower": (replace(CLEAN, cold=3.0), {"minutes": 20, "timeout": 0.05}),
    "retries: errors by 3": (replace(CLEAN, clump=3), {}),
    "bursts of 10 errors": (replace(CLEAN, clump=10), {}),
    "sticky users, by requests": (replace(CLEAN, heavy=True), {}),
    "one arm at 20 % for 20 s": (replace(CLEAN, bursts=(600.0, 20.0, 0.2), history=10_800.0), {}),
    "5 requests/s": (replace(CLEAN, requests=5.0), {}),
    "0.5 requests/s": (replace(CLEAN, requests=0.5), {}),
    "predictions counted": (replace(CLEAN, with_predictions=True), {"minutes": 20, "timeout": 0.05}),
    "5 % slower": (replace(CLEAN, factor=1.05), {}),
}
HARMFUL: dict[str, World] = {
    "errors × 2": replace(CLEAN, ratio=2.0),
    "errors × 2, in an incident": replace(INCIDENT, ratio=2.0),
    "errors × 2, long incident": replace(CLEAN, ratio=2.0, incident=(60.0, 1_800.0, 0.1)),
    "errors × 4": replace(CLEAN, ratio=4.0),
    "latency × 1.5": replace(CLEAN, factor=1.5),
}
# at a fixed 5 %: world, margin, and the seconds within which half are seen
FIXED: dict[str, tuple[World, float, float]] = {
    "errors × 2": (replace(CLEAN, ratio=2.0), 1.1, 1_200.0),
    "errors × 4": (replace(CLEAN, ratio=4.0), 1.1, 210.0),
    "errors × 10": (replace(CLEAN, ratio=10.0, tick=1.0), 1.1, 50.0),
    "errors × 40": (replace(CLEAN, ratio=40.0, tick=1.0), 1.1, 10.0),
    "every answer fails": (replace(CLEAN, ratio=200.0, tick=1.0), 1.1, 2.0),
    "latency × 1.25, margin 1": (replace(CLEAN, factor=1.25, tick=1.0), 1.0, 60.0),
    "latency × 1.25, margin 1.1": (replace(CLEAN, factor=1.25, tick=1.0), 1.1, 150.0),
    "latency × 1.5": (replace(CLEAN, factor=1.5, tick=1.0), 1.1, 60.0),
    "predictions: half in another bin": (
        replace(CLEAN, with_predictions=True, shifted=np.array([0.2, 0.5, 0.15, 0.1, 0.05]), tick=1.0), 1.1, 300.0,
    ),
}  # fmt: skip
TABLE: dict[str, World] = {
    "identical versions": CLEAN,
    "identical, shared incident of 3 min": INCIDENT,
    "identical, errors 1.2 %": replace(CLEAN, base=0.012),
    "identical, metrics down 5 min": replace(CLEAN, outage=(400.0, 700.0)),
    "errors × 2": replace(CLEAN, ratio=2.0),
    "errors × 4": replace(CLEAN, ratio=4.0),
    "errors × 10": replace(CLEAN, ratio=10.0),
    "latency × 1.25": replace(CLEAN, factor=1.25),
}
RULES: dict[str, Callable[[ReleaseLog], Decision]] = {
    "Argo": argo,
    "Flagger, 10": partial(flagger, threshold=10),
    "Flagger, 1": flagger,
}


def main() -> bool:
    """Print the tables; return whether every limit is kept."""
    print(f"{datetime.now(tz=UTC):%Y-%m-%d}, seed {SEED}, up to {RELEASES:,} releases a line")
    with get_context("fork").Pool(os.cpu_count()) as pool:
        good = [*_equal(pool), *_harmful(pool), *_fixed(pool)]
        _beside_peers(pool)
    return all(good)


def _equal(pool: Pool) -> list[bool]:
    print(f"\nIdentical versions, steps {STEPS} % by evidence, at most {LIMIT / 60:g} min, 50 requests/s, errors 0.5 %")
    print(f"{'':<28}{'rolled back':>12}{'at most':>9}{'invalid':>9}{'promoted':>10}{'median min':>12}{'time-out':>10}")
    good = []
    for name, (world, limits) in EQUAL.items():
        ends = climbed(pool, world, RELEASES)
        holds = ends.bound("rollback") <= ALPHA
        holds &= ends.median("promote") <= 60 * limits.get("minutes", np.inf)
        holds &= ends.part("hold") <= limits.get("timeout", 1.0)
        good.append(holds)
        minutes = ends.median("promote") / 60
        print(
            f"{name:<28}{ends.part('rollback'):>12.4f}{ends.bound('rollback'):>9.4f}{ends.part('invalid'):>9.4f}"
            f"{ends.part('promote'):>10.3f}{minutes:>12.1f}{ends.part('hold'):>10.3f}  {_said(holds)}",
            flush=True,
        )
    return good


def _harmful(pool: Pool) -> list[bool]:
    print("\nHarmful versions, the same steps")
    print(f"{'':<28}{'promoted':>12}{'rolled back':>13}{'median min':>12}{'time-out':>10}")
    good = []
    for name, world in HARMFUL.items():
        ends = climbed(pool, world, RELEASES)
        good.append(ends.part("promote") <= 0.001)  # noqa: PLR2004 - what is promised
        print(
            f"{name:<28}{ends.part('promote'):>12.4f}{ends.part('rollback'):>13.3f}"
            f"{ends.median('rollback') / 60:>12.1f}{ends.part('hold'):>10.3f}  {_said(good[-1])}",
            flush=True,
        )
    wrong = climbed(pool, replace(CLEAN, share=1.3), RELEASES // 10)
    print(
        f"{'a third more than its share':<28}invalid {wrong.part('invalid'):.3f}, median {wrong.median('invalid'):g} s"
    )
    return [*good, wrong.part("invalid") >= 0.99]  # noqa: PLR2004 - what is promised


def _fixed(pool: Pool) -> list[bool]:
    print("\nSeconds until half are rolled back at a fixed 5 %, 50 requests/s, from the first counted tick")
    good = []
    for name, (world, margin, limit) in FIXED.items():
        started = 60.0 if name.startswith("latency") else 0.0  # its first minute does not count
        ends = climbed(pool, world, max(RELEASES // 10, 100), steps=(5,), margin=margin)
        took = ends.median("rollback") - started
        good.append(took <= limit)
        print(f"{name:<34}{took:>8.0f}   limit {limit:>6g}  {_said(good[-1])}", flush=True)
    print("\nThe same at other weights and traffic, errors 0.5 %: minutes")
    for requests in (5.0, 0.5):
        for ratio in (2.0, 4.0, 10.0):
            found = []
            for weight in STEPS:
                slow = replace(CLEAN, requests=requests, ratio=ratio, tick=50.0 / requests)
                ends = climbed(pool, slow, 100, steps=(weight,), limit=4_000 * slow.tick)
                found.append(f"{ends.median('rollback') / 60:>8.0f}")
            print(f"{requests:g} requests/s, × {ratio:g}: at {STEPS} %{''.join(found)}", flush=True)
    return good


def _beside_peers(pool: Pool) -> None:
    print("\nTimed steps of 10 minutes, the same logs for all: part rolled back, median minutes")
    releases = max(RELEASES // 10, 50)
    print(f"{'':<38}" + "".join(f"{name:>14}" for name in (*RULES, "Kayenta, 3 h", "mlops-ci")), flush=True)
    for name, world in TABLE.items():
        parts = [min(CHUNK // 5, releases - at) for at in range(0, releases, CHUNK // 5)]
        jobs = [(replace(world, tick=10.0), size, SEED + at) for at, size in enumerate(parts)]
        joined = [[one for part in column for one in part] for column in zip(*pool.map(_by_rules, jobs), strict=True)]
        hours = [(3_600.0, w) for w in STEPS]
        long = pool.map(_by_kayenta, [(replace(world, tick=10.0), 20, SEED + at, hours) for at in range(10)])
        columns = [*joined[:-1], [one for part in long for one in part], joined[-1]]
        print(f"{name:<38}" + "".join(f"{_cell(column):>14}" for column in columns), flush=True)


def _by_rules(job: tuple[World, int, int]) -> list[list[Decision]]:
    found = logs(job[0], job[1], TIMED, job[2])
    return [*([rule(log) for log in found] for rule in RULES.values()), replay(found, Policy(), Timing(steps=STEPS))]


def _by_kayenta(job: tuple[World, int, int, list[tuple[float, int]]]) -> list[Decision]:
    return [kayenta(log) for log in logs(job[0], job[1], job[3], job[2])]


def _cell(found: list[Decision]) -> str:
    back = [one.t / 60 for one in found if one.decision == "rollback"]
    return f"{len(back) / len(found):.3f}" + (f", {np.median(back):.1f}" if len(back) > len(found) / 2 else "")


def climbed(
    pool: Pool,
    world: World,
    releases: int,
    *,
    steps: tuple[int, ...] = STEPS,
    margin: float = 1.1,
    limit: float = LIMIT,
) -> Ends:
    """Return how releases end whose weight rises by the judge's own evidence; one step alone never promotes."""
    slow = world.requests < CLEAN.requests
    if slow and steps == STEPS:  # as many requests as the others have
        world, limit = replace(world, tick=world.tick * 50 / world.requests), limit * 50 / world.requests
    jobs = [(world, min(CHUNK, releases - at), SEED + at, steps, margin, limit) for at in range(0, releases, CHUNK)]
    parts = pool.map(_climb, jobs, chunksize=1)
    return Ends(np.concatenate([one.kind for one in parts]), np.concatenate([one.at for one in parts]))


def _climb(job: tuple[World, int, int, tuple[int, ...], float, float]) -> Ends:
    world, releases, seed, steps, margin, limit = job
    traffic = Traffic(world, releases, seed)
    judge = Judge(traffic.baseline(), Policy(latency_margin=margin), BOUNDS, len(BINS) * world.with_predictions)
    step, changed = np.zeros(releases, dtype=int), np.full(releases, -np.inf)
    begins = np.ones(releases, dtype=bool)
    kind, when = np.full(releases, "hold", dtype=object), np.full(releases, np.inf)
    running = np.ones(releases, dtype=bool)
    for number in range(1, int(limit / world.tick) + 1):
        at = number * world.tick
        weight = np.array(steps, dtype=np.float64)[step]
        settled = at - world.tick >= changed  # a tick after each change of weights
        found = judge.observe(tick(world, at, weight, begins, settled, traffic.counts(at, weight)))
        ends = {"invalid": found.invalid[:, 0] & known(world, at), "rollback": found.rolls_back[:, 0]}
        on = found.goes_on[:, 0] & known(world, at) & ~ends["invalid"] & ~ends["rollback"]
        ends["promote"] = on & (step == len(steps) - 1) & (len(steps) > 1)
        for name, which in ends.items():
            now = running & which
            kind[now], when[now] = name, at
            running &= ~which
        begins = running & on & (step < len(steps) - 1)
        step, changed = step + begins, np.where(begins, at + 0.5, changed)
        if not running.any():
            break
    return Ends(kind, when)


def _said(holds: bool) -> str:  # noqa: FBT001 - what is said is exactly this
    return "holds" if holds else "MISSED"


if __name__ == "__main__":
    main()
