"""Copy artifacts out of the folder that stands for GitHub's storage, by the original's rules."""

import os
import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path


def chosen() -> Path:
    """Return where a run's artifacts are; without a token the original knows no run but its own."""
    if os.environ["INPUT_TOKEN"]:
        return Path(os.environ["STAND_IN_RUNS"]) / os.environ["INPUT_RUN"]
    return Path(os.environ["STAND_IN_ARTIFACTS"])


def main() -> None:
    """Copy one named artifact, which must be there, or all that match, which may be none."""
    storage, target = chosen(), Path(os.environ["INPUT_PATH"] or ".").resolve()
    name, pattern = os.environ["INPUT_NAME"], os.environ["INPUT_PATTERN"] or "*"
    found = [path for path in sorted(storage.iterdir()) if fnmatch(path.name, name or pattern)]
    if name and not found:
        sys.exit(f"Unable to download artifact(s): Artifact not found for name: {name}")
    flat = bool(name) or os.environ["INPUT_MERGE"] == "true"
    for path in found:
        shutil.copytree(path, target if flat else target / path.name, dirs_exist_ok=True)
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as stream:
        stream.write(f"download-path={target}\n")


if __name__ == "__main__":
    main()
