"""Files of ticks for tests: two versions of which the truth is known."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from unit.stats.canary.worlds import BOUNDS, cells

LE = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]


def arm(draw: np.random.Generator, requests: int, rate: float, factor: float) -> dict[str, Any]:
    """Return what one arm did in a tick."""
    latency = np.cumsum(draw.multinomial(requests, cells(70.0 * factor, 0.5))).tolist()
    errors = int(draw.binomial(requests, min(rate, 1.0)))
    return {"requests": requests, "errors": errors, "latency_ms_le": dict(zip(LE, latency, strict=True))}


def release(  # noqa: PLR0913 - a world has many sides
    name: str,
    weights: list[int],
    *,
    ratio: float = 1.0,
    factor: float = 1.0,
    rate: float = 0.005,
    requests: int = 500,
    seconds: float = 10.0,
    share: float = 1.0,
    seed: int = 1,
) -> list[dict[str, Any]]:
    """Return the lines of one release, a tick for each weight."""
    draw = np.random.default_rng(seed)
    lines = []
    for number, weight in enumerate(weights, start=1):
        mine = int(draw.binomial(requests, weight / 100 * share))
        arms = {"champion": arm(draw, requests - mine, rate, 1.0)}
        if weight:
            arms["challenger"] = arm(draw, mine, rate * ratio, factor)
        lines.append({"release": name, "t": number * seconds, "weight": weight, "arms": arms})
    return lines


def write(path: Path, *releases: list[dict[str, Any]]) -> Path:
    """Write releases, one line a tick."""
    path.write_text("".join(json.dumps(line) + "\n" for lines in releases for line in lines))
    return path
