"""Pin every requirement with its hashes, for all platforms, naming no index."""

import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".setup" / "bin" / "uv"
COMMON = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--quiet",
          "--no-header", "--no-annotate", "--no-emit-package", "mlops-ci")  # fmt: skip


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
    for extra in ("data", "gate", "register", "canary"):
        compile_("pyproject.toml", f"{extra}.txt", "--extra", extra, "--constraints", "requirements/all.txt")


if __name__ == "__main__":
    main()
