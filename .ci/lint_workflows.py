"""Judge every workflow and action, ours and the templates': zizmor, actionlint, and pins that equal one table.

The templates are judged as they are once baked: in a temporary folder, with a commit where their placeholder stands.
Standard library only, so that any Python 3.11 can run it; both programs come from `.venv/`. Ends with 1 on a finding.
"""

import csv
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / ".venv" / "bin"
PINS = ROOT / "src/mlops_ci/resources/pins/actions.tsv"
PLACEHOLDER, COMMIT = "0" * 40, "0123456789abcdef" * 2 + "01234567"
OURS = ("./", "mlops-ci/mlops-ci/")
USES = re.compile(
    r"""^\s*(?:-\ )?uses:\ *["']?(?P<action>[^@\s"']+)(?:@(?P<commit>[^\s"']+))?["']?(?:\ +\#\ (?P<version>\S+))?""",
    re.VERBOSE,
)
PLACES = (".github", "actions", "templates", "docs", "README.md")


def read_pins(path: Path = PINS) -> dict[str, tuple[str, str]]:
    """Return action → commit and version."""
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return {action: (commit, version) for action, commit, version, *_ in csv.reader(lines, delimiter="\t")}


def texts() -> Iterator[Path]:
    """Yield every file in which an action may be used or shown: YAML, and pages with examples."""
    for place in PLACES:
        path = ROOT / place
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (one for one in found if one.is_file() and one.suffix in {".yml", ".yaml", ".md"})


def wrong_pins(path: Path, pins: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Yield one sentence for each third-party action that is not pinned as the table says."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        found = USES.match(line)
        if not found or found["action"].startswith(OURS):
            continue
        place = f"{path.relative_to(ROOT)}:{number}: {found['action']}"
        if found["action"] not in pins:
            yield f"{place} has no row in {PINS.relative_to(ROOT)}."
        elif (found["commit"], found["version"]) != pins[found["action"]]:
            commit, version = pins[found["action"]]
            yield f"{place} must be pinned as @{commit} # {version}."


def copy(folder: Path) -> list[Path]:
    """Lay out what the two programs judge below a folder, each part as a repository would have it; return the parts."""
    ours = folder / "mlops-ci"
    shutil.copytree(ROOT / ".github", ours / ".github")
    shutil.copytree(ROOT / "actions", ours / "actions", ignore=shutil.ignore_patterns("__pycache__"))
    parts = [ours]
    for source in sorted((ROOT / "templates").glob("*/*/.github")):
        part = folder / source.parents[1].name
        shutil.copytree(source, part / ".github")
        parts.append(part)
    for path in folder.rglob("*.yml"):
        path.write_text(path.read_text(encoding="utf-8").replace(PLACEHOLDER, COMMIT), encoding="utf-8")
    return parts


def program(name: str, *words: str | Path) -> bool:
    """Run one of the two programs; return whether it found nothing."""
    argv = [str(PROGRAMS / name), *(str(word) for word in words)]
    return subprocess.run(argv, check=False, timeout=120).returncode == 0


def main() -> None:
    """Judge everything, say everything that is wrong, and end with 1 if anything is."""
    pins = read_pins()
    wrong = [sentence for path in texts() for sentence in wrong_pins(path, pins)]
    print("\n".join(wrong) or f"Pins: every third-party action equals its row of {PINS.name}.")
    with tempfile.TemporaryDirectory(prefix="mlops-ci-workflows-") as folder:
        parts = copy(Path(folder))
        workflows = [path for part in parts for path in sorted((part / ".github/workflows").glob("*.yml"))]
        clean = [
            program("zizmor", "--quiet", "--no-progress", "--offline", "--pedantic", "--strict-collection", *parts),
            program("actionlint", *workflows),
        ]
    if wrong or not all(clean):
        sys.exit("The workflows do not pass. What was found stands above.")


if __name__ == "__main__":
    main()
