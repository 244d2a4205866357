"""Start-up of the command line beside `python -c "import click"`, as whole processes, in turn."""

import statistics
import subprocess
import sys
import time

ROUNDS = 15
PEER = ("import click", [sys.executable, "-c", "import click"])
COMMANDS = {  # what → arguments, limit as a multiple of the peer, limit in seconds
    "mlops-ci --help": (["--help"], 1.5, None),
    "mlops-ci --version": (["--version"], 1.5, None),
    "mlops-ci unknown": (["unknown"], 1.5, None),
    "mlops-ci validate-data --help": (["validate-data", "--help"], None, 0.5),
    "mlops-ci gate-model --help": (["gate-model", "--help"], None, 0.5),
    "mlops-ci canary run --help": (["canary", "run", "--help"], None, 0.5),
    "mlops-ci gate-model --golden": (["gate-model", "--golden"], None, 0.5),
}


def seconds(argv: list[str]) -> float:
    """Return the wall time of one run."""
    began = time.perf_counter()
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - began


def main() -> bool:
    """Print the medians; return whether every limit holds."""
    argvs = {PEER[0]: PEER[1]} | {what: [sys.executable, "-m", "mlops_ci", *one[0]] for what, one in COMMANDS.items()}
    took: dict[str, list[float]] = {what: [] for what in argvs}
    for _ in range(ROUNDS):
        for what, argv in argvs.items():
            took[what].append(seconds(argv))
    peer = statistics.median(took[PEER[0]])
    print(f"start-up, median of {ROUNDS} runs in turn\n{PEER[0]:<32} {peer * 1000:7.0f} ms   1.00 ×")
    good = True
    for what, (_, times, most) in COMMANDS.items():
        # Each round ran both, so their ratio does not see the machine's drift.
        ratio = statistics.median(mine / theirs for mine, theirs in zip(took[what], took[PEER[0]], strict=True))
        median = statistics.median(took[what])
        held = ratio <= times if times else most is None or median <= most
        limit = f"at most {times} ×" if times else f"at most {most} s"
        good = good and held
        print(f"{what:<32} {median * 1000:7.0f} ms {ratio:6.2f} ×  {limit}: {'holds' if held else 'MISSED'}")
    return good
