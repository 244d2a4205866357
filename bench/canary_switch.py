"""Real rollbacks and promotions under load: how soon the champion has all traffic, what is lost, and what we cost.

Envoy, wrk and nginx are the real ones; nginx serves 2,000 requests a second and keeps further ones waiting.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from mlops_ci.evidence import to_bytes
from mlops_ci.net import free_port
from mlops_ci.ports import Silence
from mlops_ci.process import SystemClock
from mlops_ci.release.branch import StateBranch
from mlops_ci.release.state import Release
from mlops_ci.rollout.candidates import Candidate
from mlops_ci.rollout.controller import Canary
from mlops_ci.rollout.journal import Journal
from mlops_ci.rollout.lease import Guard, Lease
from mlops_ci.rollout.outcome import Outcome
from mlops_ci.rollout.parts import Parts
from mlops_ci.rollout.recorder import Recorder
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.tools.git import Git
from mlops_ci.traffic.engine import Workload
from mlops_ci.traffic.local import LocalEngine
from mlops_ci.traffic.processes import Processes

ROLLBACKS, PROMOTIONS = 50, 5
RATE = 2_000  # requests a second
WATCHED = 60.0  # seconds
AT_MOST_SECONDS, AT_MOST_CPU = 1.0, 0.05  # from a decision to all traffic on the champion; of one core
NGINX = """
worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 10000000;
  limit_req_zone $server_name zone=all:1m rate={rate}r/s;
  server {{
    listen 127.0.0.1:PORT; server_name all;
    location = /readyz {{ return 200; }}
    location / {{ limit_req zone=all burst=1000; try_files /none {answer}; }}
    location @good {{ return 200 "good"; }}
    location @bad {{ access_log {folder}/bad.log; return 500 "bad"; }}
  }}
}}
"""


@dataclass
class Bench:
    """One proxy with an always good champion, and challengers that come and go."""

    folder: Path
    releases: int = 0
    took: list[float] = field(default_factory=list)  # milliseconds from the decision on

    def __post_init__(self) -> None:
        run, clock = self.folder / "run", SystemClock()
        self.engine = LocalEngine(run, "127.0.0.1", free_port(), 250.0, 20.0, clock, Processes(run))
        origin, tree = self.folder / "origin.git", self.folder / "tree"
        git = Git(tree)
        for place, more in ((origin, ["--bare"]), (tree, [])):
            place.mkdir()
            Git(place).call("init", "--quiet", *more)
        git.call("remote", "add", "origin", str(origin))
        self.branch = StateBranch(git, "bench", "model")

    def release(self, answer: str) -> Outcome:
        """Release a version that always gives this answer; return how it ended."""
        return self._canary().run(self._candidate(answer))

    def watch(self) -> float:
        """Begin a canary that decides nothing for a minute; return which part of a processor the tool took."""
        candidate, began, used = self._candidate("@good"), time.monotonic(), _cpu()
        outcome = self._canary(beta=1e-200, watch_for=WATCHED).run(candidate)
        share = (_cpu() - used) / (time.monotonic() - began)
        if outcome.cause != "held":
            sys.exit(f"a canary that decides nothing ended as {outcome.cause}: {outcome.detail}")
        self._canary().run(candidate)
        return share

    def _candidate(self, answer: str) -> Candidate:
        self.releases += 1
        digest = f"sha256:{self.releases:064x}"
        name = Release(str(self.releases), digest, "c" * 40, "evidence/gate.json", "2026-01-01T00:00:00Z")
        config = NGINX.format(folder=self.folder, name=name.name, rate=RATE, answer=answer)
        (self.folder / f"{name.name}.conf").write_text(config)
        return Candidate(name, b"{}")

    def roll_back(self) -> None:
        """Release a bad version, which must be rolled back."""
        outcome = self.release("@bad")
        if outcome.cause != "judged":
            sys.exit(f"a version that always fails ended as {outcome.cause}: {outcome.detail}")
        (said,) = [one["detail"] for one in outcome.timeline if one["event"] == "rolled back"]
        self.took.append(float(re.findall(r"(\d+) ms", said)[0]))

    def _canary(self, beta: float = 0.2, watch_for: float | None = None) -> Canary:
        more: dict[str, float | None] = {"beta": beta, "watch_for": watch_for}
        more["latency_floor_ms"] = 100  # below it nginx only keeps requests waiting, to serve no more than it should
        settings = CanarySettings(serve=["nginx"], steps=[5, 50], warm_up=0, bake=1, drain=0.5, **more)
        clock, folder = SystemClock(), self.engine.folder
        recorder = Recorder(self.branch, to_bytes, clock, Silence())
        guard = Guard(Lease(folder / "lease.json", clock), lambda: None)
        parts = (self.engine, recorder, self._workload, settings, clock, Silence(), guard, Journal(folder))
        return Canary(Parts(*parts))

    def _workload(self, release: Release) -> Workload:
        config = self.folder / f"{release.name}.conf"
        script = f'sed "s/PORT/$PORT/" "{config}" > "{config}.ready"; exec nginx -c "{config}.ready"'
        return Workload(release.name, ("sh", "-c", script), self.folder, self.folder, release.model_digest)

    @contextmanager
    def load(self, seconds: int) -> Iterator[subprocess.Popen[str]]:
        """Send requests until the block ends; what wrk says is its stdout."""
        url = f"http://127.0.0.1:{self.engine.port}/"
        argv = ["wrk", "--threads", "1", "--connections", "32", "--timeout", "10s", "--duration", f"{seconds}s", url]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as wrk:
            try:
                yield wrk
            finally:
                wrk.kill()


def main() -> bool:
    """Print the figures; return whether the limits are kept."""
    if missing := [program for program in ("nginx", "wrk") if shutil.which(program) is None]:
        sys.exit(f"This benchmark needs {', '.join(missing)}.")
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        try:
            bench.release("@good")
            back = _rollbacks(bench)
            on, share = _promotions(bench)
        finally:
            bench.engine.stop()
    print(f"decision to 100 % champion, {len(bench.took)} rollbacks: "
          f"median {median(bench.took):.0f} ms, worst {max(bench.took):.0f} ms")  # fmt: skip
    print(f"processor time of the tool over {WATCHED:g} s of a canary: {share:.1%} of one core")
    kept = {
        "all traffic back within a second": max(bench.took) <= 1000 * AT_MOST_SECONDS,
        "no request lost in rollbacks": back,
        "no request lost or failed in promotions": on,
        "under 5 % of one core": share <= AT_MOST_CPU,
    }
    for limit, holds in kept.items():
        print(f"{limit}: {'holds' if holds else 'MISSED'}")
    return all(kept.values())


def _rollbacks(bench: Bench) -> bool:
    """Roll back many bad versions; only their own answers may have failed."""
    with bench.load(900) as wrk:
        time.sleep(1)
        for _ in range(ROLLBACKS):
            bench.roll_back()
        wrk.send_signal(2)
        said = wrk.communicate()[0]
    failed, lost = _failed(said), _lost(said)
    bad = len((bench.folder / "bad.log").read_text().splitlines())
    print(f"rollbacks: {_rate(said)} requests a second; {failed:,} answers failed, all of them bad versions' own "
          f"({bad:,}); {lost} lost")  # fmt: skip
    return failed <= bad and not lost


def _promotions(bench: Bench) -> tuple[bool, float]:
    with bench.load(900) as wrk:
        time.sleep(1)
        for _ in range(PROMOTIONS):
            outcome = bench.release("@good")
            if outcome.cause != "promoted":
                sys.exit(f"an equal version ended as {outcome.cause}: {outcome.detail}")
        share = bench.watch()
        wrk.send_signal(2)
        said = wrk.communicate()[0]
    print(f"{PROMOTIONS} promotions: {_rate(said)} requests a second; {_failed(said)} failed, {_lost(said)} lost")
    return not _failed(said) and not _lost(said), share


def _cpu() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _rate(said: str) -> str:
    (rate,) = re.findall(r"Requests/sec:\s+([\d.]+)", said)
    return f"{float(rate):,.0f}"


def _failed(said: str) -> int:
    return sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", said)))


def _lost(said: str) -> int:
    return sum(sum(map(int, re.findall(r"\d+", line))) for line in re.findall(r"Socket errors: (.*)", said))


if __name__ == "__main__":
    sys.exit(not main())
